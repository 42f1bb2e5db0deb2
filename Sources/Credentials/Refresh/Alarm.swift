import Dispatch

/// Calls somebody later. A clock of its own kind, so that tests need not wait.
public protocol Alarm: Sendable {
    /// Calls `job` once after so many milliseconds, on any thread; it must not block.
    /// - Returns: takes the call back; too late, it does nothing.
    func after(_ milliseconds: UInt64, _ job: @escaping @Sendable () -> Void) -> @Sendable () -> Void
}

extension Alarm {
    /// Waits for so many milliseconds.
    func wait(_ milliseconds: UInt64) async {
        await withCheckedContinuation { continuation in _ = after(milliseconds) { continuation.resume() } }
    }
}

/// The real one.
public struct DispatchAlarm: Alarm {
    private static let queue = DispatchQueue(label: "coffer.credentials.alarm")

    public init() {}

    public func after(_ milliseconds: UInt64, _ job: @escaping @Sendable () -> Void) -> @Sendable () -> Void {
        nonisolated(unsafe) let item = DispatchWorkItem(block: job)
        // A day at most: who still waits then asks again.
        Self.queue.asyncAfter(deadline: .now() + .milliseconds(Int(min(milliseconds, 86_400_000))), execute: item)
        return { item.cancel() }
    }
}
