import CofferStore

/// Bounds of what an API key may carry (decisions 12; formats.md 12). Lengths are bytes.
enum APIKeyLimits {
    /// Quota units.
    static let quota: Int64 = 500_000_000_000_000
    static let models = 1_024
    static let model = 255
    static let tags = 64
    static let tag = 255
    static let group = 255
    static let autoGroups = 64
    static let shortText = 255
    static let addressText = 32_768
    static let addresses = 4_096
    /// What is presented may be longer than any key: a channel may follow.
    static let presented = 512
    /// A readable form without its prefix: the hint must show less than half of it.
    static let readable = 16...255
    /// The longest of another system's keys of form sk.
    static let importedKey = 128
    static let beta = 32
    static let requestID = 255
    static let reservation: ClosedRange<UInt64> = 1_000...86_400_000
    static let usageLine = 2_048
    static let usageLines = 1_000
}

extension AccountError {
    static func outOfRange(_ field: String) -> AccountError {
        AccountError(.invalidArgument, field, "\(field) must lie between 0 and \(APIKeyLimits.quota)")
    }
}

/// Text of others, for messages.
enum CofferNames {
    static func printable(_ text: some StringProtocol) -> String { Name.printable(Array(text.utf8.prefix(100))) }
}
