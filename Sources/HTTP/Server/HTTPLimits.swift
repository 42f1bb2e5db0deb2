/// What one connection may cost. The defaults are those of the documentation.
public struct HTTPLimits: Hashable, Sendable {
    /// Bytes of a request's body.
    public var maxBody = 1 << 20
    /// Bytes of all headers together.
    public var maxHead = 64 << 10
    /// Header fields of a request, and trailers.
    public var maxFields = 100
    /// Bytes of the request line.
    public var maxLine = 16 << 10
    /// Seconds from the first byte of a request to the end of its head; also until a new connection's first request (TLS included).
    public var headSeconds = 10.0
    /// Seconds for the whole body.
    public var bodySeconds = 30.0
    /// Seconds between requests, and for a client to take an answer.
    public var idleSeconds = 60.0
    /// For each address. Who comes behind them waits in the kernel's queue.
    public var maxConnections = 1_024
    /// Seconds for unfinished requests when the server stops.
    public var drainSeconds = 10.0
    /// Seconds between looks at the certificate's files.
    public var certificateSeconds = 10.0

    public init() {}
}
