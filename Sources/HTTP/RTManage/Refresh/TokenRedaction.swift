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
            text = String(decoding: withoutTokenFields(Array(cut(String(decoding: body.bytes, as: UTF8.self), texts).utf8)), as: UTF8.self)
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

    /// What is no JSON as a whole, such as one that was cut off, or a form, may have fields all the same: their values go, to the end of
    /// the text where no end is found.
    private static func withoutTokenFields(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var position = 0
        while position < bytes.count {
            guard bytes[position] == UInt8(ascii: ":") || bytes[position] == UInt8(ascii: "="), isSecret(fieldName(before: position, in: bytes))
            else {
                result.append(bytes[position])
                position += 1
                continue
            }
            result.append(bytes[position])
            position += 1
            while position < bytes.count, bytes[position] <= 0x20 {
                result.append(bytes[position])
                position += 1
            }
            let isQuoted = position < bytes.count && bytes[position] == UInt8(ascii: "\"")
            if isQuoted { position += 1 }
            let begin = position
            while position < bytes.count, isQuoted ? bytes[position] != UInt8(ascii: "\"") : !isFieldEnd(bytes[position]) {
                position += isQuoted && bytes[position] == UInt8(ascii: "\\") ? 2 : 1
            }
            position = min(position, bytes.count)
            let isEmpty = position == begin
            result += (isQuoted ? "\"" : "").utf8
            if !isEmpty { result += mark.utf8 }
        }
        return result
    }

    /// The letters before a `:` or `=`, without quotes and blanks.
    private static func fieldName(before position: Int, in bytes: [UInt8]) -> String {
        var end = position
        while end > 0, bytes[end - 1] == 0x20 || bytes[end - 1] == UInt8(ascii: "\"") || bytes[end - 1] == UInt8(ascii: "'") { end -= 1 }
        var begin = end
        while begin > 0, end - begin < 64, isTokenByte(bytes[begin - 1]) { begin -= 1 }
        return String(decoding: bytes[begin..<end], as: UTF8.self)
    }

    private static func isFieldEnd(_ byte: UInt8) -> Bool { byte <= 0x20 || "&,;}]<\"".utf8.contains(byte) }

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
