/// A policy as the store holds it: the text that a person wrote, and what it meant on this machine when it was applied.
public struct StoredPolicy: Hashable, Sendable {
    /// The bytes of a ``DocumentName``.
    public var name: [UInt8]
    /// The document's own text, without those of others in the same file.
    public var source: [UInt8]
    public var rules: [ResolvedRule]

    public init(name: [UInt8], source: [UInt8], rules: [ResolvedRule]) {
        self.name = name
        self.source = source
        self.rules = rules
    }
}

/// Why stored bytes are no policy. They come out of an authenticated record, so this means a newer version or damage.
public enum StoredPolicyError: Error, Hashable, Sendable {
    case notAPolicy
    case unknownVersion(UInt8)
    case truncated
    /// Bytes are left over.
    case tooLong
    /// A code, a name, a pattern or text that this version does not know or that breaks a rule.
    case badField(String)
}
