import CSodium

/// How a file key is wrapped for a recipient or a passphrase: one key, one use, so that the nonce is zeros.
enum FileKeyWrap {
    private static let nonce = [UInt8](repeating: 0, count: Int(crypto_aead_chacha20poly1305_ietf_NPUBBYTES))

    // MARK: X25519

    /// A stanza for `recipient`.
    static func wrap(_ fileKey: AgeFileKey, for recipient: AgeRecipient) throws(AgeError) -> (share: [UInt8], body: [UInt8]) {
        let secret = try GuardedBytes.random(count: Bech32.keySize)
        var share = [UInt8](repeating: 0, count: Stanza.shareSize)
        guard crypto_scalarmult_base(&share, secret.octets) == 0,
            let key = try wrapKey(secret: secret, point: recipient.key, share: share, recipient: recipient.key)
        else { throw AgeError(.invalidRecipient, "'\(recipient)' cannot be used: what is locked for it could be opened by anybody") }
        return (share, seal(fileKey, key))
    }

    /// - Returns: nil where the stanza is for somebody else.
    /// - Throws: `bad-header` where the share is one that gives the same secret with every key.
    static func unwrap(share: [UInt8], body: [UInt8], with identity: AgeIdentity) throws(AgeError) -> AgeFileKey? {
        guard let key = try wrapKey(secret: identity.key, point: share, share: share, recipient: identity.recipient.key) else {
            throw AgeError(.badHeader, "the header's X25519 stanza is malformed: its share is a point of low order")
        }
        return try open(body, key)
    }

    /// - Returns: nil where the shared secret would be zero.
    private static func wrapKey(
        secret: GuardedBytes, point: [UInt8], share: [UInt8], recipient: [UInt8]
    ) throws(AgeError) -> GuardedBytes? {
        var status: Int32 = -1
        let shared = try GuardedBytes(count: Int(crypto_scalarmult_BYTES)) { output in
            guard let output = output.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
            status = crypto_scalarmult(output, secret.octets, point)
        }
        guard status == 0 else { return nil }
        let salt = WipedBuffer(capacity: share.count + recipient.count)
        for part in [share, recipient] { part.withUnsafeBytes { _ = salt.append($0) } }
        return try KeyDerivation.derive(shared.bytes, salt: salt.bytes, info: "age-encryption.org/v1/X25519")
    }

    // MARK: Passphrases

    static func wrap(
        _ fileKey: AgeFileKey, passphrase: AgePassphrase, salt: [UInt8], workFactor: Int
    ) throws(AgeError) -> [UInt8] {
        seal(fileKey, try stretch(passphrase, salt: salt, workFactor: workFactor))
    }

    /// - Parameter workFactor: judged before.
    /// - Returns: nil where the passphrase is a wrong one.
    static func unwrap(salt: [UInt8], workFactor: Int, body: [UInt8], with passphrase: AgePassphrase) throws(AgeError) -> AgeFileKey? {
        try open(body, try stretch(passphrase, salt: salt, workFactor: workFactor))
    }

    private static func stretch(_ passphrase: AgePassphrase, salt: [UInt8], workFactor: Int) throws(AgeError) -> GuardedBytes {
        let salt = Array("age-encryption.org/v1/scrypt".utf8) + salt
        var status: Int32 = -1
        let key = try GuardedBytes(count: KeyDerivation.size) { output in
            guard let base = output.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
            status = crypto_pwhash_scryptsalsa208sha256_ll(
                passphrase.secret.octets, passphrase.secret.count, salt, salt.count, 1 << UInt64(workFactor), 8, 1, base, output.count)
        }
        guard status == 0 else {
            throw AgeError(.system, "no memory for the passphrase: work factor \(workFactor) takes \((1 << workFactor) >> 10 + 1) MiB")
        }
        return key
    }

    // MARK: Sealing

    private static func seal(_ fileKey: AgeFileKey, _ key: GuardedBytes) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Stanza.bodySize) { output, initialized in
            guard let base = output.baseAddress else { return }
            crypto_aead_chacha20poly1305_ietf_encrypt(
                base, nil, fileKey.secret.octets, UInt64(fileKey.secret.count), nil, 0, nil, nonce, key.octets)
            initialized = Stanza.bodySize
        }
    }

    private static func open(_ body: [UInt8], _ key: GuardedBytes) throws(AgeError) -> AgeFileKey? {
        var status: Int32 = -1
        let fileKey = try GuardedBytes(count: AgeFileKey.size) { output in
            let output = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
            status = crypto_aead_chacha20poly1305_ietf_decrypt(output, nil, nil, body, UInt64(body.count), nil, 0, nonce, key.octets)
        }
        return status == 0 ? AgeFileKey(fileKey) : nil
    }
}
