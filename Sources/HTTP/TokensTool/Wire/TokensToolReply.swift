import CofferAccounts
import CofferCredentials
import CofferJSON

/// Why a request came to nothing, on its way to becoming an answer (compat/tokenstool.md 0).
enum TokensToolFailure: Error, Sendable {
    /// The envelope with code 0 and HTTP 200: whatever the API itself has to say.
    case refused(String)
    /// Nobody is logged in: two keys, no content type.
    case notLoggedIn
    /// What the framework answers before the API is asked: 400, 404, 405, 415, 500.
    case framework(status: Int)
    /// Nothing can be said now: locked, draining (decisions 20).
    case unavailable

    static let badRequest = TokensToolFailure.framework(status: 400)

    /// - Parameter text: what this API says where something of this kind went wrong.
    init(_ error: CredentialError, _ text: String) {
        switch error.code {
        case .locked, .busy, .readOnly: self = .unavailable
        default: self = .refused(text)
        }
    }

    /// - Parameter because: whether the reason stands behind the text: it is one that the original does not know.
    init(_ error: AccountError, _ text: String, because: Bool = false) {
        switch error.code {
        case .locked, .busy, .readOnly: self = .unavailable
        default: self = .refused(because ? "\(text)：\(error.message)" : text)
        }
    }
}

/// The bodies that the API answers with.
enum TokensToolReply {
    static func success(_ data: JSONValue) -> JSONValue {
        .object([("code", .integer(1)), ("msg", .string("success")), ("data", data)])
    }

    static func failure(_ text: String) -> JSONValue { .object([("code", .integer(0)), ("msg", .string(text)), ("data", .null)]) }

    static let notLoggedIn = JSONValue.object([("code", .integer(0)), ("msg", .string("NOT_LOGIN"))])

    /// `application/json` without a charset, as the original has it.
    static func json(_ status: Int, _ body: JSONValue, route: String) -> HTTPReply {
        HTTPReply(status: status, headers: [("Content-Type", "application/json")], body: body.encoded(), route: route)
    }

    /// - Parameter wantsPage: whether the client asked for HTML, as a browser does that is sent to the path itself.
    static func framework(_ status: Int, path: String, wantsPage: Bool, now: UInt64, route: String) -> HTTPReply {
        let word = word(status)
        if wantsPage {
            let page = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>\(status) \(word)</title></head>"
                + "<body><h1>\(status) \(word)</h1></body></html>\n"
            return HTTPReply(
                status: status, headers: [("Content-Type", "text/html; charset=utf-8"), ("Content-Security-Policy", "default-src 'none'")],
                body: Array(page.utf8), route: route)
        }
        return json(
            status,
            .object([
                ("timestamp", .string(timestamp(now))), ("status", .integer(Int64(status))), ("error", .string(word)), ("path", .string(path)),
            ]), route: route)
    }

    /// `2024-01-20T03:04:05.678+00:00`.
    static func timestamp(_ now: UInt64) -> String {
        let millisecond = String(1_000 + now % 1_000).dropFirst()
        return "\(utc.text(now).replacing(" ", with: "T")).\(millisecond)+00:00"
    }

    private static let utc = DoorTime(zone: "GMT")

    private static func word(_ status: Int) -> String {
        switch status {
        case 400: "Bad Request"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 413: "Payload Too Large"
        case 415: "Unsupported Media Type"
        case 429: "Too Many Requests"
        case 503: "Service Unavailable"
        default: "Internal Server Error"
        }
    }
}
