import CSodium
import CofferStore

/// Tells one token from another without holding it: BLAKE2b-256. Lies only in sealed documents.
enum TokenFingerprint {
    static let length = 32

    /// Empty where there is no token.
    static func of(_ token: SecretBuffer?) -> [UInt8] {
        guard let token else { return [] }
        defer { withExtendedLifetime(token) {} }
        var digest = [UInt8](repeating: 0, count: length)
        crypto_generichash(&digest, length, token.bytes.bindMemory(to: UInt8.self).baseAddress, UInt64(token.count), nil, 0)
        return digest
    }

    /// The first eight bytes of it: what memory keeps of each token, to find who else has the same one.
    static func mark(_ token: UnsafeRawBufferPointer) -> UInt64 {
        var digest = [UInt8](repeating: 0, count: length)
        crypto_generichash(&digest, length, token.bindMemory(to: UInt8.self).baseAddress, UInt64(token.count), nil, 0)
        return digest.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
