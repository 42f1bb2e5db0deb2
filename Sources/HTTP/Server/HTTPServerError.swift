/// Why the HTTP doors cannot open. The text names the address and its doors, or the file.
public struct HTTPServerError: Error, Sendable, CustomStringConvertible {
    public enum Kind: Sendable {
        /// Somebody else listens at the address.
        case inUse
        /// The address is not this machine's, or not allowed.
        case bind
        /// A certificate or its key.
        case certificate
    }

    public let kind: Kind
    public let description: String

    init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
