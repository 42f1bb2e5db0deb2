import CofferJSON
import CofferStore

/// An upstream's answer as it may be kept and shown: without the tokens that it hands out and those that were sent.
enum TokenRedaction {
    static let mark = "***"
    /// Shorter texts stand in an answer by chance.
    private static let shortest = 8

    /// - Parameters:
    ///   - secrets: texts to cut out wherever they are.
    ///   - limit: bytes; what is longer is cut between characters.
    static func text(_ body: SecretBuffer, cutting secrets: [SecretBuffer], limit: Int) -> String {
        defer { withExtendedLifetime(body) {} }
        let texts = secrets.filter { $0.count >= shortest }.map(\.text)
        var text: String
        if let value = try? JSONValue.parse(Array(body.bytes), allowsTrailing: false) {
            text = String(decoding: redacted(value, "", texts).encoded(), as: UTF8.self)
        } else {
            text = cut(String(decoding: body.bytes, as: UTF8.self), texts)
        }
        text = text.replacing("\0", with: "\u{FFFD}")
        return bounded(text, limit)
    }

    static func bounded(_ text: String, _ limit: Int) -> String {
        guard text.utf8.count > limit else { return text }
        var end = text.utf8.index(text.utf8.startIndex, offsetBy: limit)
        // The next beginning of a character at or before the limit.
        while end > text.utf8.startIndex, text.utf8[end] & 0xC0 == 0x80 { end = text.utf8.index(before: end) }
        return String(text[..<end])
    }

    private static func redacted(_ value: JSONValue, _ key: String, _ secrets: [String]) -> JSONValue {
        switch value {
        case .string(let text): .string(isSecret(key) && !text.isEmpty ? mark : cut(text, secrets))
        case .array(let items): .array(items.map { redacted($0, key, secrets) })
        case .object(let fields): .object(fields.map { (cut($0.0, secrets), redacted($0.1, $0.0, secrets)) })
        default: value
        }
    }

    /// `access_token`, `refreshToken`, `client_secret`; not `token_type`.
    private static func isSecret(_ key: String) -> Bool {
        let key = key.lowercased()
        return ["token", "secret", "password", "passwd", "code_verifier"].contains { key.hasSuffix($0) }
    }

    private static func cut(_ text: String, _ secrets: [String]) -> String {
        var text = text
        for secret in secrets where text.contains(secret) { text = text.replacing(secret, with: mark) }
        return withoutSignedTokens(text)
    }

    /// JSON Web Tokens wherever they stand: `eyJ…`, three parts between dots.
    private static func withoutSignedTokens(_ text: String) -> String {
        guard text.utf8.count >= 16, text.contains("eyJ") else { return text }
        var result: [UInt8] = []
        let bytes = Array(text.utf8)
        var position = 0
        while position < bytes.count {
            guard bytes[position...].starts(with: Array("eyJ".utf8)) else {
                result.append(bytes[position])
                position += 1
                continue
            }
            let end = bytes[position...].firstIndex { !isTokenByte($0) } ?? bytes.count
            if end - position >= 16 { result += mark.utf8 } else { result += bytes[position..<end] }
            position = end
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): true
        default: false
        }
    }
}
