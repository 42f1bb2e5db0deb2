import CLinux
import CofferStore
import Dispatch
import Glibc
import Logging
import Synchronization

/// Tells the service manager how the daemon stands (sd_notify(3)), and that it lives. Our own: it is one datagram of `KEY=VALUE` lines,
/// and no Swift package speaks it.
final class ServiceNotifier: CommitListener {
    private let address: String
    /// Microseconds within which the service manager wants to hear of us; `nil`: it does not.
    private let patience: UInt64?
    private let logger: Logger
    private let ending = DispatchSemaphore(value: 0)
    private let watcher = Mutex<LoopThread?>(nil)

    /// - Returns: `nil` where no service manager listens.
    init?(environment: [String: String], pid: Int32 = getpid(), logger: Logger) {
        guard let address = environment["NOTIFY_SOCKET"], address.utf8.count > 1, address.hasPrefix("/") || address.hasPrefix("@") else {
            return nil
        }
        self.address = address
        self.logger = logger
        patience = Self.patience(environment, pid: pid)
    }

    /// - Returns: microseconds; `nil` where nobody watches, or watches another process.
    static func patience(_ environment: [String: String], pid: Int32) -> UInt64? {
        if let owner = environment["WATCHDOG_PID"], owner != "\(pid)" { return nil }
        return environment["WATCHDOG_USEC"].flatMap(UInt64.init).flatMap { (1_000...UInt64(UInt32.max) * 1_000_000).contains($0) ? $0 : nil }
    }

    /// Everything listens that was configured.
    func ready(isLocked: Bool) { send("READY=1\nSTATUS=\(Self.status(isLocked: isLocked))") }

    func stopping() { send("STOPPING=1\nSTATUS=stopping") }

    /// Tells it twice within its patience that the daemon lives, as long as all threads of `server` answer in time; ends with ``stop()``.
    func watch(_ server: SocketServer) throws(SocketError) {
        guard let patience else { return }
        let half = DispatchTimeInterval.microseconds(Int(patience / 2))
        let quarter = max(Int(patience / 4_000), 1)
        let thread = try LoopThread(name: "coffer-watchdog") { [self] in
            while ending.wait(timeout: .now() + half) == .timedOut {
                if server.answers(withinMilliseconds: quarter) {
                    send("WATCHDOG=1")
                } else {
                    logger.error("a thread that serves does not answer", metadata: ["milliseconds": "\(quarter)"])
                }
            }
        }
        watcher.withLock { $0 = thread }
    }

    /// Blocks until nothing more is told.
    func stop() {
        let thread = watcher.withLock { watcher in
            defer { watcher = nil }
            return watcher
        }
        ending.signal()
        thread?.join()
    }

    // MARK: Following the store

    func committed(_ changes: [Change]) {}
    func lockChanged(locked: Bool) { send("STATUS=\(Self.status(isLocked: locked))") }
    func restoring() {}
    func restored() {}

    private static func status(isLocked: Bool) -> String { isLocked ? "locked: waits for 'coffer unlock'" : "serving" }

    private func send(_ text: String) {
        let bytes = Array(text.utf8)
        let result = coffer_send_datagram(address, bytes, bytes.count)
        if result < 0 { logger.warning("the service manager cannot be told", metadata: ["reason": "\(String(cString: strerror(-result)))"]) }
    }
}
