/// A door's answer. The server adds what is the same everywhere: length, date, request id and the headers that keep caches away.
public struct HTTPReply: Sendable {
    /// 200 to 599.
    public var status: Int
    /// Names and values as they are sent. Content-Length, Transfer-Encoding, Connection and Date are the server's.
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]
    /// For the log: the route's pattern such as "DELETE /api/token/:id", never the path itself.
    public var route: String
    /// For the log: "login:alice"; "" where nobody is known.
    public var principal: String
    /// What comes piece by piece, in place of ``body``; the connection ends behind it.
    public var stream: HTTPStream?
    /// Another protocol that the connection goes on with, in place of a body.
    public var tunnel: HTTPTunnel?

    public init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = [], route: String, principal: String = "") {
        self.status = status
        self.headers = headers
        self.body = body
        self.route = route
        self.principal = principal
    }

    /// An answer with `Content-Type: application/json; charset=utf-8`.
    public static func json(_ status: Int, _ body: [UInt8], route: String, principal: String = "") -> HTTPReply {
        HTTPReply(
            status: status, headers: [("Content-Type", "application/json; charset=utf-8")], body: body, route: route, principal: principal)
    }

    /// An answer with `Content-Type: text/plain; charset=utf-8`.
    public static func text(_ status: Int, _ body: String, route: String, principal: String = "") -> HTTPReply {
        HTTPReply(
            status: status, headers: [("Content-Type", "text/plain; charset=utf-8")], body: Array(body.utf8), route: route,
            principal: principal)
    }
}
