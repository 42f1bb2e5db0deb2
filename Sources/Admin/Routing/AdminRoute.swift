import CofferJSON

/// One operation of the API: where it is, what it takes and gives, and what carries it out. The routes are the OpenAPI document.
struct AdminRoute: Sendable {
    struct Parameter: Sendable {
        var name: String
        var schema: Schema = .text
        var summary: String
    }

    var method: String
    /// A template: `/v1/secrets/{name}`.
    var path: String
    /// What clients that are generated call it: `getSecret`.
    var operation: String
    var tag: String
    var summary: String
    var query: [Parameter] = []
    /// Headers beside those that all have: `If-Match`.
    var headers: [String] = []
    var body: Schema?
    /// Status and body of the success; no schema: no body.
    var status = 200
    var answer: Schema?
    /// What the body is, where it is no JSON.
    var answerType = "application/json"
    var access = Access.caller
    /// Whether it changes nothing.
    var isRead: Bool
    var run: @Sendable (inout AdminCall) async throws -> AdminReply

    enum Access: Sendable {
        /// Nobody has to be known.
        case anybody
        case caller
        /// A session must have given its password a moment ago.
        case stepUp
    }

    init(
        _ method: String, _ path: String, _ operation: String, tag: String, _ summary: String, query: [Parameter] = [], headers: [String] = [],
        body: Schema? = nil, status: Int = 200, answer: Schema? = nil, access: Access = .caller, isRead: Bool? = nil,
        run: @escaping @Sendable (inout AdminCall) async throws -> AdminReply
    ) {
        self.method = method
        self.path = path
        self.operation = operation
        self.tag = tag
        self.summary = summary
        self.query = query
        self.headers = headers
        self.body = body
        self.status = status
        self.answer = answer
        self.access = access
        self.isRead = isRead ?? (method == "GET")
        self.run = run
        segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map {
            $0.hasPrefix("{") ? .parameter(String($0.dropFirst().dropLast())) : .word(String($0))
        }
    }

    enum Segment: Sendable {
        case word(String)
        case parameter(String)
    }

    let segments: [Segment]

    /// For log and audit: nothing that the client chose.
    var name: String { "\(method) \(path)" }
    var parameters: [String] { segments.compactMap { if case .parameter(let name) = $0 { name } else { nil } } }
}

/// All routes, found by method and path.
struct RouteTable: Sendable {
    let routes: [AdminRoute]
    /// By the number of segments.
    private let byLength: [Int: [Int]]

    init(_ routes: [AdminRoute]) {
        self.routes = routes
        byLength = Dictionary(grouping: routes.indices) { routes[$0].segments.count }
    }

    enum Match {
        case route(AdminRoute, [String: [UInt8]])
        /// The path is there, for these methods.
        case methods([String])
        case nothing
        /// A segment is no percent-encoding.
        case unreadable
    }

    /// - Parameter path: raw, without the query.
    func match(_ method: String, _ path: String) -> Match {
        let raw = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        var segments: [[UInt8]] = []
        for segment in raw {
            guard let bytes = PercentText.decoded(segment) else { return .unreadable }
            segments.append(bytes)
        }
        var methods: [String] = []
        // Words go before parameters: routes are listed in this order.
        for index in byLength[segments.count] ?? [] {
            guard let parameters = Self.parameters(routes[index], raw, segments) else { continue }
            if routes[index].method == method { return .route(routes[index], parameters) }
            methods.append(routes[index].method)
        }
        return methods.isEmpty ? .nothing : .methods(methods)
    }

    /// Words stand as they are: one that is percent-encoded is another one, for a proxy in front as for us.
    private static func parameters(_ route: AdminRoute, _ raw: ArraySlice<Substring>, _ segments: [[UInt8]]) -> [String: [UInt8]]? {
        var parameters: [String: [UInt8]] = [:]
        for (part, (raw, bytes)) in zip(route.segments, zip(raw, segments)) {
            switch part {
            case .word(let word): guard raw.utf8.elementsEqual(word.utf8) else { return nil }
            case .parameter(let name):
                guard !bytes.isEmpty else { return nil }
                parameters[name] = bytes
            }
        }
        return parameters
    }
}

/// Segments of a path: a name may have any bytes, `/` among them.
enum PercentText {
    /// - Returns: `nil` where a `%` has not two hexadecimal digits behind it.
    static func decoded(_ text: Substring) -> [UInt8]? {
        var bytes: [UInt8] = []
        let utf8 = Array(text.utf8)
        var index = 0
        while index < utf8.count {
            guard utf8[index] == UInt8(ascii: "%") else {
                bytes.append(utf8[index])
                index += 1
                continue
            }
            guard index + 2 < utf8.count, let byte = Hexadecimal.bytes(String(decoding: utf8[(index + 1)...(index + 2)], as: UTF8.self).lowercased())
            else { return nil }
            bytes += byte
            index += 3
        }
        return bytes
    }

    /// Everything but letters, digits and `-._~` encoded.
    static func encoded(_ bytes: some Sequence<UInt8>) -> String {
        bytes.reduce(into: "") { text, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                text.unicodeScalars.append(UnicodeScalar(byte))
            default: text += "%" + Hexadecimal.text([byte]).uppercased()
            }
        }
    }
}
