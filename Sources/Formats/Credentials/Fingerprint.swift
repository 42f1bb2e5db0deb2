import CSodium

/// Tells tokens apart without showing them.
enum Fingerprint {
    /// Ten bytes of a hash as hexadecimal digits. Nobody finds a drawn token by it; a password it must not be used for.
    static func text(_ token: [UInt8]) -> String {
        var hash = [UInt8](repeating: 0, count: Int(crypto_generichash_BYTES))
        _ = crypto_generichash(&hash, hash.count, token, UInt64(token.count), nil, 0)
        return hash.prefix(10).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
