/// One policy of a file, understood and resolved, ready to be stored.
public struct ParsedPolicy: Hashable, Sendable {
    /// The bytes of a ``DocumentName``.
    public var name: [UInt8]
    /// The part of the file that is this policy.
    public var source: [UInt8]
    /// Accounts and groups are numbers.
    public var rules: [ResolvedRule]
    /// Lines about rules that can never match on this machine; they are accepted all the same (formats.md 13).
    public var report: [String]
    /// Where it begins in the file, from 1.
    public var line: Int

    public var stored: StoredPolicy { StoredPolicy(name: name, source: source, rules: rules) }
}
