import CCurl
import Glibc
import Synchronization

/// The transport's thread and what it shares with callers.
///
/// Unchecked: `multi` is used by the thread alone, but for the wake-up, which libcurl allows and the lock orders before the
/// end; `running` and `waiting` are the thread's own.
final class CurlLoop: @unchecked Sendable {
    private struct Inbox {
        var calls: [(PreparedCall, @Sendable (StepResult) -> Void)] = []
        var isStopping = false
        /// The thread has let go of `multi`.
        var isClosed = false
    }

    private let options: CurlOptions
    private let multi: UnsafeMutableRawPointer
    private let inbox = Mutex(Inbox())
    private var running: [UnsafeMutableRawPointer: CurlTransfer] = [:]
    private var waiting: [CurlTransfer] = []

    private static let isInitialised = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    /// nil: libcurl cannot be had.
    init?(_ options: CurlOptions) {
        guard Self.isInitialised, let multi = curl_multi_init() else { return nil }
        self.multi = multi
        self.options = options
        _ = coffer_curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, 64)
    }

    /// - Returns: false where the loop is stopping: nobody will complete the call.
    func add(_ call: PreparedCall, _ completion: @escaping @Sendable (StepResult) -> Void) -> Bool {
        inbox.withLock { inbox in
            if inbox.isStopping { return false }
            inbox.calls.append((call, completion))
            curl_multi_wakeup(multi)
            return true
        }
    }

    func stop() {
        inbox.withLock { inbox in
            inbox.isStopping = true
            if !inbox.isClosed { curl_multi_wakeup(multi) }
        }
    }

    // MARK: The thread

    func run() {
        // A peer that goes away is an error code, not a signal; other signals are the main thread's.
        var signals = sigset_t()
        sigfillset(&signals)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        while takeIn() {
            start()
            var count: Int32 = 0
            curl_multi_perform(multi, &count)
            let finished = finish()
            // A place that has become free is filled before the thread sleeps.
            if finished && !waiting.isEmpty { continue }
            curl_multi_poll(multi, nil, 0, 10_000, nil)
        }
        abandon()
        inbox.withLock { $0.isClosed = true }
        curl_multi_cleanup(multi)
    }

    /// - Returns: false: the end.
    private func takeIn() -> Bool {
        let (calls, isStopping) = inbox.withLock { inbox in
            defer { inbox.calls = [] }
            return (inbox.calls, inbox.isStopping)
        }
        waiting += calls.map { CurlTransfer($0.0, options, $0.1) }
        return !isStopping
    }

    private func start() {
        let free = max(0, min(1_000, max(1, options.maximumTransfers)) - running.count)
        let next = waiting.prefix(free)
        waiting.removeFirst(next.count)
        for transfer in next {
            guard transfer.open(), let handle = transfer.handle, curl_multi_add_handle(multi, handle) == CURLM_OK else {
                transfer.complete("the request could not be set up")
                transfer.release()
                continue
            }
            running[handle] = transfer
        }
    }

    private func finish() -> Bool {
        var isAny = false
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle else { continue }
            let code = message.pointee.data.result
            curl_multi_remove_handle(multi, handle)
            guard let transfer = running.removeValue(forKey: handle) else { continue }
            isAny = true
            transfer.complete(transfer.failure(code))
            transfer.release()
        }
        return isAny
    }

    private func abandon() {
        for (handle, transfer) in running {
            curl_multi_remove_handle(multi, handle)
            transfer.complete("stopped before the answer came")
            transfer.release()
        }
        running = [:]
        for transfer in waiting { transfer.complete("stopped before it was sent") }
        waiting = []
    }
}
