/// That an older store was put in the place of the one that was known, and that somebody took it all the same.
public struct RollbackAcceptance: Equatable, Sendable {
    /// At which the store was found.
    public var found: UInt64
    /// At which it was known to have been.
    public var known: UInt64
    /// From which it goes on, above all that was known, under a new incarnation.
    public var revision: UInt64

    public init(found: UInt64, known: UInt64, revision: UInt64) {
        self.found = found
        self.known = known
        self.revision = revision
    }
}

extension Head {
    /// How far numbers move up where it is not known for certain which ones were given (formats.md 4).
    static let jump: UInt64 = 1 << 32

    /// Goes on in a new incarnation, above everything that is known. The change log is of the old one: it must be cleared too.
    mutating func startAnew(above known: UInt64, now: UInt64) throws(StoreError) {
        let (next, overflow) = max(revision, known).addingReportingOverflow(Self.jump)
        // Far beyond what a life of batches needs; said by a damaged or hostile file only.
        guard !overflow, next < 1 << 62 else { throw StoreError(.invalidArgument, "the revision \(max(revision, known)) leaves no room for more") }
        incarnation = Store.randomBytes(16)
        revision = next
        time = now
        oldestLogged = next + 1
    }
}

extension WriterCore {
    /// What counter file and audit log remember of the store, where that is ahead of what lies there (formats.md 7).
    func rollback(
        of found: Head, _ newKeys: KeySet, _ sealed: borrowing SealedTransaction
    ) throws(StoreError) -> StorePlace? {
        let counted = try counter.read(storeID: header.storeID, keys: newKeys)
        store.monitor.locked { store.state.counterWasMissing = counted == nil && found.revision > 0 }
        var seen = [counted]
        if let witness = store.witness {
            seen.append(witness.willUnlock(try AuditKeys(newKeys.keyring), try witnessed(found, sealed)))
        }
        return seen.compactMap { $0 }.filter { $0.isAhead(of: found.place) }.max { $0.revision < $1.revision }
    }

    /// The store as its witness sees it.
    func witnessed(_ found: Head, _ sealed: borrowing SealedTransaction) throws(StoreError) -> WitnessedStore {
        WitnessedStore(storeID: header.storeID, place: found.place, head: try sealed.open(.auditHead, CommitGroup.witnessKey))
    }

    /// What an older store goes on with where somebody takes it: a new incarnation above all that was known. That it is taken is durable
    /// in the audit log when this returns.
    /// - Parameter accepted: the revision at which it is taken.
    /// - Throws: `rolled-back` where it is not; `audit-unavailable`.
    func approve(
        _ known: StorePlace, _ found: Head, accepting accepted: UInt64?
    ) throws(StoreError) -> (head: Head, acceptance: RollbackAcceptance) {
        guard accepted == found.revision else {
            throw StoreError(
                .rolledBack,
                "the store is at revision \(found.revision), but it was at \(known.revision) before: an older copy was put in its place. "
                    + "Whoever knows that and gives up what was changed between starts cofferd once with --accept-rollback \(found.revision), "
                    + "or gives that to a command with --store")
        }
        var head = found
        try head.startAnew(above: known.revision, now: options.clock())
        let acceptance = RollbackAcceptance(found: found.revision, known: known.revision, revision: head.revision)
        try store.witness?.willAccept(acceptance)
        return (head, acceptance)
    }

    /// Goes on from an older store, and the counter file with it.
    func goOn(with head: Head) throws(StoreError) {
        guard let keys else { throw StoreError(.locked, "the store is locked") }
        try writeHead(head) { (transaction) throws(StoreError) in try transaction.clear(.changeLog) }
        counterWritten = head.place
        counter.write(counterWritten, storeID: header.storeID, keys: keys)
        store.witness?.didCommit(head.place)
    }
}
