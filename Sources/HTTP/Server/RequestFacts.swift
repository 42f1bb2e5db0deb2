import CofferAccounts
import HTTPTypes
import NIOCore
import NIOHTTP1

/// What can be said of a request from its head alone.
enum RequestFacts {
    /// How the body is framed.
    enum Body: Equatable {
        case length(Int)
        case chunks
        /// Two readers could disagree about where it ends (request smuggling).
        case ambiguous
    }

    /// The parser refuses most of what is ambiguous; this is what it lets through, and the rest again.
    static func body(_ head: HTTPRequestHead) -> Body {
        let lengths = head.headers["content-length"]
        let codings = head.headers["transfer-encoding"]
        if !codings.isEmpty {
            guard lengths.isEmpty, codings.count == 1, codings[0].lowercased() == "chunked", head.version == .http1_1 else {
                return .ambiguous
            }
            return .chunks
        }
        guard let length = lengths.first else { return .length(0) }
        guard lengths.count == 1, !length.isEmpty, length.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }), let number = Int(length) else {
            return .ambiguous
        }
        return .length(number)
    }

    /// The target in two parts; `nil` where it is no path: an absolute address, `*`, or a tunnel.
    static func target(_ uri: String) -> (path: String, query: String)? {
        guard uri.utf8.first == UInt8(ascii: "/") else { return nil }
        guard let mark = uri.utf8.firstIndex(of: UInt8(ascii: "?")) else { return (uri, "") }
        return (String(uri[..<mark]), String(uri[uri.index(after: mark)...]))
    }

    /// Method and path of a request line whose head was never read.
    static func line(_ bytes: [UInt8]) -> (method: String, path: String) {
        let parts = bytes.split(separator: UInt8(ascii: " "), maxSplits: 2).map { String(decoding: $0, as: UTF8.self) }
        guard parts.count >= 2 else { return ("", "") }
        return (parts[0], target(parts[1])?.path ?? "")
    }

    static func fields(_ headers: HTTPHeaders) -> HTTPFields {
        var fields = HTTPFields()
        fields.reserveCapacity(headers.count)
        for (name, value) in headers {
            if let name = HTTPField.Name(name) { fields.append(HTTPField(name: name, value: value)) }
        }
        return fields
    }

    /// 100 random bits as 20 letters and digits.
    static func requestID() -> String {
        let letters = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)
        var random = SystemRandomNumberGenerator()
        let words = [random.next(), random.next()]
        return String(decoding: (0..<20).map { letters[Int(words[$0 / 10] >> UInt64($0 % 10 * 5) & 31)] }, as: UTF8.self)
    }

    /// Once for each connection; by its text, since the fields of the C structures belong to a module of NIO's own.
    static func address(_ socket: SocketAddress?) -> ClientAddress? { socket?.ipAddress.flatMap { ClientAddress($0) } }
}
