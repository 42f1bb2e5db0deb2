import CofferUpstream
import Synchronization

/// An OAuth server with single-use refresh tokens that kills the family when one comes twice.
final class RotatingUpstream: Sendable {
    struct State: Sendable {
        var number = 0
        var dials = 0
        var isDead = false
    }

    private let state: Mutex<State>
    private let clock: ManualClock
    private let lifetime: UInt64

    init(_ clock: ManualClock, lifetime: UInt64 = 3_600_000, state: State = State()) {
        self.clock = clock
        self.lifetime = lifetime
        self.state = Mutex(state)
    }

    var seen: State { state.withLock { $0 } }

    func answer(_ call: ScriptedTransport.Call) -> StepResult {
        let now = clock.now
        return state.withLock { state in
            state.dials += 1
            guard !state.isDead, call.field("refresh_token") == "refresh-\(state.number)" else {
                state.isDead = true
                return .dead("refresh token reused")
            }
            state.number += 1
            return .ok(
                ["access": "access-\(state.number)", "refresh": "refresh-\(state.number)"], expires: ["access": now + lifetime])
        }
    }
}
