import Glibc
import Synchronization

/// A bar on standard error, for work of more than a second that a person watches.
final class Progress: Sendable {
    private struct State {
        var drawn: UInt64 = 0
        var isShown = false
    }

    private let total: Int
    private let isWanted: Bool
    private let started = Moment.now()
    private let state = Mutex(State())

    init(total: Int, wanted: Bool) {
        self.total = max(1, total)
        isWanted = wanted && Output.errorIsTerminal
    }

    func update(_ done: UInt64) {
        guard isWanted else { return }
        let now = Moment.now()
        guard now >= started + 1_000 else { return }
        state.withLock { state in
            guard now >= state.drawn + 100 else { return }
            state.drawn = now
            state.isShown = true
            let filled = min(30, Int(done) * 30 / total)
            let bar = String(repeating: "#", count: filled) + String(repeating: " ", count: 30 - filled)
            show("\r[\(bar)] \(done) of \(total)")
        }
    }

    /// Takes the bar away.
    func finish() {
        state.withLock { state in
            if state.isShown { show("\r\u{1B}[K") }
            state.isShown = false
        }
    }

    private func show(_ text: String) {
        try? Array(text.utf8).withUnsafeBytes { try Output.write($0, to: STDERR_FILENO, "standard error") }
    }
}
