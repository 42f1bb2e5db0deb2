import CofferHTTP
import CofferJSON
import CofferPage

/// The files of the page, the OpenAPI document and its readable form: what needs no caller.
struct StaticPages: Sendable {
    private struct File: Sendable {
        var type: String
        var body: [UInt8]
        var tag: String
    }

    private let files: [String: File]

    /// Nothing but what this address serves, no frames, no inline code.
    private static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; "
        + "frame-ancestors 'none'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"

    init(openAPI: JSONValue) {
        var files: [String: File] = [:]
        func add(_ path: String, _ type: String, _ body: [UInt8]) { files[path] = File(type: type, body: body, tag: ContentTag.of(body)) }
        for file in PageFiles.all { add(file.name == "index.html" ? "/" : "/page/\(file.name)", file.type, file.bytes) }
        add("/openapi.json", "application/json", openAPI.encoded())
        add("/docs/doors", "text/html; charset=utf-8", PageFiles.file("doors.html")?.bytes ?? [])
        add("/docs", "text/html; charset=utf-8", PageFiles.file("docs.html")?.bytes ?? [])
        self.files = files
    }

    func has(_ path: String) -> Bool { files[path] != nil }

    /// `nil`: it is none of these.
    func answer(_ call: HTTPCall) -> HTTPReply? {
        guard let file = files[call.path] else { return nil }
        guard call.method == "GET" else {
            return AdminFailure(status: 405, code: "method-not-allowed", message: "this path takes GET", allow: "GET")
                .reply(route: "page", principal: "")
        }
        let headers = [
            ("Content-Security-Policy", Self.policy), ("X-Frame-Options", "DENY"), ("Referrer-Policy", "no-referrer"),
            ("Cross-Origin-Opener-Policy", "same-origin"), ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
            // Asked about each time, and mostly answered by 304.
            ("Cache-Control", "no-cache"), ("ETag", file.tag),
        ].map { (name: $0.0, value: $0.1) }
        if call.header("If-None-Match") == file.tag { return HTTPReply(status: 304, headers: headers, route: "GET page") }
        return HTTPReply(status: 200, headers: headers + [("Content-Type", file.type)], body: file.body, route: "GET page")
    }
}
