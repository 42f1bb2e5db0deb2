import CofferJSON
import CofferStore

/// When a token says by itself that it ends.
public enum TokenExpiry {
    /// The `exp` of a JWT (RFC 7519 4.1.4) in Unix milliseconds, read without looking at the signature: it only tells when to refresh.
    /// `nil`: no JWT, or none that says so. Moments from the year 2100 on are taken for a mistake.
    public static func ofJWT(_ token: SecretBuffer) -> UInt64? {
        defer { withExtendedLifetime(token) {} }
        guard token.count <= 65_536 else { return nil }
        let parts = token.bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let payload = decoded(parts[1]), let claims = try? JSONValue.parse(payload, allowsTrailing: false) else {
            return nil
        }
        let seconds: Double? = switch claims["exp"] {
        case .integer(let number): Double(number)
        case .number(let text): Double(text)
        default: nil
        }
        guard let seconds, seconds > 0, seconds < 4_102_444_800 else { return nil }
        return UInt64(seconds * 1_000)
    }

    /// base64url without padding (RFC 7515 2).
    private static func decoded(_ text: some Collection<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count * 3 / 4)
        var held: UInt32 = 0
        var bits = 0
        for character in text {
            let value: UInt8
            switch character {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = character - UInt8(ascii: "A")
            case UInt8(ascii: "a")...UInt8(ascii: "z"): value = character - UInt8(ascii: "a") + 26
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = character - UInt8(ascii: "0") + 52
            case UInt8(ascii: "-"): value = 62
            case UInt8(ascii: "_"): value = 63
            case UInt8(ascii: "="): continue
            default: return nil
            }
            held = held << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: held >> UInt32(bits)))
                held &= (1 << UInt32(bits)) - 1
            }
        }
        return bytes
    }
}
