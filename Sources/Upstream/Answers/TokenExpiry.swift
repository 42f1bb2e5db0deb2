import CofferJSON
import CofferStore

/// When a token ends, as far as the upstream tells. In Unix milliseconds.
public enum TokenExpiry {
    /// Ten years: what claims to live longer is taken to live so long.
    static let longest: UInt64 = 315_360_000_000

    /// `expires_in`: seconds from now, as number or text. Zero, negative and unreadable ones say nothing.
    static func lifetime(_ value: JSONValue, now: UInt64) -> UInt64? {
        guard let seconds = number(value), seconds >= 1 else { return nil }
        return now + milliseconds(seconds)
    }

    /// Unix seconds. One that has passed is believed: the caller sees a token that is over.
    static func time(_ value: JSONValue, now: UInt64) -> UInt64? {
        guard let seconds = number(value), seconds >= 1 else { return nil }
        return min(UInt64(min(seconds, 1e12) * 1_000), now + longest)
    }

    /// The `exp` of a JWT that a person or an import brings, in Unix milliseconds; `nil`: it is no JWT or has none.
    public static func ofJWT(_ token: SecretBuffer) -> UInt64? {
        defer { withExtendedLifetime(token) {} }
        return jwt(token.bytes, now: UnixClock.now())
    }

    /// The `exp` of a JWT, read without verifying anything: only to know when to refresh. nil: it is no JWT or has none.
    static func jwt(_ token: UnsafeRawBufferPointer, now: UInt64) -> UInt64? {
        guard token.count <= 65_536 else { return nil }
        let parts = token.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, var payload = base64URL(parts[1]) else { return nil }
        defer { for index in payload.indices { payload[index] = 0 } }
        let claims = try? JSONValue.parse(payload, allowsTrailing: false, repairsText: false)
        guard let exp = claims?["exp"] else { return nil }
        // A text is no NumericDate (RFC 7519 2).
        if exp.string != nil { return nil }
        return time(exp, now: now)
    }

    private static func milliseconds(_ seconds: Double) -> UInt64 { UInt64(min(seconds * 1_000, Double(longest))) }

    static func number(_ value: JSONValue) -> Double? {
        let text: String
        switch value {
        case .integer(let number): return Double(number)
        case .number(let number): text = number
        case .string(let string): text = string.trimmingBlanks()
        default: return nil
        }
        let isNumber = text.utf8.allSatisfy { (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) }
        guard isNumber, (1...32).contains(text.utf8.count), let number = Double(text), number.isFinite else { return nil }
        return number
    }

    private static func base64URL(_ text: some Collection<UInt8>) -> [UInt8]? {
        var result: [UInt8] = []
        var group: UInt32 = 0
        var bits: UInt32 = 0
        for byte in text {
            let digit: UInt32
            switch byte {
            case 0x41...0x5A: digit = UInt32(byte) - 0x41
            case 0x61...0x7A: digit = UInt32(byte) - 0x61 + 26
            case 0x30...0x39: digit = UInt32(byte) - 0x30 + 52
            case UInt8(ascii: "-"), UInt8(ascii: "+"): digit = 62
            case UInt8(ascii: "_"), UInt8(ascii: "/"): digit = 63
            case UInt8(ascii: "="): continue
            default: return nil
            }
            group = (group << 6 | digit) & 0xFFFF
            bits += 6
            if bits >= 8 {
                bits -= 8
                result.append(UInt8(truncatingIfNeeded: group >> bits))
            }
        }
        return result
    }
}
