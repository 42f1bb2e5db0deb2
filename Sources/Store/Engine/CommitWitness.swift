/// One batch that is about to be committed, as a witness sees it.
public struct WitnessedCommit: Sendable {
    public var revision: UInt64
    /// Unix milliseconds.
    public var time: UInt64
    /// The batch's, as a selector.
    public var principal: String
    public var changes: [Change]
    /// The values that secrets get, by the place of their change in `changes`.
    public var values: [Int: SecretBuffer]

    public init(revision: UInt64, time: UInt64, principal: String, changes: [Change], values: [Int: SecretBuffer]) {
        self.revision = revision
        self.time = time
        self.principal = principal
        self.changes = changes
        self.values = values
    }
}

/// Where the store stands when it is unlocked.
public struct WitnessedStore: Sendable {
    /// 16 bytes each.
    public var storeID: [UInt8]
    public var incarnation: [UInt8]
    public var revision: UInt64
    /// What the witness gave with the last commit that it saw; `nil`: it saw none.
    public var head: [UInt8]?
}

/// Is asked before each commit, and can refuse it. All calls come on the writer's thread.
public protocol CommitWitness: AnyObject, Sendable {
    /// The store is being unlocked; nobody can read it yet. Trouble of the witness's own must not keep it locked.
    /// - Returns: the highest revision of this incarnation that the witness knows was committed; `nil`: it knows none. A store below it
    ///   was rolled back and stays locked.
    func willUnlock(_ keys: AuditKeys, _ store: WitnessedStore) -> UInt64?

    /// The commits of one transaction, in order. Returns when what the witness keeps of them is durable.
    /// - Returns: up to 200 bytes that the store keeps from this transaction on, in place of those before; `nil`: those stay.
    /// - Throws: why they must not happen.
    func willCommit(_ commits: [WitnessedCommit]) throws(StoreError) -> [UInt8]?

    /// The store stays locked: it was rolled back.
    func didNotUnlock(_ error: StoreError)

    /// The store is being locked: its keys are gone, the witness lets go of its own behind what it still has to write.
    func didLock()

    /// The store is at this place now: what ``willCommit(_:)`` saw is committed, or another generation took its place.
    func didCommit(incarnation: [UInt8], revision: UInt64)

    /// What ``willCommit(_:)`` saw was not committed, or with `outcome-unknown` may be.
    func didNotCommit(_ revisions: ClosedRange<UInt64>, _ error: StoreError)
}
