import Synchronization

@testable import CofferCredentials

/// A clock that stands until it is moved, and the alarms that ring when it is.
final class ManualClock: Alarm {
    private struct State {
        var now: UInt64 = 1_700_000_000_000
        var last: UInt64 = 0
        var jobs: [UInt64: (at: UInt64, job: @Sendable () -> Void)] = [:]
        var watchers: [(count: Int, CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    var now: UInt64 { state.withLock { $0.now } }
    var alarms: Int { state.withLock { $0.jobs.count } }

    func after(_ milliseconds: UInt64, _ job: @escaping @Sendable () -> Void) -> @Sendable () -> Void {
        let (id, ready) = state.withLock { state in
            state.last += 1
            state.jobs[state.last] = (state.now + milliseconds, job)
            let count = state.jobs.count
            let ready = state.watchers.filter { $0.count <= count }
            state.watchers.removeAll { $0.count <= count }
            return (state.last, ready.map(\.1))
        }
        for watcher in ready { watcher.resume() }
        return { self.state.withLock { _ = $0.jobs.removeValue(forKey: id) } }
    }

    /// Until so many alarms are set.
    func until(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.jobs.count >= count { return true }
                state.watchers.append((count, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    func advance(_ milliseconds: UInt64) {
        let due = state.withLock { state in
            state.now += milliseconds
            let due = state.jobs.filter { $0.value.at <= state.now }.sorted { ($0.value.at, $0.key) < ($1.value.at, $1.key) }
            for (id, _) in due { state.jobs[id] = nil }
            return due.map(\.value.job)
        }
        for job in due { job() }
    }
}
