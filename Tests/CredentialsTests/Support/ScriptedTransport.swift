import CofferStore
import CofferUpstream
import Synchronization

/// An upstream that answers as the test says; it counts the calls, and can hold answers back.
final class ScriptedTransport: UpstreamTransport {
    /// A call as the test sees it.
    struct Call: Sendable {
        let step: String
        /// The form or multipart body.
        let body: String
        let answer: @Sendable (StepResult) -> Void

        /// A field of a form body.
        func field(_ name: String) -> String? {
            for part in body.split(separator: "&") where part.hasPrefix(name + "=") { return String(part.dropFirst(name.utf8.count + 1)) }
            return nil
        }
    }

    private struct State {
        var calls: [Call] = []
        var watchers: [(count: Int, CheckedContinuation<Void, Never>)] = []
        var isStopped = false
        var open: Set<Int> = []
    }

    private let state = Mutex(State())
    /// `nil`: the answer is held back until the test gives it.
    private let script: @Sendable (Call) -> StepResult?

    init(_ script: @escaping @Sendable (Call) -> StepResult? = { _ in nil }) { self.script = script }

    var count: Int { state.withLock { $0.calls.count } }
    var calls: [Call] { state.withLock { $0.calls } }
    var steps: [String] { calls.map(\.step) }

    func send(_ prepared: PreparedCall, completion: @escaping @Sendable (StepResult) -> Void) {
        let isDone = Once()
        let call = Call(step: prepared.step.name, body: text(prepared.body) ?? "") { result in
            if isDone.take() { completion(result) }
        }
        let (ready, isStopped) = state.withLock { state in
            state.calls.append(call)
            let count = state.calls.count
            let ready = state.watchers.filter { $0.count <= count }.map(\.1)
            state.watchers.removeAll { $0.count <= count }
            return (ready, state.isStopped)
        }
        if isStopped {
            call.answer(.down(sent: false))
        } else if let result = script(call) {
            call.answer(result)
        }
        for watcher in ready { watcher.resume() }
    }

    /// Breaks off what is held back, as the real one does.
    func stop() {
        let calls = state.withLock { state in
            state.isStopped = true
            return state.calls
        }
        for call in calls { call.answer(.down()) }
    }

    /// Until so many calls have come.
    func until(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.calls.count >= count { return true }
                state.watchers.append((count, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    private final class Once: Sendable {
        private let taken = Mutex(false)
        func take() -> Bool {
            taken.withLock { taken in
                defer { taken = true }
                return !taken
            }
        }
    }
}

extension StepResult {
    static func ok(_ values: [String: String], expires: [String: UInt64] = [:]) -> StepResult {
        StepResult(
            verdict: .ok, reason: "", wasSent: true, isUnused: false, status: 200, values: values.mapValues { buffer($0) },
            expiries: expires)
    }
    static func down(
        sent: Bool = true, unused: Bool = false, status: Int = 0, body: String? = nil, values: [String: String] = [:]
    ) -> StepResult {
        StepResult(
            verdict: .down, reason: "no answer", wasSent: sent, isUnused: unused || !sent, status: status,
            values: values.mapValues { buffer($0) }, body: body.map { buffer($0) })
    }
    static func dead(_ reason: String = "over") -> StepResult {
        StepResult(verdict: .dead, reason: reason, wasSent: true, isUnused: true, status: 400)
    }
    static func limited(_ after: UInt64? = nil) -> StepResult {
        StepResult(verdict: .limited(retryAfter: after), reason: "later", wasSent: true, isUnused: true, status: 429)
    }
    static func person(_ reason: String = "captcha") -> StepResult {
        StepResult(verdict: .needsPerson, reason: reason, wasSent: true, isUnused: false, status: 400)
    }
}
