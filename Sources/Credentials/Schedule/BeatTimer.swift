import Dispatch
import Synchronization

/// One timer on a queue of its own: a beat when something is due, never two at a time, and not too often.
final class BeatTimer: Sendable {
    /// A clock that was set is noticed within this time.
    private static let longest: UInt64 = 60_000

    let queue: DispatchQueue
    /// Milliseconds between two beats, at least.
    private let gap: UInt64
    private let isNudged = Mutex(false)
    private nonisolated(unsafe) let timer: any DispatchSourceTimer
    // On the queue only.
    private nonisolated(unsafe) var beat: (() -> UInt64?)?
    private nonisolated(unsafe) var last = DispatchTime(uptimeNanoseconds: 1)
    private nonisolated(unsafe) var armed = DispatchTime.distantFuture

    init(label: String, gap: UInt64) {
        self.gap = gap
        queue = DispatchQueue(label: label)
        timer = DispatchSource.makeTimerSource(queue: queue)
        timer.schedule(deadline: .distantFuture)
        timer.setEventHandler { [weak self] in self?.fire() }
        timer.activate()
    }

    /// - Parameter beat: on the queue; says in how many milliseconds it wants to be called again, `nil`: in a minute or when nudged.
    func start(_ beat: @escaping @Sendable () -> UInt64?) {
        queue.async {
            self.beat = beat
            self.arm(self.last)
        }
    }

    /// Something has changed: a beat as soon as the gap allows. Cheap, from any thread.
    func nudge() {
        let isFirst = isNudged.withLock { isNudged in
            defer { isNudged = true }
            return !isNudged
        }
        guard isFirst else { return }
        queue.async { self.arm(.now()) }
    }

    /// Returns when the last beat is done. Not from a beat.
    func stop() {
        queue.sync {
            beat = nil
            timer.schedule(deadline: .distantFuture)
        }
    }

    private func fire() {
        guard let beat else { return }
        isNudged.withLock { $0 = false }
        armed = .distantFuture
        let wait = beat() ?? Self.longest
        last = .now()
        arm(last + .milliseconds(Int(min(wait, Self.longest))))
    }

    private func arm(_ wanted: DispatchTime) {
        guard beat != nil else { return }
        let time = max(wanted, last + .milliseconds(Int(gap)))
        guard time < armed else { return }
        armed = time
        timer.schedule(deadline: time)
    }

    deinit { timer.cancel() }
}
