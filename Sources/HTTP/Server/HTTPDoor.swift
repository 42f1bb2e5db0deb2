/// One HTTP API.
public protocol HTTPDoor: Sendable {
    /// As in the configuration: "newapi".
    var id: String { get }
    /// What belongs to it; see ``PathClaim``.
    var claims: [PathClaim] { get }
    /// What a request is, before it is answered: a HEAD comes as GET.
    /// - Parameter path: raw, without the query; not yet checked for anything.
    func route(method: String, path: String) -> HTTPRoute
    /// Answers a request that the server found whole and for this door.
    func answer(_ call: HTTPCall) async -> HTTPReply
    /// What the server itself refuses, in the door's own failure shape.
    /// - Parameters:
    ///   - method: as sent.
    ///   - path: raw, without the query; not yet checked for anything.
    func refusal(_ refusal: HTTPRefusal, method: String, path: String) -> HTTPReply
    /// A header beside `X-Request-Id` that has the request's id in answers of this API. ``answer(_:)`` sets it itself; to a
    /// ``refusal(_:method:path:)`` the server adds it.
    var requestIDHeader: String? { get }
}

extension HTTPDoor {
    public var requestIDHeader: String? { nil }
}

/// What belongs to a door on an address that it shares with others. Paths are compared raw, byte for byte.
public enum PathClaim: Hashable, Sendable {
    /// "/api/status", also with a trailing slash. Goes before another door's tree.
    case exact(String)
    /// "/api/token": it and all below.
    case tree(String)
    /// All that comes, on an address of its own; on a shared one it gives way.
    case everything
}

/// Why the server answered in place of the door.
public enum HTTPRefusal: Hashable, Sendable {
    /// The body is longer than so many bytes.
    case bodyTooLarge(limit: Int)
    /// The head or the body came too slowly.
    case timeOut
    /// The `Host` header names somebody else (decisions 21).
    case badHost
    case tooManyAttempts(retryAfterSeconds: Int)
    /// The daemon is stopping (decisions 20).
    case draining
    /// The audit log cannot be written (decisions 20).
    case auditDown
    /// Not a request that can be read in one way only.
    case unreadable

    /// The status that HTTP has for it.
    public var status: Int {
        switch self {
        case .bodyTooLarge: 413
        case .timeOut: 408
        case .badHost: 403
        case .tooManyAttempts: 429
        case .draining, .auditDown: 503
        case .unreadable: 400
        }
    }

    /// A sentence in English, without anything that the client sent.
    public var message: String {
        switch self {
        case .bodyTooLarge(let limit): "the body is longer than \(limit) bytes"
        case .timeOut: "the request came too slowly"
        case .badHost: "this host name is not served here"
        case .tooManyAttempts(let seconds): "too many failed attempts; try again in \(seconds) s"
        case .draining: "the server is stopping"
        case .auditDown: "the audit log cannot be written"
        case .unreadable: "the request cannot be read"
        }
    }

    /// Whether it says nothing of the request: each API has a shape for that.
    var isOutage: Bool { self == .draining || self == .auditDown }

    /// `Retry-After` in seconds, where there is one.
    public var retryAfterSeconds: Int? {
        switch self {
        case .tooManyAttempts(let seconds): seconds
        case .draining, .auditDown: 5
        default: nil
        }
    }
}
