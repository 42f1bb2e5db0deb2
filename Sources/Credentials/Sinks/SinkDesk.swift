import CofferStore

/// What the sinks' thread knows between two beats. A value: whoever changes it holds the service's lock.
struct SinkDesk: Sendable {
    typealias Waiter = @Sendable (Result<Sink, CredentialError>) -> Void

    var changes = SinkChanges()
    /// By sink.
    var work: [UInt64: SinkWork] = [:]
    var isStopped = true

    mutating func forget() {
        changes = SinkChanges()
        // What runs comes to its end and finds nothing any more.
        work = work.filter { $0.value.isBusy }
    }

    mutating func takeAllWaiters() -> [Waiter] {
        var waiters: [Waiter] = []
        for number in work.keys { waiters += work[number]?.takeWaiters() ?? [] }
        return waiters
    }
}

/// One sink's work.
struct SinkWork: Sendable {
    var debounce = SinkDebounce()
    /// Credentials that were shown last; `nil`: not known.
    var shown: Set<UInt64>?
    /// The action runs even where the file is the same.
    var wantsAction = false
    /// Its action is on its way.
    var isBusy = false
    /// Those who asked for a run and wait for its end.
    var waiters: [SinkDesk.Waiter] = []

    mutating func takeWaiters() -> [SinkDesk.Waiter] {
        defer { waiters = [] }
        return waiters
    }
}

/// What has changed since the last beat.
struct SinkChanges: Sendable {
    /// After a load, and when pools changed: who belongs to which is not looked into.
    var isEverything = false
    /// Whose settings or tokens changed.
    var credentials: Set<UInt64> = []
    /// Whose state changed: of interest only where it begins or ceases to be shown.
    var states: Set<UInt64> = []
    /// Sinks whose settings changed.
    var sinks: Set<UInt64> = []

    var isEmpty: Bool { !isEverything && credentials.isEmpty && states.isEmpty && sinks.isEmpty }

    mutating func note(_ changes: [Change]) {
        for change in changes {
            switch change.table {
            case .credentials: if let number = try? CredentialNames.number(change.name) { credentials.insert(number) }
            case .credentialTokens: if let number = try? CredentialNames.token(change.name).number { credentials.insert(number) }
            case .credentialStates: if let number = try? CredentialNames.number(change.name) { states.insert(number) }
            case .pools, .poolTokens: isEverything = true
            default: break
            }
        }
    }
}

/// When a sink runs: a moment after the last change, at the latest some seconds after the first, and after failures less and less often.
/// Without I/O.
struct SinkDebounce: Equatable, Sendable {
    static let quiet: UInt64 = 1_000
    static let longest: UInt64 = 5_000
    static let firstRetry: UInt64 = 5_000
    static let longestRetry: UInt64 = 300_000

    private var first: UInt64?
    private var last: UInt64 = 0
    private var notBefore: UInt64 = 0

    /// Unix milliseconds; `nil`: there is nothing to do.
    var due: UInt64? {
        guard let first else { return nil }
        return max(min(last + Self.quiet, first + Self.longest), notBefore)
    }

    mutating func change(at now: UInt64) {
        if first == nil { first = now }
        last = now
    }

    /// A person wants it now.
    mutating func force(at now: UInt64) {
        first = now >= Self.longest ? now - Self.longest : 0
        last = now
        notBefore = 0
    }

    /// It runs: what changes from now on is a change anew.
    mutating func begin() { first = nil }

    /// - Parameter failures: in a row; 0: it went well.
    mutating func end(at now: UInt64, failures: UInt16) {
        guard failures > 0 else {
            notBefore = 0
            return
        }
        notBefore = now + min(Self.firstRetry << UInt64(min(failures - 1, 10)), Self.longestRetry)
        change(at: now)
    }
}
