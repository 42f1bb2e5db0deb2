import CofferStore

/// Words for people: up to 1,024 bytes of UTF-8; not unique, may be empty (decisions 4). The forbidden code points of names are refused.
public struct Label: Hashable, Sendable {
    public static let maximumLength = 1_024
    public static let empty = Label(trusted: [])

    public let bytes: [UInt8]

    /// - Throws: `invalidArgument`, which says the rule that was broken.
    public init(_ bytes: some Sequence<UInt8>) throws(AccountError) {
        let bytes = Array(bytes)
        guard bytes.count <= Self.maximumLength else {
            throw AccountError(.invalidArgument, "name", "the label is longer than \(Self.maximumLength) bytes")
        }
        if let broken = NameRules.brokenByLabel(bytes) { throw AccountError(.invalidArgument, "name", broken) }
        self.bytes = bytes
    }

    public init(_ text: String) throws(AccountError) { try self.init(text.utf8) }

    private init(trusted bytes: [UInt8]) { self.bytes = bytes }

    public var text: String { String(decoding: bytes, as: UTF8.self) }
}
