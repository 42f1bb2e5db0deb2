import CofferStore
import Glibc
import Synchronization

/// Calls over libcurl's multi interface, on one thread, some hundred at once.
///
/// http and https only, no redirects, no cookies, no proxies but the call's own, answers of limited size.
public final class CurlTransport: UpstreamTransport {
    private let loop: CurlLoop
    private let options: CurlOptions
    /// nil: joined or about to be.
    private let thread: Mutex<pthread_t?>

    /// - Throws: libcurl or a thread cannot be had, or the file of authorities cannot be read.
    public init(options: CurlOptions = CurlOptions()) throws(ProviderError) {
        if let authorities = options.authorities, access(authorities, R_OK) != 0 {
            throw ProviderError("authorities", "the file '\(ProviderText.short(authorities))' cannot be read")
        }
        guard let loop = CurlLoop(options) else { throw ProviderError("", "libcurl cannot be used") }
        self.loop = loop
        self.options = options
        var thread = pthread_t()
        let work = Unmanaged.passRetained(loop)
        guard pthread_create(&thread, nil, Self.runLoop, work.toOpaque()) == 0 else {
            work.release()
            throw ProviderError("", "there is no thread for calls to upstreams")
        }
        self.thread = Mutex(thread)
    }

    deinit { stop() }

    private static let runLoop: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { pointer in
        if let pointer { Unmanaged<CurlLoop>.fromOpaque(pointer).takeRetainedValue().run() }
        return nil
    }

    public func send(_ call: PreparedCall, completion: @escaping @Sendable (StepResult) -> Void) {
        if loop.add(call, completion) { return }
        let answer = UpstreamAnswer(status: 0, failure: "stopped before it was sent", wasSent: false)
        completion(call.judge(answer, now: options.clock()))
    }

    /// Called within a completion it does not wait: that would be for itself.
    public func stop() {
        loop.stop()
        guard let thread = thread.withLock({ thread in
            defer { thread = nil }
            return thread
        }) else { return }
        if pthread_equal(thread, pthread_self()) != 0 { pthread_detach(thread) } else { pthread_join(thread, nil) }
    }
}
