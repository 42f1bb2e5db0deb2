import CSodium
import CofferStore

/// Tells one token from another without holding it: BLAKE2b-256. Lies only in sealed documents.
enum TokenFingerprint {
    static let length = 32

    /// Empty where there is no token.
    static func of(_ token: SecretBuffer?) -> [UInt8] {
        guard let token else { return [] }
        defer { withExtendedLifetime(token) {} }
        return of(token.bytes)
    }

    fileprivate static func of(_ token: UnsafeRawBufferPointer) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: length)
        crypto_generichash(&digest, length, token.bindMemory(to: UInt8.self).baseAddress, UInt64(token.count), nil, 0)
        return digest
    }
}

/// The first half of a token's fingerprint: what memory keeps of each refresh token, and an attribute of the one that an import brought.
struct TokenMark: Hashable, Sendable {
    private let high, low: UInt64

    init(_ token: UnsafeRawBufferPointer) {
        let digest = TokenFingerprint.of(token)
        func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
        high = number(digest[0..<8])
        low = number(digest[8..<16])
    }

    init(_ token: SecretBuffer) {
        self.init(token.bytes)
        withExtendedLifetime(token) {}
    }

    /// - Returns: `nil` for a text that ``text`` does not give.
    init?(text: String?) {
        guard let text, text.utf8.count == 32, let high = UInt64(text.prefix(16), radix: 16), let low = UInt64(text.suffix(16), radix: 16)
        else { return nil }
        (self.high, self.low) = (high, low)
    }

    /// 32 hexadecimal digits.
    var text: String {
        [high, low].map { half in
            let digits = String(half, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
