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

extension CounterFile.Content {
    /// Whether this was seen of the store after what lies there now. A new incarnation starts above all revisions of the ones before.
    func isAhead(of head: Head) -> Bool {
        incarnation == head.incarnation ? revision > head.revision : revision >= head.revision
    }

    func refusal(of head: Head) -> StoreError {
        StoreError(
            .rolledBack,
            "the store is at revision \(head.revision), but it was at \(revision) before: an older copy was put in its place. Whoever knows "
                + "that and gives up what was changed between starts cofferd once with --accept-rollback \(head.revision)")
    }
}

extension WriterCore {
    /// Goes on from an older store: a new incarnation above all that was known, and the counter file with it.
    func accept(_ known: CounterFile.Content, _ found: Head) throws(StoreError) -> RollbackAcceptance {
        guard let keys else { throw StoreError(.locked, "the store is locked") }
        var head = found
        try head.startAnew(above: known.revision, now: options.clock())
        try writeHead(head) { (transaction) throws(StoreError) in try transaction.clear(.changeLog) }
        counterWritten = .init(incarnation: head.incarnation, revision: head.revision)
        counter.write(counterWritten, storeID: header.storeID, keys: keys)
        store.witness?.didCommit(incarnation: head.incarnation, revision: head.revision)
        store.witness?.didCommit(incarnation: head.incarnation, revision: head.revision)
        return RollbackAcceptance(found: found.revision, known: known.revision, revision: head.revision)
    }
}
