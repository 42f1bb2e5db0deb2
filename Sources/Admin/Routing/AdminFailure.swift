import CofferAccounts
import CofferClient
import CofferCredentials
import CofferHTTP
import CofferJSON
import CofferWire
import NIOHTTP1

/// Why the admin API refuses: one shape for everything (RFC 9457), with the field that was wrong.
struct AdminFailure: Error {
    var status: Int
    /// A word for programs: `invalid-argument`, `denied`, …
    var code: String
    /// The field that was wrong; empty where it was none.
    var field = ""
    var message: String
    var retryAfterSeconds: Int?
    /// Of 405: the methods that the path takes.
    var allow = ""
    /// Of 426: the protocol.
    var upgrade = ""

    static func invalid(_ field: String, _ message: String) -> AdminFailure {
        AdminFailure(status: 400, code: "invalid-argument", field: field, message: message)
    }

    static let unauthorized = AdminFailure(
        status: 401, code: "unauthorized", message: "a bearer access token is needed: 'coffer user token create' makes one")
    static let denied = AdminFailure(status: 403, code: "denied", message: "no policy allows this")
    static let locked = AdminFailure(status: 503, code: "locked", message: "the store is locked", retryAfterSeconds: 5)

    init(status: Int, code: String, field: String = "", message: String, retryAfterSeconds: Int? = nil, allow: String = "", upgrade: String = "") {
        self.upgrade = upgrade
        self.allow = allow
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

    /// What the daemon itself said.
    init(_ error: Failure) {
        switch error.code {
        case .notFound: self = .notFound(error.message)
        case .conflict: self = .conflict(error.message)
        case .busy, .draining: self.init(status: 503, code: Self.word("\(error.code)"), message: error.message, retryAfterSeconds: 1)
        default: self.init(status: 500, code: "failed", message: error.message)
        }
    }

    /// Whatever a route threw.
    init(any error: any Error) {
        switch error {
        case let error as AdminFailure: self = error
        case let error as ClientError: self.init(error)
        case let error as AccountError: self.init(error)
        case is CancellationError: self.init(status: 503, code: "draining", message: "the request was given up", retryAfterSeconds: 1)
        default: self.init(status: 500, code: "internal", message: "the request could not be carried out")
        }
    }

    /// What the services behind the protocol said.
    init(_ error: ClientError) {
        let seconds: Int? = if case .after(let milliseconds) = error.retry { max(1, Int((milliseconds + 999) / 1_000)) } else { nil }
        let status = switch error.code {
        case .invalidArgument, .invalidName, .malformed: 400
        case .denied: 403
        case .notFound, .versionNotFound: 404
        case .conflict, .lastSlot: 409
        case .deleted, .expired: 410
        case .tooLarge: 413
        case .needsPerson, .dead, .upstream: 502
        case .busy, .locked, .readOnly, .draining, .tooManyConnections, .noLiveMember, .limited, .auditUnavailable, .unreachable, .disconnected,
            .resync:
            503
        case .deadlineExceeded, .timedOut: 504
        case .storeFull: 507
        default: 500
        }
        self.init(
            status: status, code: Self.word(error.code.description), message: error.message, retryAfterSeconds: status == 503 ? seconds ?? 1 : seconds)
    }

    /// `notFound` as `not-found`.
    static func word(_ code: String) -> String {
        code.reduce(into: "") { $0 += $1.isUppercase ? "-\($1.lowercased())" : String($1) }
    }

    static func media(_ expected: String) -> AdminFailure {
        AdminFailure(status: 415, code: "unsupported-media-type", message: "the body must be \(expected)")
    }

    static func notFound(_ what: String) -> AdminFailure { AdminFailure(status: 404, code: "not-found", message: what) }
    static func conflict(_ message: String) -> AdminFailure { AdminFailure(status: 409, code: "conflict", message: message) }

    /// `If-Match`, or `If-None-Match`, did not hold.
    static func changed(_ message: String) -> AdminFailure { AdminFailure(status: 412, code: "version-conflict", message: message) }

    func reply(route: String, principal: String) -> HTTPReply {
        var members: [(String, JSONValue)] = [
            ("type", .string("about:blank")), ("title", .string(HTTPResponseStatus(statusCode: status).reasonPhrase)),
            ("status", .integer(Int64(status))), ("code", .string(code)), ("detail", .string(message)),
        ]
        if !field.isEmpty { members.append(("field", .string(field))) }
        var reply = HTTPReply(
            status: status, headers: [("Content-Type", "application/problem+json")], body: JSONValue.object(members).encoded(), route: route,
            principal: principal)
        if status == 401 { reply.headers.append((name: "WWW-Authenticate", value: "Bearer realm=\"coffer\"")) }
        if !allow.isEmpty { reply.headers.append((name: "Allow", value: allow)) }
        if !upgrade.isEmpty { reply.headers.append((name: "Upgrade", value: upgrade)) }
        if let retryAfterSeconds { reply.headers.append((name: "Retry-After", value: "\(retryAfterSeconds)")) }
        return reply
    }
}
