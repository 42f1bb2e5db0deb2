import CofferStore

/// What one watch still has to tell, and where it stands. A state machine without I/O: changes and pieces of history go in, what to send
/// next comes out.
struct WatchQueue {
    enum Next: Equatable {
        case change(Change)
        /// Changes were left out; events go on behind this revision.
        case resync(revision: UInt64)
    }

    /// Where the changes come from at the moment.
    private enum Source: Equatable {
        /// From the change log, in pieces; live changes are in the log as well.
        case history
        case live
    }

    static let capacity = 1_024

    private let exact: Bool
    private let name: [UInt8]
    private let tenant: TenantID
    private var source: Source
    /// Everything up to this revision is told, queued or of no interest.
    private var position: UInt64
    private var queue: [Change] = []
    private var front = 0
    /// Of the queue, how many came from the log: they do not count as behind.
    private var fromHistory = 0
    private var resync: UInt64?
    /// Newest revision that the loop has shown: of those with something of interest at least.
    private var newest: UInt64

    /// - Parameter from: the changes above this revision are wanted; `nil`: from `present` on.
    init(exact: Bool, name: [UInt8], tenant: TenantID, present: UInt64, from: UInt64?) {
        self.exact = exact
        self.name = name
        self.tenant = tenant
        newest = present
        position = from ?? present
        source = position < present ? .history : .live
        // A revision of the future is of a history that this store does not have.
        if position > present { startOver(at: present) }
    }

    /// The first event is to be a resync: the asked position is of another incarnation.
    mutating func startOver(at revision: UInt64) {
        resync = revision
        position = revision
        queue = []
        front = 0
        fromHistory = 0
        source = .live
    }

    private func concerns(_ change: Change) -> Bool {
        guard change.table == .secrets, change.tenant == tenant else { return false }
        return exact ? change.name == name : change.name.starts(with: name)
    }

    /// Whether the next piece of history above ``historyPosition`` should be asked for now.
    var wantsHistory: Bool { source == .history && front == queue.count }
    var historyPosition: UInt64 { position }

    /// What a commit changed. One that changed nothing of interest need not be shown.
    mutating func live(_ changes: [Change]) {
        guard let last = changes.last else { return }
        newest = max(newest, last.revision)
        guard source == .live else { return }
        for change in changes where change.revision > position && concerns(change) { queue.append(change) }
        position = max(position, last.revision)
    }

    /// Whoever does not take its changes gets one resync instead of too many. To be asked when what could be sent was sent.
    mutating func dropIfBehind() {
        if queue.count - max(front, fromHistory) > Self.capacity { startOver(at: position) }
    }

    /// A piece of the change log: all changes above ``historyPosition`` up to a revision.
    mutating func history(_ changes: [Change], upTo revision: UInt64, complete: Bool) {
        guard source == .history else { return }
        queue = changes.filter { concerns($0) && $0.revision > position }
        front = 0
        fromHistory = queue.count
        position = max(position, revision)
        // Behind the newest that the loop has shown there is a gap, which only the log can fill.
        if complete && position >= newest { source = .live }
    }

    /// The log does not reach back so far.
    mutating func historyLost(present: UInt64) { startOver(at: max(present, newest)) }

    var isEmpty: Bool { resync == nil && front == queue.count }

    mutating func next() -> Next? {
        if let revision = resync {
            resync = nil
            return .resync(revision: revision)
        }
        guard front < queue.count else { return nil }
        defer {
            front += 1
            if front == queue.count {
                queue.removeAll(keepingCapacity: true)
                front = 0
                fromHistory = 0
            }
        }
        return .change(queue[front])
    }

    /// The change behind the next one, to say whether the next is the last of its revision.
    func follower(where isTold: (Change) -> Bool) -> Change? {
        queue[min(front, queue.count)...].first(where: isTold)
    }
}
