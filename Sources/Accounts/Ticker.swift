import Dispatch

/// Runs a job once a second on a queue of its own, never twice at a time.
final class Ticker: Sendable {
    private let queue = DispatchQueue(label: "coffer.accounts.ticker")
    private nonisolated(unsafe) let timer: any DispatchSourceTimer

    init(_ job: @escaping @Sendable () -> Void) {
        timer = DispatchSource.makeTimerSource(queue: queue)
        timer.schedule(deadline: .now() + 1, repeating: 1)
        timer.setEventHandler(handler: job)
        timer.activate()
    }

    /// Returns when the last job is done. Not from a job.
    func stop() {
        timer.cancel()
        queue.sync {}
    }
}
