import CofferStore

/// What pruning did with a credential, or would do.
public struct PruneVerdict: Equatable, Sendable {
    public var credential: UInt64
    public var name: DocumentName
    /// false: it stays as it is, and `why` says why.
    public var isPruned: Bool
    public var why: String

    public init(credential: UInt64, name: DocumentName, isPruned: Bool, why: String) {
        self.credential = credential
        self.name = name
        self.isPruned = isPruned
        self.why = why
    }
}
