import CofferHTTP
import CofferJSON

/// Speaks with the door as a client of RAGFlow does, over plain sockets.
struct RAGFlowClient: Sendable {
    let port: Int
    let serverLog: LogLines
    /// Sent with each request.
    var authorization: String?

    struct Reply: Sendable {
        let text: String
        var status: Int { text.status }
        var body: String { text.utf8.firstRange(of: "\r\n\r\n".utf8).flatMap { String(text.utf8[$0.upperBound...]) } ?? "" }
        var json: JSONValue { (try? JSONValue.parse(Array(body.utf8))) ?? .null }
        var code: Int64? { json["code"]?.integer }
        var message: String? { json["message"]?.string }
        var data: JSONValue? { json["data"] }
        /// Status and code.
        var verdict: String { "\(status) \(code ?? -1)" }
    }

    func with(_ authorization: String?) -> RAGFlowClient {
        var copy = self
        copy.authorization = authorization
        return copy
    }

    func send(_ method: String, _ path: String, _ body: String? = nil, headers: [String] = []) async throws -> Reply {
        var lines = ["\(method) \(path) HTTP/1.1", "Host: localhost", "Connection: close"] + headers
        if let authorization { lines.append("Authorization: \(authorization)") }
        if let body { lines.append("Content-Length: \(body.utf8.count)") }
        let client = try RawClient(port: port)
        await client.send(lines.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? ""))
        return Reply(text: await client.readToEnd() ?? "(no end)")
    }

    func get(_ path: String) async throws -> Reply { try await send("GET", path) }
    func post(_ path: String, _ body: String? = nil) async throws -> Reply { try await send("POST", path, body) }
    func delete(_ path: String) async throws -> Reply { try await send("DELETE", path) }

    func login(_ email: String, _ password: String = "123", path: String = "/v1/user/login") async throws -> Reply {
        let sealed = try await LoginKeyPair.shared.seal(password)
        return try await post(path, "{\"email\":\"\(email)\",\"password\":\"\(sealed)\"}")
    }

    func register(
        _ email: String, nickname: String = "qa", _ password: String = "123", path: String = "/v1/user/register"
    ) async throws -> Reply {
        let sealed = try await LoginKeyPair.shared.seal(password)
        return try await post(path, "{\"email\":\"\(email)\",\"nickname\":\"\(nickname)\",\"password\":\"\(sealed)\"}")
    }

    /// A client that is logged in.
    func loggedIn(_ email: String) async throws -> RAGFlowClient { with(try await login(email).text.header("Authorization") ?? "") }

    /// A new API key.
    func newToken() async throws -> String { try await post("/v1/system/new_token").data?["token"]?.string ?? "" }

    func tokens() async throws -> [String] { try await get("/v1/system/token_list").data?.array?.compactMap { $0["token"]?.string } ?? [] }
}
