import CSodium

/// What opens files that are locked for its recipient: an X25519 secret key, written `AGE-SECRET-KEY-1…`. It lies in guarded memory.
public final class AgeIdentity: Sendable {
    static let word: StaticString = "age-secret-key-"

    /// 32 bytes.
    let key: GuardedBytes
    /// Its public side.
    public let recipient: AgeRecipient

    private init(key: GuardedBytes) throws(AgeError) {
        self.key = key
        var recipient = [UInt8](repeating: 0, count: Int(crypto_scalarmult_BYTES))
        guard crypto_scalarmult_base(&recipient, key.octets) == 0 else {
            throw AgeError(.invalidIdentity, "this identity has no recipient")
        }
        self.recipient = AgeRecipient(key: recipient)
    }

    /// - Throws: `invalid-identity` that says what is wrong with the text, and nothing of it.
    public convenience init(_ text: some Sequence<UInt8>) throws(AgeError) {
        // One byte more than any right text has: enough to see that it is too long.
        let limit = Bech32.length(Self.word) + 1
        let buffer = WipedBuffer(capacity: limit)
        for byte in text {
            guard withUnsafeBytes(of: byte, { buffer.append($0) }) == 1 else { break }
        }
        try self.init(buffer.bytes)
    }

    /// - Parameter text: the identity alone, without blanks or a line end.
    convenience init(_ text: UnsafeRawBufferPointer) throws(AgeError) {
        guard Bech32.begins(text, with: Self.word) else {
            throw AgeError(.invalidIdentity, Bech32.begins(text, with: AgeRecipient.word)
                ? "this is a recipient, not an identity; an identity begins with 'AGE-SECRET-KEY-1'"
                : "not an identity: identities begin with 'AGE-SECRET-KEY-1' (those of plugins, SSH and newer kinds are not supported)")
        }
        var fault: Bech32.Fault?
        let key = try GuardedBytes(count: Bech32.keySize) { key in
            do throws(Bech32.Fault) { try Bech32.read(text, word: Self.word, to: key) } catch { fault = error }
        }
        if let fault { throw AgeError(.invalidIdentity, "not an identity: \(fault.reason)") }
        try self.init(key: key)
    }

    /// A new one.
    public static func random() throws(AgeError) -> AgeIdentity {
        try AgeIdentity(key: .random(count: Bech32.keySize))
    }

    /// Gives the text, without a line end, for the time of the call; its memory is wiped then. Wipe what you copy.
    public func withText<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        let length = Bech32.length(Self.word)
        return try withUnsafeTemporaryAllocation(byteCount: length, alignment: 16) { text in
            defer { sodium_memzero(text.baseAddress, text.count) }
            let text = UnsafeMutableRawBufferPointer(rebasing: text[..<length])
            Bech32.write(key.bytes, word: Self.word, upper: true, to: text)
            return try body(UnsafeRawBufferPointer(text))
        }
    }
}
