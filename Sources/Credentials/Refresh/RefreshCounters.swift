/// What the issuer did since the start, for health and metrics. Holds no secret.
public struct RefreshCounters: Equatable, Sendable {
    /// A dial by its provider and what its answer came to.
    public struct Dial: Hashable, Sendable {
        public var provider: String
        /// `ok`, `dead`, `limited`, `needs-person` or `down`.
        public var verdict: String

        public init(provider: String, verdict: String) {
            self.provider = provider
            self.verdict = verdict
        }
    }

    public var dials: [Dial: UInt64] = [:]
    /// Refreshes that came to new tokens, and those that did not.
    public var renewed: UInt64 = 0
    public var failed: UInt64 = 0
    /// Now: refreshes that run, calls that wait for their provider's turn, askers that wait, answers that could not be saved yet.
    public var running = 0
    public var queued = 0
    public var waiting = 0
    public var unsaved = 0

    public init() {}
}
