import Synchronization

/// Asks about many things, some at once, until all are answered or time is up. What has no answer by then is unknown; what was asked goes
/// on by itself.
final class VerdictBoard: Sendable {
    private struct State {
        var verdicts: [TokenVerdict]
        var next = 0
        var isOver = false
        var waiting: CheckedContinuation<Void, Never>?
    }

    private let state: Mutex<State>

    private init(count: Int) { state = Mutex(State(verdicts: Array(repeating: .unknown, count: count))) }

    /// - Parameters:
    ///   - ask: about the thing with this index; asked once more where nobody knows.
    /// - Returns: in the order of the things.
    static func verdicts(
        count: Int, atOnce: Int, seconds: Int, ask: @escaping @Sendable (Int) async -> TokenVerdict
    ) async -> [TokenVerdict] {
        guard count > 0 else { return [] }
        let board = VerdictBoard(count: count)
        let work = Task {
            await withTaskGroup(of: Void.self) { tasks in
                for _ in 0..<min(atOnce, count) {
                    tasks.addTask {
                        while let index = board.take() {
                            var verdict = await ask(index)
                            if verdict == .unknown, !board.isOver { verdict = await ask(index) }
                            board.put(index, verdict)
                        }
                    }
                }
            }
            board.finish()
        }
        let timer = Task {
            try? await Task.sleep(for: .seconds(seconds))
            if !Task.isCancelled { board.finish() }
        }
        await board.finished()
        timer.cancel()
        // Its last answers come for nobody.
        _ = work
        return board.state.withLock { $0.verdicts }
    }

    private var isOver: Bool { state.withLock { $0.isOver } }

    private func take() -> Int? {
        state.withLock { state in
            guard !state.isOver, state.next < state.verdicts.count else { return nil }
            defer { state.next += 1 }
            return state.next
        }
    }

    private func put(_ index: Int, _ verdict: TokenVerdict) { state.withLock { if !$0.isOver { $0.verdicts[index] = verdict } } }

    private func finish() {
        let waiting = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.isOver = true
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.resume()
    }

    private func finished() async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isOver = state.withLock { state in
                if !state.isOver { state.waiting = continuation }
                return state.isOver
            }
            if isOver { continuation.resume() }
        }
    }
}
