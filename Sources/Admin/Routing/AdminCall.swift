import CofferAccounts
import CofferClient
import CofferHTTP
import CofferJSON
import CofferStore

/// A request whose route is known: what a route's own code asks.
struct AdminCall: Sendable {
    let http: HTTPCall
    let route: AdminRoute
    let parameters: [String: [UInt8]]
    let api: AdminAPI
    /// `nil` only where anybody may call.
    let caller: AdminCaller?
    /// Of a route that takes one; what nobody has asked for is refused at the end.
    var body: AdminBody
    private let items: [(name: String, value: String)]

    init(_ http: HTTPCall, _ route: AdminRoute, _ parameters: [String: [UInt8]], api: AdminAPI, caller: AdminCaller?) throws(AdminFailure) {
        self.http = http
        self.route = route
        self.parameters = parameters
        self.api = api
        self.caller = caller
        items = http.queryItems
        for (index, item) in items.enumerated() {
            guard item.name == "tenant" || route.query.contains(where: { $0.name == item.name }) else {
                throw .invalid(String(item.name.prefix(60)), "there is no such query parameter")
            }
            guard !items[..<index].contains(where: { $0.name == item.name }) else {
                throw .invalid(item.name, "the query parameter stands twice")
            }
        }
        body = route.body == nil ? AdminBody() : try AdminBody(http, isOptional: route.body?.isOptional == true)
    }

    // MARK: Who

    func requireCaller() throws(AdminFailure) -> AdminCaller {
        guard let caller else { throw .unauthorized }
        return caller
    }

    /// The caller's connection to the services.
    func client() throws -> CofferClient {
        let caller = try requireCaller()
        let home = api.accounts.tenants.find(caller.user.home)?.name.description ?? "main"
        return try api.clients.client(for: caller.identity(tenant: try query("tenant", 1...255) ?? home))
    }

    // MARK: Path and query

    func bytes(_ parameter: String) -> [UInt8] { parameters[parameter] ?? [] }

    /// - Throws: where the segment is no UTF-8, or too long for any id.
    func text(_ parameter: String) throws(AdminFailure) -> String {
        guard let text = String(validating: bytes(parameter), as: UTF8.self), text.utf8.count <= Limits.id, !text.utf8.contains(0) else {
            throw .invalid(parameter, "must be UTF-8 of 1 to \(Limits.id) bytes")
        }
        return text
    }

    private enum Limits { static let id = 600 }

    func query(_ name: String, _ length: ClosedRange<Int> = 0...1_024) throws(AdminFailure) -> String? {
        guard let value = items.first(where: { $0.name == name })?.value else { return nil }
        guard length.contains(value.utf8.count) else {
            throw .invalid(name, "must have \(length.lowerBound) to \(length.upperBound) bytes")
        }
        return value
    }

    func queryNumber(_ name: String, _ range: ClosedRange<UInt64>) throws(AdminFailure) -> UInt64? {
        guard let text = try query(name) else { return nil }
        guard let number = UInt64(text), String(number) == text, range.contains(number) else {
            throw .invalid(name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func queryFlag(_ name: String) throws(AdminFailure) -> Bool {
        switch try query(name) {
        case nil, "false": return false
        case "true": return true
        default: throw .invalid(name, "must be true or false")
        }
    }

    /// `limit`, and where none is given 100.
    func limit() throws(AdminFailure) -> Int { Int(try queryNumber("limit", 1...1_000) ?? 100) }

    // MARK: Conditions

    /// The number in `If-Match: "7"`; `nil`: the client does not care.
    func ifMatch() throws(AdminFailure) -> UInt64? { try number(inTag: "If-Match") }

    /// Whether the client has this version already.
    func hasAlready(_ version: UInt64) -> Bool {
        (http.header("If-None-Match") ?? "").split(separator: ",").contains { $0.drop(while: { $0 == " " }) == "\"\(version)\"" }
    }

    /// `If-None-Match: *`: only where there is nothing yet.
    var wantsNothingThere: Bool { http.header("If-None-Match") == "*" }

    private func number(inTag header: String) throws(AdminFailure) -> UInt64? {
        guard let tag = http.header(header), tag != "*" else { return nil }
        guard tag.utf8.count > 2, tag.hasPrefix("\""), tag.hasSuffix("\""), let number = UInt64(tag.dropFirst().dropLast()), number > 0 else {
            throw .invalid(header, "must be a tag as ETag gives it: a number in double quotes")
        }
        return number
    }
}

/// What a route gives.
struct AdminReply: Sendable {
    var status = 200
    var json: JSONValue?
    var headers: [(name: String, value: String)] = []
    var stream: HTTPStream?
    var tunnel: HTTPTunnel?
    /// A body that is no JSON, with its type in the headers.
    var bytes: [UInt8]?
    /// Whether something in it is shown this once: it is not kept for a repeated request.
    var isSecret = false

    static func json(_ value: JSONValue, status: Int = 200) -> AdminReply { AdminReply(status: status, json: value) }
    static let nothing = AdminReply(status: 204)
    static let notModified = AdminReply(status: 304)

    func tagged(_ version: UInt64) -> AdminReply {
        var reply = self
        reply.headers.append(("ETag", "\"\(version)\""))
        return reply
    }
}
