import NIOHTTP1

/// The head that an answer gets, from what the door said and from what holds for every answer.
enum ReplyHead {
    /// Framing and time are the server's alone.
    private static let own: Set<String> = [
        "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "trailer", "date", "x-request-id",
        "x-content-type-options",
    ]

    /// - Returns: `nil` where the door's answer cannot be sent: a status out of range, or a header that would split the answer.
    static func make(_ reply: HTTPReply, version: HTTPVersion, requestID: String, keepsAlive: Bool, date: String) -> HTTPResponseHead? {
        guard (200...599).contains(reply.status), reply.headers.allSatisfy({ isName($0.name) && isValue($0.value) }) else { return nil }
        var headers = HTTPHeaders()
        for (name, value) in reply.headers where !own.contains(name.lowercased()) { headers.add(name: name, value: value) }
        if let stream = reply.stream {
            if let length = stream.length { headers.add(name: "Content-Length", value: String(length)) }
            // An old client takes the end of the connection for the end of the body.
            else if version.minor > 0 { headers.add(name: "Transfer-Encoding", value: "chunked") }
        } else {
            headers.add(name: "Content-Length", value: String(reply.body.count))
        }
        headers.add(name: "Date", value: date)
        headers.add(name: "X-Request-Id", value: requestID)
        headers.add(name: "X-Content-Type-Options", value: "nosniff")
        if !headers.contains(name: "Cache-Control") { headers.add(name: "Cache-Control", value: "no-store") }
        if !keepsAlive {
            headers.add(name: "Connection", value: "close")
        } else if version.minor == 0 {
            headers.add(name: "Connection", value: "keep-alive")
        }
        return HTTPResponseHead(version: .http1_1, status: HTTPResponseStatus(statusCode: reply.status), headers: headers)
    }

    private static func isName(_ name: String) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }

    private static func isValue(_ value: String) -> Bool { value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 } }
}
