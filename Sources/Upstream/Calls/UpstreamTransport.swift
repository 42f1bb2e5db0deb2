/// Sends calls. ``CurlTransport`` is the real one.
public protocol UpstreamTransport: Sendable {
    /// - Parameter completion: called exactly once, on the transport's thread (after ``stop()`` on the caller's); must not block.
    func send(_ call: PreparedCall, completion: @escaping @Sendable (StepResult) -> Void)
    /// Abandons what runs and waits; completes it as down. What is sent afterwards is completed as down at once.
    func stop()
}

extension UpstreamTransport {
    /// Sends a call and waits for its end. A cancelled task waits too: a dial that has begun is never given up.
    public func send(_ call: PreparedCall) async -> StepResult {
        await withCheckedContinuation { continuation in
            send(call) { continuation.resume(returning: $0) }
        }
    }
}
