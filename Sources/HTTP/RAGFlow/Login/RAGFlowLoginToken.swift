import CSodium
import CofferStore
import Crypto

/// The text that a login gives: itsdangerous' `URLSafeTimedSerializer` over a string of 32 hexadecimal digits (compat/ragflow.md 1.1).
///
/// The digits are the token; the signature only spares look-ups of what we never gave, and the time bounds its age.
struct RAGFlowLoginToken {
    /// Hexadecimal digits of a token.
    static let digits = 32
    /// Longer texts are not ours.
    private static let maximumLength = 256
    /// A clock that was put back by less does no harm.
    private static let allowedSkew: UInt64 = 300
    private let key: SymmetricKey

    /// - Parameter secret: text, as itsdangerous takes it.
    init(secret: UnsafeRawBufferPointer) {
        // itsdangerous' default key derivation: SHA-1 over salt, "signer" and secret.
        var hash = Insecure.SHA1()
        hash.update(data: Array("itsdangerous".utf8) + Array("signer".utf8))
        hash.update(bufferPointer: secret)
        key = SymmetricKey(data: hash.finalize())
    }

    /// With the hexadecimal text of a signing key as the secret.
    init(signingKey: SecretBuffer) {
        let text = Self.hexadecimal(signingKey.bytes)
        self.init(secret: text.bytes)
        withExtendedLifetime((signingKey, text)) {}
    }

    /// A new token's digits.
    static func draw() -> SecretBuffer {
        let random = SecretBuffer(count: digits / 2) { bytes in
            if let base = bytes.baseAddress { randombytes_buf(base, bytes.count) }
        }
        let text = hexadecimal(random.bytes)
        withExtendedLifetime(random) {}
        return text
    }

    /// - Parameter seconds: Unix time.
    func text(_ token: SecretBuffer, seconds: UInt64) -> String {
        let quoted = [UInt8(ascii: "\"")] + Array(token.bytes) + [UInt8(ascii: "\"")]
        withExtendedLifetime(token) {}
        let time = withUnsafeBytes(of: seconds.bigEndian) { Array($0.drop { $0 == 0 }) }
        let signed = RAGFlowBase64.urlText(quoted) + [UInt8(ascii: ".")] + RAGFlowBase64.urlText(time)
        return String(decoding: signed + [UInt8(ascii: ".")] + signature(of: signed), as: UTF8.self)
    }

    /// The digits in a text that this secret signed.
    /// - Parameters:
    ///   - seconds: now, Unix time.
    ///   - lifetime: seconds that a token lives.
    func digits(in text: String, seconds now: UInt64, lifetime: UInt64) -> [UInt8]? {
        let bytes = Array(text.utf8)
        guard bytes.count <= Self.maximumLength else { return nil }
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        let signed = bytes[..<(parts[2].startIndex - 1)]
        guard Self.areEqual(Array(parts[2]), signature(of: Array(signed))) else { return nil }
        guard let time = RAGFlowBase64.decodeURLText(Array(parts[1])), time.count <= 7 else { return nil }
        let issued = time.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard issued <= now + Self.allowedSkew, now < issued + lifetime else { return nil }
        guard let quoted = RAGFlowBase64.decodeURLText(Array(parts[0])), quoted.count == Self.digits + 2,
            quoted.first == UInt8(ascii: "\""), quoted.last == UInt8(ascii: "\"")
        else { return nil }
        let digits = Array(quoted.dropFirst().dropLast())
        return digits.allSatisfy(Self.isHexadecimal) ? digits : nil
    }

    private func signature(of signed: [UInt8]) -> [UInt8] {
        RAGFlowBase64.urlText(Array(HMAC<Insecure.SHA1>.authenticationCode(for: signed, using: key)))
    }

    private static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count && sodium_memcmp(left, right, left.count) == 0
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }

    private static func hexadecimal(_ bytes: UnsafeRawBufferPointer) -> SecretBuffer {
        let digits = Array("0123456789abcdef".utf8)
        return SecretBuffer(count: bytes.count * 2) { output in
            for (index, byte) in bytes.enumerated() {
                output[index * 2] = digits[Int(byte >> 4)]
                output[index * 2 + 1] = digits[Int(byte & 15)]
            }
        }
    }
}
