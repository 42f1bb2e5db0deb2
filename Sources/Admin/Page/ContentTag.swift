import CSodium

/// An entity tag out of the content: another build with the same files has the same.
enum ContentTag {
    static func of(_ body: [UInt8]) -> String {
        var digest = [UInt8](repeating: 0, count: 32)
        crypto_hash_sha256(&digest, body, UInt64(body.count))
        return "\"\(Hexadecimal.text(digest.prefix(8)))\""
    }
}
