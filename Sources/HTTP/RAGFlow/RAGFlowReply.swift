import CofferAccounts
import CofferJSON

/// What went well: `{"code","data","message"}` with HTTP 200.
struct RAGFlowAnswer {
    var code = RAGFlowCode.success
    var data: JSONValue
    var message = "success"
    var headers: [(name: String, value: String)] = []
}

/// The numbers in `code` (compat/ragflow.md 1).
enum RAGFlowCode {
    static let success = 0
    static let exception = 100
    static let argument = 101
    static let data = 102
    static let operating = 103
    static let authentication = 109
    static let unauthorized = 401
    static let forbidden = 403
    static let notFound = 404
    static let server = 500
}

/// What went wrong, in RAGFlow's words. Business failures are HTTP 200.
struct RAGFlowFailure: Error {
    /// What stands under `data`: upstream's routes differ, and some leave it out.
    enum Field { case absent, null, no }

    var status = 200
    var code: Int
    var message: String
    var data: Field = .null
    /// Seconds.
    var retryAfter: Int?
    /// Words of their own beside the envelope, as the 404 of v0.24.0 and later has.
    var error: String?

    static let unauthorized = RAGFlowFailure(
        status: 401, code: RAGFlowCode.unauthorized, message: "<Unauthorized '401: Unauthorized'>")
    static let tenantNotFound = RAGFlowFailure(code: RAGFlowCode.data, message: "Tenant not found!", data: .absent)
    static let locked = unavailable("the store is locked", retryAfter: 5)

    static func unavailable(_ message: String, retryAfter: Int) -> Self {
        RAGFlowFailure(status: 503, code: RAGFlowCode.server, message: message, retryAfter: retryAfter)
    }

    static func missing(_ arguments: [String]) -> Self {
        RAGFlowFailure(code: RAGFlowCode.argument, message: "required argument are missing: \(arguments.joined(separator: ",")); ")
    }

    /// Where nothing more is known than what the accounts say; their texts have no secrets.
    init(_ error: AccountError) {
        switch error.code {
        case .locked, .readOnly, .storeFull: self = .unavailable(error.message, retryAfter: 5)
        case .busy: self = .unavailable(error.message, retryAfter: 1)
        case .invalidArgument, .alreadyExists: self.init(code: RAGFlowCode.argument, message: error.message)
        case .denied: self.init(code: RAGFlowCode.forbidden, message: error.message)
        default: self.init(code: RAGFlowCode.exception, message: error.message)
        }
    }

    init(status: Int = 200, code: Int, message: String, data: Field = .null, retryAfter: Int? = nil, error: String? = nil) {
        self.status = status
        self.code = code
        self.message = message
        self.data = data
        self.retryAfter = retryAfter
        self.error = error
    }
}

/// The JSON that RAGFlow's server writes: keys in alphabetical order, a newline at the end.
enum RAGFlowEnvelope {
    static func reply(_ answer: RAGFlowAnswer, route: String, principal: String) -> HTTPReply {
        let fields: [(String, JSONValue)] = [
            ("code", .integer(Int64(answer.code))), ("data", answer.data), ("message", .string(answer.message)),
        ]
        return reply(200, .object(fields), headers: answer.headers, route: route, principal: principal)
    }

    static func reply(_ failure: RAGFlowFailure, route: String, principal: String) -> HTTPReply {
        var fields: [(String, JSONValue)] = [("code", .integer(Int64(failure.code))), ("message", .string(failure.message))]
        switch failure.data {
        case .absent: break
        case .null: fields.append(("data", .null))
        case .no: fields.append(("data", .bool(false)))
        }
        if let error = failure.error { fields.append(("error", .string(error))) }
        let headers = failure.retryAfter.map { [(name: "Retry-After", value: String($0))] } ?? []
        return reply(failure.status, .object(fields), headers: headers, route: route, principal: principal)
    }

    static func reply(
        _ status: Int, _ body: JSONValue, headers: [(name: String, value: String)] = [], route: String, principal: String
    ) -> HTTPReply {
        var reply = HTTPReply.json(status, body.alphabetical.encoded() + [UInt8(ascii: "\n")], route: route, principal: principal)
        reply.headers = [("Content-Type", "application/json")] + headers
        return reply
    }
}

extension JSONValue {
    /// The same with the keys of all objects in alphabetical order.
    fileprivate var alphabetical: JSONValue {
        switch self {
        case .object(let fields): .object(fields.sorted { $0.0 < $1.0 }.map { ($0.0, $0.1.alphabetical) })
        case .array(let items): .array(items.map(\.alphabetical))
        default: self
        }
    }
}
