import CofferAccounts
import CofferCredentials
import CofferJSON

/// Why the admin API refuses: one shape for everything, with the field that was wrong.
struct AdminFailure: Error {
    var status: Int
    /// A word for programs: `invalid-argument`, `denied`, …
    var code: String
    /// The field that was wrong; empty where it was none.
    var field = ""
    var message: String
    var retryAfterSeconds: Int?

    static func invalid(_ field: String, _ message: String) -> AdminFailure {
        AdminFailure(status: 400, code: "invalid-argument", field: field, message: message)
    }

    static let unauthorized = AdminFailure(
        status: 401, code: "unauthorized", message: "a bearer access token is needed: 'coffer user token create' makes one")
    static let denied = AdminFailure(status: 403, code: "denied", message: "no policy allows this")
    static let locked = AdminFailure(status: 503, code: "locked", message: "the store is locked", retryAfterSeconds: 5)

    init(status: Int, code: String, field: String = "", message: String, retryAfterSeconds: Int? = nil) {
        self.status = status
        self.code = code
        self.field = field
        self.message = message
        self.retryAfterSeconds = retryAfterSeconds
    }

    init(_ error: AccountError) {
        switch error.code {
        case .invalidArgument: self.init(status: 400, code: "invalid-argument", field: error.field, message: error.message)
        case .notFound: self.init(status: 404, code: "not-found", field: error.field, message: error.message)
        case .alreadyExists, .conflict, .exhausted, .tooMany:
            self.init(status: 409, code: "conflict", field: error.field, message: error.message)
        case .denied, .loginFailed: self = .denied
        case .busy: self.init(status: 503, code: "busy", message: error.message, retryAfterSeconds: 1)
        case .locked: self = .locked
        case .readOnly: self.init(status: 503, code: "read-only", message: error.message)
        case .storeFull: self.init(status: 507, code: "store-full", message: error.message)
        case .outcomeUnknown: self.init(status: 500, code: "outcome-unknown", message: error.message)
        case .failed: self.init(status: 500, code: "failed", message: error.message)
        }
    }

    init(_ error: CredentialError) {
        let seconds = error.retryAfter == 0 ? nil : Int(clamping: (error.retryAfter + 999) / 1_000)
        switch error.code {
        case .invalidArgument: self.init(status: 400, code: "invalid-argument", field: error.field, message: error.message)
        case .notFound: self.init(status: 404, code: "not-found", field: error.field, message: error.message)
        case .alreadyExists, .conflict, .tooMany: self.init(status: 409, code: "conflict", field: error.field, message: error.message)
        case .denied: self = .denied
        case .needsPerson: self.init(status: 502, code: "needs-person", message: error.message)
        case .dead: self.init(status: 502, code: "dead", message: error.message)
        case .upstream: self.init(status: 502, code: "upstream", message: error.message, retryAfterSeconds: seconds)
        case .noLiveMember: self.init(status: 503, code: "no-live-member", message: error.message, retryAfterSeconds: seconds)
        case .limited: self.init(status: 503, code: "limited", message: error.message, retryAfterSeconds: seconds)
        case .busy: self.init(status: 503, code: "busy", message: error.message, retryAfterSeconds: seconds ?? 1)
        case .timedOut: self.init(status: 504, code: "timed-out", message: error.message)
        case .locked: self = .locked
        case .readOnly: self.init(status: 503, code: "read-only", message: error.message)
        case .storeFull: self.init(status: 507, code: "store-full", message: error.message)
        case .outcomeUnknown: self.init(status: 500, code: "outcome-unknown", message: error.message)
        case .failed: self.init(status: 500, code: "failed", message: error.message)
        }
    }

