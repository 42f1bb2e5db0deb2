import CSodium

/// Whom a file is locked for: an X25519 public key, written `age1…`.
public struct AgeRecipient: Sendable, Hashable, CustomStringConvertible {
    static let word: StaticString = "age"

    /// 32 bytes.
    let key: [UInt8]

    /// - Throws: `invalid-recipient` that names the text, which is no secret; of an identity that was given by mistake it says only
    ///   that it is one.
    public init(_ text: String) throws(AgeError) {
        try self.init(utf8: Array(text.utf8))
    }

    init(utf8 text: [UInt8]) throws(AgeError) {
        try Sodium.initialise()
        var key = [UInt8](repeating: 0, count: Bech32.keySize)
        var isIdentity = false
        var isRecipient = false
        var fault: Bech32.Fault?
        text.withUnsafeBytes { text in
            isIdentity = Bech32.begins(text, with: AgeIdentity.word)
            isRecipient = Bech32.begins(text, with: Self.word)
            guard isRecipient else { return }
            key.withUnsafeMutableBytes { key in
                do throws(Bech32.Fault) { try Bech32.read(text, word: Self.word, to: key) } catch { fault = error }
            }
        }
        if isIdentity { throw AgeError(.invalidRecipient, "this is a secret identity, not a recipient; its recipient begins with 'age1'") }
        // What does not look like a recipient may be somebody's secret, and is not repeated.
        guard isRecipient else { throw AgeError(.invalidRecipient, "not a recipient: recipients begin with 'age1'") }
        if let fault { throw AgeError(.invalidRecipient, "'\(Self.shown(text))' is not a recipient: \(fault.reason)") }
        guard Self.isUsable(key) else {
            throw AgeError(.invalidRecipient, "'\(Self.shown(text))' is not a recipient: what is locked for it could be opened by anybody")
        }
        self.key = key
    }

    /// For keys that were computed.
    init(key: [UInt8]) { self.key = key }

    public var description: String {
        let text = [UInt8](unsafeUninitializedCapacity: Bech32.length(Self.word)) { output, initialized in
            key.withUnsafeBytes { Bech32.write($0, word: Self.word, upper: false, to: UnsafeMutableRawBufferPointer(output)) }
            initialized = output.count
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Points of low order give the same shared secret, zero, with every key.
    private static func isUsable(_ key: [UInt8]) -> Bool {
        var scalar = [UInt8](repeating: 0, count: Int(crypto_scalarmult_SCALARBYTES))
        scalar[0] = 9
        var product = [UInt8](repeating: 0, count: Int(crypto_scalarmult_BYTES))
        return crypto_scalarmult(&product, scalar, key) == 0
    }

    private static func shown(_ text: [UInt8]) -> String {
        let printable = text.prefix(100).map { (0x21...0x7E).contains($0) ? $0 : UInt8(ascii: "?") }
        return String(decoding: printable, as: UTF8.self) + (text.count > 100 ? "…" : "")
    }
}
