import CofferStore

/// What a watch of tokens has still to tell: which credentials or pools have changed, each once, in the order of their last change. A state
/// machine without I/O.
///
/// An event says how things stand, so that of several changes of one only the last is told, and a watch whose client is slow cannot fall
/// behind without limit: there is at most one entry for each credential.
struct TokenWatchQueue {
    enum Next: Equatable {
        case resync(revision: UInt64)
        /// - last: no further entry of this revision follows.
        case change(number: UInt64, revision: UInt64, last: Bool)
    }

    private enum Source { case history, live }

    /// Up to here changes have been taken in.
    private var position: UInt64
    private var newest: UInt64
    private var source: Source
    private var resync: UInt64?
    private var order: [(number: UInt64, revision: UInt64)] = []
    private var front = 0
    /// The last revision of each number that waits; an entry of `order` with another one is void.
    private var revisions: [UInt64: UInt64] = [:]
    private let numberOf: @Sendable (Change) -> UInt64?

    /// - Parameters:
    ///   - from: the changes above this revision are wanted; `nil`: from `present` on.
    ///   - numberOf: whose change it is; `nil`: of nothing that such a watch tells of.
    init(present: UInt64, from: UInt64?, numberOf: @escaping @Sendable (Change) -> UInt64?) {
        self.numberOf = numberOf
        newest = present
        position = from ?? present
        source = position < present ? .history : .live
        // A revision of the future is of a history that this store does not have.
        if position > present { startOver(at: present) }
    }

    /// The first event is to be a resync.
    mutating func startOver(at revision: UInt64) {
        resync = revision
        position = revision
        order = []
        front = 0
        revisions = [:]
        source = .live
    }

    var wantsHistory: Bool { source == .history }
    var historyPosition: UInt64 { position }
    var isEmpty: Bool { resync == nil && revisions.isEmpty }

    private mutating func enter(_ changes: [Change]) {
        for change in changes where change.revision > position {
            guard let number = numberOf(change), revisions[number] != change.revision else { continue }
            revisions[number] = change.revision
            order.append((number, change.revision))
        }
        compact()
    }

    /// Void entries are dropped before they outnumber the others.
    private mutating func compact() {
        guard order.count - front > 2 * revisions.count + 64 else { return }
        order = order[front...].filter { revisions[$0.number] == $0.revision }
        front = 0
    }

    /// What a commit changed.
    mutating func live(_ changes: [Change]) {
        guard let last = changes.last else { return }
        newest = max(newest, last.revision)
        guard source == .live else { return }
        enter(changes)
        position = max(position, last.revision)
    }

    /// A piece of the change log: all changes above ``historyPosition`` up to a revision.
    mutating func history(_ changes: [Change], upTo revision: UInt64, complete: Bool) {
        guard source == .history else { return }
        enter(changes)
        position = max(position, revision)
        // Behind the newest that the loop has shown there is a gap, which only the log can fill.
        if complete && position >= newest { source = .live }
    }

    /// The log does not reach back so far.
    mutating func historyLost(present: UInt64) { startOver(at: max(present, newest)) }

    mutating func next() -> Next? {
        if let revision = resync {
            resync = nil
            return .resync(revision: revision)
        }
        skipVoid()
        guard front < order.count else { return nil }
        let entry = order[front]
        front += 1
        revisions[entry.number] = nil
        skipVoid()
        let last = front == order.count || order[front].revision != entry.revision
        if front == order.count {
            order.removeAll(keepingCapacity: true)
            front = 0
        }
        return .change(number: entry.number, revision: entry.revision, last: last)
    }

    private mutating func skipVoid() {
        while front < order.count, revisions[order[front].number] != order[front].revision { front += 1 }
    }
}
