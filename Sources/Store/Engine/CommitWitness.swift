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
    /// 16 bytes.
    public var storeID: [UInt8]
    public var place: StorePlace
    /// What the witness gave with the last commit that it saw; `nil`: it saw none.
    public var head: [UInt8]?
}

/// What becomes of record keys by itself.
public enum KeyChange: Equatable, Sendable {
    public enum Cause: Sendable {
        /// It has sealed as much as it may.
        case limit
        case age
        /// It is for AES, and this machine has no AES instructions.
        case hardware
    }

    /// A new key seals from now on, in the place of this one.
    case replaced(UInt32, Cause)
    /// So old that all that they sealed is sealed anew.
    case leaving([UInt32])
    /// Gone for good: no record names them.
    case dropped([UInt32])
}

/// Is asked before each commit, and can refuse it. All calls come on the writer's thread.
public protocol CommitWitness: AnyObject, Sendable {
    /// The store is being unlocked; nobody can read it yet. Trouble of the witness's own must not keep it locked.
    /// - Returns: the last place that the witness knows the store to have been at, in whichever incarnation; `nil`: it knows none. A store
    ///   that this is ahead of was rolled back.
    func willUnlock(_ keys: AuditKeys, _ store: WitnessedStore) -> StorePlace?

    /// Somebody takes a store that was rolled back. Returns when what the witness keeps of that is durable.
    /// - Throws: why it must not happen.
    func willAccept(_ rollback: RollbackAcceptance) throws(StoreError)

    /// The commits of one transaction, in order. Returns when what the witness keeps of them is durable.
    /// - Returns: up to 200 bytes that the store keeps from this transaction on, in place of those before; `nil`: those stay.
    /// - Throws: why they must not happen.
    func willCommit(_ commits: [WitnessedCommit]) throws(StoreError) -> [UInt8]?

    /// The store stays locked: it was rolled back, and not taken.
    func didNotUnlock(_ error: StoreError)

    /// The store is being locked: its keys are gone, the witness lets go of its own behind what it still has to write.
    func didLock()

    /// The store is at this place now: what ``willCommit(_:)`` saw is committed, or another generation took its place.
    func didCommit(_ place: StorePlace)

    /// Record keys are about to change without anybody having asked. Returns when what the witness keeps of that is durable.
    /// - Throws: why it must not happen.
    func willChangeKeys(_ change: KeyChange) throws(StoreError)

    /// What ``willCommit(_:)`` saw was not committed, or with `outcome-unknown` may be.
    func didNotCommit(_ revisions: ClosedRange<UInt64>, _ error: StoreError)
}
