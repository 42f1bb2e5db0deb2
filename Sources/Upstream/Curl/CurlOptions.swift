/// Settings of ``CurlTransport``.
public struct CurlOptions: Sendable {
    /// PEM file with the authorities to trust; nil: those of the system.
    public var authorities: String?
    /// Sent as `User-Agent`.
    public var userAgent = "coffer/0.1"
    /// Calls at once; more wait. 1 to 1,000.
    public var maximumTransfers = 256
    /// Largest answer after decompression, in bytes.
    public var answerLimit = 1 << 20
    /// Largest sum of an answer's header lines, in bytes.
    public var headerLimit = 64 << 10
    /// To the end of the handshakes, in milliseconds, where the step's own time limit is not shorter.
    public var connectTimeout: UInt32 = 15_000
    /// Unix milliseconds now.
    public var clock: @Sendable () -> UInt64 = UnixClock.now

    public init() {}
}