    func reply(route: String, principal: String) -> HTTPReply {
        var error: [(String, JSONValue)] = [("code", .string(code)), ("message", .string(message))]
        if !field.isEmpty { error.append(("field", .string(field))) }
        var reply = HTTPReply.json(status, JSONValue.object([("error", .object(error))]).encoded(), route: route, principal: principal)
        if status == 401 { reply.headers.append((name: "WWW-Authenticate", value: "Bearer realm=\"coffer\"")) }
        if let retryAfterSeconds { reply.headers.append((name: "Retry-After", value: "\(retryAfterSeconds)")) }
        return reply
    }
}

/// The members of a request's JSON object, taken out one by one. Strict: our own API has no old clients to be lenient with.
struct AdminRequest {
    private var members: [String: JSONValue] = [:]

    /// - Throws: where the body is not one JSON object, or names a member twice.
    init(_ call: HTTPCall) throws(AdminFailure) {
        let type = call.header("Content-Type") ?? ""
        guard type.split(separator: ";").first?.trimmingBlanks().lowercased() == "application/json" else {
            throw AdminFailure(status: 415, code: "unsupported-media-type", message: "the body must be application/json")
        }
        let value: JSONValue
        do throws(JSONError) { value = try JSONValue.parse(call.body, allowsTrailing: false, repairsText: false) } catch {
            throw .invalid("", "the body is not valid JSON: \(error.message)")
        }
        guard case .object(let fields) = value else { throw .invalid("", "the body must be a JSON object") }
        for (name, value) in fields {
            guard members.updateValue(value, forKey: name) == nil else { throw .invalid(String(name.prefix(60)), "the member stands twice") }
        }
    }

    func finish() throws(AdminFailure) {
        guard let name = members.keys.min() else { return }
        throw .invalid(String(name.prefix(60)), "there is no such member")
    }

    mutating func text(_ name: String, _ length: ClosedRange<Int>, default fallback: String? = nil) throws(AdminFailure) -> String {
        guard let value = members.removeValue(forKey: name) else {
            if let fallback { return fallback }
            throw .invalid(name, "the member is missing")
        }
        guard case .string(let text) = value else { throw .invalid(name, "must be a text") }
        guard length.contains(text.utf8.count) else { throw .invalid(name, "must have \(length.lowerBound) to \(length.upperBound) bytes") }
        return text
    }

    /// Numbers above 2^53 − 1 come as texts in all JSON of ours; small ones may.
    mutating func number(_ name: String, _ range: ClosedRange<Int64>, default fallback: Int64? = nil) throws(AdminFailure) -> Int64 {
        guard let value = members.removeValue(forKey: name) else {
            if let fallback { return fallback }
            throw .invalid(name, "the member is missing")
        }
        let number: Int64? = switch value {
        case .integer(let number): number
        case .string(let text): Int64(text).flatMap { String($0) == text ? $0 : nil }
        default: nil
        }
        guard let number, range.contains(number) else {
            throw .invalid(name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// A text of the given length, where there is one.
    mutating func optionalText(_ name: String, _ length: ClosedRange<Int>) throws(AdminFailure) -> String? {
        guard let value = members[name], !value.isNull else {
            members[name] = nil
            return nil
        }
        return try text(name, length)
    }

    mutating func address(_ name: String) throws(AdminFailure) -> ClientAddress? {
        guard let value = members.removeValue(forKey: name), !value.isNull else { return nil }
        guard case .string(let text) = value, let address = ClientAddress(text) else { throw .invalid(name, "must be an IPv4 or IPv6 address") }
        return address
    }
}

extension Substring {
    fileprivate func trimmingBlanks() -> Substring {
        var text = self
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }
}

extension JSONValue {
    /// A number, or its digits as a text where JavaScript would lose some (formats.md 15).
    static func exact(_ number: Int64) -> JSONValue {
        number.magnitude <= (1 << 53) - 1 ? .integer(number) : .string("\(number)")
    }

    static func exact(_ number: UInt64) -> JSONValue {
        number <= (1 << 53) - 1 ? .integer(Int64(number)) : .string("\(number)")
    }
}
