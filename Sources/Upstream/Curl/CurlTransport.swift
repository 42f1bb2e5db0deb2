import CCurl
import CofferStore

/// Calls over libcurl's multi interface, on one thread.
public final class CurlTransport: UpstreamTransport {
    public init(options: CurlOptions = CurlOptions()) throws(ProviderError) {}
    public func send(_ call: PreparedCall, completion: @escaping @Sendable (StepResult) -> Void) {}
    public func stop() {}
}
