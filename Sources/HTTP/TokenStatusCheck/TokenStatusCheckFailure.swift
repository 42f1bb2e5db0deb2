import CofferCredentials
import CofferJSON

/// Why a request came to nothing: `{"error":"…"}` with a status that monitors understand (compat/tokenstatuscheck.md 3).
struct TokenStatusCheckFailure: Error, Equatable, Sendable {
    var status: Int
    var code: String
    /// Seconds.
    var retryAfter: Int?
    var header: (name: String, value: String)?

    init(_ status: Int, _ code: String, retryAfter: Int? = nil, header: (name: String, value: String)? = nil) {
        self.status = status
        self.code = code
        self.retryAfter = retryAfter
        self.header = header
    }

    static func == (left: Self, right: Self) -> Bool { left.status == right.status && left.code == right.code }

    static let unauthorized = TokenStatusCheckFailure(401, "unauthorized", header: ("WWW-Authenticate", "Bearer"))
    static let upstream = TokenStatusCheckFailure(502, "upstream_unavailable")
    static let unavailable = TokenStatusCheckFailure(503, "unavailable", retryAfter: TokenStatusCheckBounds.retryAfter)

    func reply(route: String) -> HTTPReply {
        var reply = HTTPReply.json(status, JSONValue.object([("error", .string(code))]).encoded(), route: route)
        if let header { reply.headers.append(header) }
        if let retryAfter { reply.headers.append(("Retry-After", String(retryAfter))) }
        return reply
    }
}
