/// The key of one file, of 128 bits, which its header holds for each recipient; in guarded memory. It opens that file and no other.
public final class AgeFileKey: Sendable {
    static let size = 16

    let secret: GuardedBytes

    init(_ secret: GuardedBytes) { self.secret = secret }

    static func random() throws(AgeError) -> AgeFileKey { AgeFileKey(try .random(count: size)) }

    /// What authenticates the header.
    func authenticator(of header: UnsafeRawBufferPointer) throws(AgeError) -> [UInt8] {
        let key = try KeyDerivation.derive(secret.bytes, salt: UnsafeRawBufferPointer(start: nil, count: 0), info: "header")
        return [UInt8](unsafeUninitializedCapacity: KeyDerivation.size) { output, initialized in
            guard let base = output.baseAddress else { return }
            KeyDerivation.authenticate([header], key: key.bytes, to: base)
            initialized = KeyDerivation.size
        }
    }

    /// What seals the payload.
    func payloadKey(nonce: [UInt8]) throws(AgeError) -> GuardedBytes {
        // Not in the closure of withUnsafeBytes, which would lose the error's type.
        let salt = WipedBuffer(capacity: nonce.count)
        nonce.withUnsafeBytes { _ = salt.append($0) }
        return try KeyDerivation.derive(secret.bytes, salt: salt.bytes, info: "payload")
    }
}
