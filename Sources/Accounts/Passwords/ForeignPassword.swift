import CSodium
import CofferStore
import Glibc

/// How another system hashed the passwords that import brings (decisions 23).
public enum ForeignPasswordScheme: String, Sendable, CaseIterable {
    /// new-api: `$2a$`, `$2b$` or `$2y$`, over the password.
    case bcrypt
    /// RAGFlow: `scrypt:N:r:p$salt$hex`, over base64 of the password, which is what its clients send.
    case werkzeug
}

/// Checks foreign hashes until the first login replaces them. On the password queue only.
enum ForeignPassword {
    /// Whether a login can be checked against this hash here; otherwise the user must set a password.
    static func canVerify(_ scheme: ForeignPasswordScheme, _ hash: String) -> Bool {
        switch scheme {
        case .bcrypt: isBcrypt(Array(hash.utf8)) && SystemCrypt.shared != nil
        case .werkzeug: WerkzeugHash(Array(hash.utf8)) != nil
        }
    }

    static func verify(_ password: SecretBuffer, against stored: StoredPassword) -> Bool {
        let hash = stored.hash
        defer { withExtendedLifetime(hash) {} }
        let text = Array(hash.bytes)
        switch stored.scheme {
        case .bcrypt: return isBcrypt(text) && SystemCrypt.shared?.verify(password, against: hash) == true
        case .werkzeug: return WerkzeugHash(text)?.matches(base64(password)) == true
        case .argon2id: return false
        }
    }

    /// `$2a$10$` and 53 letters. Costs above 2^14 would hold up every other login.
    private static func isBcrypt(_ text: [UInt8]) -> Bool {
        guard text.count == 60, text.starts(with: "$2".utf8), "aby".utf8.contains(text[2]), text[3] == UInt8(ascii: "$"),
            text[6] == UInt8(ascii: "$"), let cost = Int(String(decoding: text[4..<6], as: UTF8.self)), (4...14).contains(cost)
        else { return false }
        return text[7...].allSatisfy(isBase64)
    }

    /// bcrypt's own base64: `.`, `/`, digits and letters.
    private static func isBase64(_ byte: UInt8) -> Bool {
        (0x2E...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }

    private static func base64(_ password: SecretBuffer) -> SecretBuffer {
        defer { withExtendedLifetime(password) {} }
        let capacity = sodium_base64_encoded_len(password.count, sodium_base64_VARIANT_ORIGINAL)
        let text = SecretBuffer(count: capacity) { output in
            _ = sodium_bin2base64(
                output.characters, capacity,
                password.bytes.octets, password.count, sodium_base64_VARIANT_ORIGINAL)
        }
        defer { withExtendedLifetime(text) {} }
        return SecretBuffer(copying: UnsafeRawBufferPointer(rebasing: text.bytes[..<(capacity - 1)]))
    }
}

/// Werkzeug's `scrypt:32768:8:1$salt$hex`; the salt counts as its letters.
private struct WerkzeugHash {
    let rounds: UInt64
    let blocks: UInt32
    let lanes: UInt32
    let salt: [UInt8]
    let key: [UInt8]

    /// `nil`: another method, or parameters that would take more than 128 MiB or too long.
    init?(_ text: [UInt8]) {
        let parts = text.split(separator: UInt8(ascii: "$"), omittingEmptySubsequences: false)
        guard parts.count == 3, (1...64).contains(parts[1].count), parts[2].count == 128, let key = Self.decodeHex(parts[2]) else {
            return nil
        }
        let method = String(decoding: parts[0], as: UTF8.self).split(separator: ":", omittingEmptySubsequences: false)
        guard method.count == 4, method[0] == "scrypt", let rounds = UInt64(method[1]), let blocks = UInt32(method[2]),
            let lanes = UInt32(method[3]), (2...131_072).contains(rounds), rounds.nonzeroBitCount == 1, (1...16).contains(blocks),
            (1...4).contains(lanes), rounds * UInt64(blocks) * 128 <= 128 << 20
        else { return nil }
        self.rounds = rounds
        self.blocks = blocks
        self.lanes = lanes
        salt = Array(parts[1])
        self.key = key
    }

    private static func decodeHex(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        let digits = text.map { byte -> UInt8? in
            switch byte {
            case 0x30...0x39: byte - 0x30
            case 0x61...0x66: byte - 0x57
            default: nil
            }
        }
        guard !digits.contains(nil) else { return nil }
        let values = digits.compactMap { $0 }
        return stride(from: 0, to: values.count, by: 2).map { values[$0] << 4 | values[$0 + 1] }
    }

    func matches(_ password: SecretBuffer) -> Bool {
        defer { withExtendedLifetime(password) {} }
        var status: Int32 = -1
        let derived = SecretBuffer(count: key.count) { output in
            output.initializeMemory(as: UInt8.self, repeating: 0)
            status = crypto_pwhash_scryptsalsa208sha256_ll(
                password.bytes.octets, password.count, salt, salt.count, rounds, blocks, lanes,
                output.octets, output.count)
        }
        return status == 0 && key.withUnsafeBytes { derived.isEqual(to: $0) }
    }
}
