import Glibc
import Synchronization

/// A bar on standard error, for work of more than a second that a person watches.
final class Progress: Sendable {
    private struct State {
        var done: UInt64 = 0
        /// `nil`: nobody knows.
        var total: UInt64?
        var isShown = false
        var isFinished = false
    }

    private let isWanted: Bool
    /// What is waited for once all is done.
    private let last: String
    private let state: Mutex<State>

    init(total: Int?, wanted: Bool, last: String = "waiting for the daemon") {
        state = Mutex(State(total: total.map { UInt64(max(1, $0)) }))
        self.last = last
        isWanted = wanted && Output.errorIsTerminal
    }

    func update(_ done: UInt64) {
        state.withLock { $0.done = done }
    }

    /// Where the total shows itself on the way.
    func update(_ done: UInt64, of total: UInt64) {
        state.withLock { state in
            state.done = done
            state.total = max(total, done, 1)
        }
    }

    /// Draws until the task is cancelled.
    func draw() async {
        guard isWanted else { return }
        var wait = Duration.seconds(1)
        while (try? await Task.sleep(for: wait)) != nil {
            wait = .milliseconds(100)
            state.withLock { state in
                guard !state.isFinished else { return }
                state.isShown = true
                guard let total = state.total else { return show("\r\(state.done) so far") }
                let filled = Int(min(Double(state.done) / Double(total), 1) * 30)
                let bar = String(repeating: "#", count: filled) + String(repeating: " ", count: 30 - filled)
                show("\r[\(bar)] \(state.done) of \(total)" + (state.done >= total ? ", \(last)" : ""))
            }
        }
    }

    /// Takes the bar away for a line of output; it is drawn again.
    func pause() {
        state.withLock { state in
            if state.isShown { show("\r\u{1B}[K") }
            state.isShown = false
        }
    }

    /// Takes the bar away.
    func finish() {
        state.withLock { state in
            if state.isShown { show("\r\u{1B}[K") }
            state.isShown = false
            state.isFinished = true
        }
    }

    private func show(_ text: String) {
        try? Array(text.utf8).withUnsafeBytes { try Output.write($0, to: STDERR_FILENO, "standard error") }
    }
}
