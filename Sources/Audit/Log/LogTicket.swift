import CofferStore

/// What somebody waits for on another thread, for a bounded time.
final class LogTicket<Value: Sendable>: @unchecked Sendable {
    private let monitor = Monitor()
    private var value: Value?
    private var isGivenUp = false

    /// - Returns: false where nobody waits any more.
    @discardableResult
    func settle(_ value: Value) -> Bool {
        monitor.locked {
            guard self.value == nil else { return !isGivenUp }
            self.value = value
            monitor.signal()
            return !isGivenUp
        }
    }

    /// - Returns: `nil` where it took longer.
    func wait(milliseconds: Int) -> Value? {
        let end = Clock.monotonic + milliseconds
        return monitor.locked {
            while value == nil {
                let left = end - Clock.monotonic
                guard left > 0 else {
                    isGivenUp = true
                    return nil
                }
                monitor.wait(milliseconds: left)
            }
            return value
        }
    }
}
