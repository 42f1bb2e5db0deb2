import CofferAccounts
import HTTPTypes

/// One request, whole: the body was read within its limit. Never logged as it is.
public struct HTTPCall: Sendable {
    /// Upper case as sent; a HEAD arrives as GET, and the server leaves the body of the answer out.
    public var method: String
    /// Whether it was sent as HEAD: a GET that changes something must not run for one.
    public var isHead: Bool
    /// RAW as sent, without the query, still percent-encoded: `//`, `;login` and `%2F` are unchanged. Begins with `/`.
    ///
    /// Bytes from 0x80 on were percent-encoded by the server: the parser behind it takes none.
    public var path: String
    /// Raw, behind `?`; "" where there is none.
    public var query: String
    public var headers: HTTPFields
    public var body: [UInt8]
    /// Who sent it, behind the trusted proxies.
    public var client: ClientAddress
    /// TLS here, or `X-Forwarded-Proto: https` of a trusted proxy.
    public var isSecure: Bool
    /// Ours: 20 lower-case letters and digits. It is in the log and in the answer's `X-Request-Id`.
    public var requestID: String

    public init(
        method: String, path: String, query: String = "", headers: HTTPFields = [:], body: [UInt8] = [], client: ClientAddress,
        isSecure: Bool = false, requestID: String = "", isHead: Bool = false
    ) {
        self.method = method
        self.isHead = isHead
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.client = client
        self.isSecure = isSecure
        self.requestID = requestID
    }

    /// The first value of this header; upper and lower case are the same.
    public func header(_ name: String) -> String? {
        guard let name = HTTPField.Name(name) else { return nil }
        return headers.first { $0.name == name }?.value
    }

    /// The query's items, decoded: `+` is a blank, `%XX` a byte, invalid UTF-8 U+FFFD. At most 256.
    public var queryItems: [(name: String, value: String)] { QueryText.items(query) }

    /// The first item of this name.
    public func queryValue(_ name: String) -> String? { queryItems.first { $0.name == name }?.value }

    /// What the client sent as `Cookie`, as it is; the first of equal names.
    public var cookies: [String: String] {
        var cookies: [String: String] = [:]
        for field in headers where field.name == .cookie {
            for pair in field.value.split(separator: ";") {
                let pair = Blanks.trimmed(pair)
                guard let equals = pair.firstIndex(of: "="), equals != pair.startIndex else { continue }
                let name = String(pair[..<equals])
                if cookies[name] == nil { cookies[name] = Self.unquoted(pair[pair.index(after: equals)...]) }
            }
        }
        return cookies
    }

    private static func unquoted(_ value: Substring) -> String {
        guard value.utf8.count >= 2, value.hasPrefix("\""), value.hasSuffix("\"") else { return String(value) }
        return String(value.dropFirst().dropLast())
    }
}

/// What stands behind `?`, and forms of the type `application/x-www-form-urlencoded`.
public enum QueryText {
    /// More items than any API of ours has: what comes behind them is not read.
    public static let maximumItems = 256

    public static func items(_ query: String) -> [(name: String, value: String)] {
        query.utf8.split(separator: UInt8(ascii: "&"), maxSplits: maximumItems).prefix(maximumItems).map { item in
            guard let equals = item.firstIndex(of: UInt8(ascii: "=")) else { return (decoded(item), "") }
            return (decoded(item[..<equals]), decoded(item[item.index(after: equals)...]))
        }
    }

    /// A `%` without two hexadecimal digits stands for itself.
    static func decoded(_ text: some Collection<UInt8>, plusIsBlank: Bool = true) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var index = text.startIndex
        while index != text.endIndex {
            let byte = text[index]
            index = text.index(after: index)
            if byte == UInt8(ascii: "%"), let first = nibble(text, index) {
                let next = text.index(after: index)
                if let second = nibble(text, next) {
                    bytes.append(first << 4 | second)
                    index = text.index(after: next)
                    continue
                }
            }
            bytes.append(plusIsBlank && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func nibble<Text: Collection<UInt8>>(_ text: Text, _ index: Text.Index) -> UInt8? {
        guard index != text.endIndex else { return nil }
        switch text[index] {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return text[index] - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): return text[index] - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): return text[index] - UInt8(ascii: "A") + 10
        default: return nil
        }
    }
}

/// Blanks and tabs, as HTTP allows them around values (RFC 9110 §5.6.3).
enum Blanks {
    static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
