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
