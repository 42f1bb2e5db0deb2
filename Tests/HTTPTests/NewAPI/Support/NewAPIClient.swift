import CofferHTTP
import CofferJSON
import Testing

/// Speaks with the door as a client of new-api does, over plain sockets.
struct NewAPIClient: Sendable {
    let port: Int
    let serverLog: LogLines
    /// Sent with each request.
    var headers: [String] = []

    struct Reply: Sendable {
        let text: String
        var status: Int { text.status }
        var body: String { text.utf8.firstRange(of: "\r\n\r\n".utf8).flatMap { String(text.utf8[$0.upperBound...]) } ?? "" }
        var json: JSONValue { (try? JSONValue.parse(Array(body.utf8), allowsTrailing: false)) ?? .null }
        var success: Bool? { json["success"]?.bool }
        var message: String? { json["message"]?.string }
        var data: JSONValue? { json["data"] }
        var items: [JSONValue] { data?["items"]?.array ?? data?.array ?? [] }
        var names: [String] { items.compactMap { $0["name"]?.string } }
        /// The values of a cookie that is set.
        func cookie(_ name: String) -> String? {
            let line = text.split(separator: "\r\n").first { $0.lowercased().hasPrefix("set-cookie: \(name)=") }
            return line.map { String($0.dropFirst("set-cookie: \(name)=".count).prefix { $0 != ";" }) }
        }
    }

    func with(_ headers: String...) -> NewAPIClient {
        var copy = self
        copy.headers += headers
        return copy
    }

    /// As the bearer of an access token, a login token or a key.
    func bearing(_ token: String) -> NewAPIClient { with("Authorization: Bearer \(token)") }

    func send(_ method: String, _ path: String, _ body: String? = nil) async throws -> Reply {
        var lines = ["\(method) \(path) HTTP/1.1", "Host: localhost", "Connection: close"] + headers
        if let body { lines.append("Content-Length: \(body.utf8.count)") }
        let client = try RawClient(port: port)
        await client.send(lines.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? ""))
        return Reply(text: await client.readToEnd() ?? "(no end)")
    }

    func get(_ path: String) async throws -> Reply { try await send("GET", path) }
    func post(_ path: String, _ body: String? = nil) async throws -> Reply { try await send("POST", path, body) }
    func put(_ path: String, _ body: String? = nil) async throws -> Reply { try await send("PUT", path, body) }
    func delete(_ path: String) async throws -> Reply { try await send("DELETE", path) }

    func login(_ name: String, _ password: String = NewAPIFixture.password) async throws -> Reply {
        let body = JSONValue.object([("username", .string(name)), ("password", .string(password))])
        return try await post("/api/user/login", String(decoding: body.encoded(), as: UTF8.self))
    }
}
