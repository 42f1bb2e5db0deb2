/// What is wrong with a provider's description, or with a call that it describes. Never holds a secret.
public struct ProviderError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Of the provider's file; 0: of none.
    public var line: Int
    /// What it is about: `steps.refresh.url`; "" nothing particular.
    public var field: String
    public var message: String

    public init(line: Int = 0, _ field: String, _ message: String) {
        self.line = line
        self.field = field
        self.message = message
    }

    public var description: String {
        (line > 0 ? "line \(line): " : "") + (field.isEmpty ? message : "\(field): \(message)")
    }
}

/// All that is wrong with a provider's file, in order of lines, so that it is mended in one go.
public struct ProviderErrors: Error, Equatable, Sendable, CustomStringConvertible {
    /// More are counted, not listed: a hostile file of 256 KiB could have many thousands.
    public static let maximumListed = 200

    public private(set) var errors: [ProviderError]
    public private(set) var more = 0

    public init(_ errors: [ProviderError]) {
        let sorted = errors.enumerated().sorted { ($0.element.line, $0.offset) < ($1.element.line, $1.offset) }.map(\.element)
        self.errors = Array(sorted.prefix(Self.maximumListed))
        more = sorted.count - self.errors.count
    }

    public var description: String {
        let listed = errors.map(\.description).joined(separator: "\n")
        return more == 0 ? listed : listed + "\nand \(more) more"
    }
}
