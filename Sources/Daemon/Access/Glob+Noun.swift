import CofferStore

extension Glob {
    /// - Throws: ``GlobError`` naming the rule that the pattern breaks: those of the noun's names, with stars allowed.
    public init(_ bytes: some Sequence<UInt8>, noun: Noun) throws(GlobError) { try self.init(bytes, ofSecrets: noun == .secret) }
}
