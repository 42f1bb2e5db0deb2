import CofferWire

extension CofferClient {
    /// How scrubs stand: whether one runs, how far it is, and what the last one found.
    /// - Throws: ``ClientError/Code/denied`` without the right, and others.
    public func scrubState(timeout: Duration? = nil) async throws -> ScrubResponse {
        try await read(.scrub, ScrubRequest(.state), timeout: timeout)
    }

    /// Has the daemon read and open every record of the store, in the background; one that runs already goes on. Ask
    /// ``scrubState(timeout:)`` how it gets on.
    @discardableResult
    public func scrubStart(timeout: Duration? = nil) async throws -> ScrubResponse {
        try await read(.scrub, ScrubRequest(.start), timeout: timeout)
    }

    /// Ends the scrub that runs. What it found so far is lost.
    @discardableResult
    public func scrubStop(timeout: Duration? = nil) async throws -> ScrubResponse {
        try await read(.scrub, ScrubRequest(.stop), timeout: timeout)
    }
}
