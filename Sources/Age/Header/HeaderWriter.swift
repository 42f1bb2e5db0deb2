/// Writes a header: the file key wrapped for each recipient, and the MAC.
enum HeaderWriter {
    /// Most recipients: their header stays well below what readers take.
    static let recipientLimit = 1_000

    /// - Throws: `invalid-recipient` where there are none or too many, `work-factor`, `system`.
    static func header(_ lock: AgeLock, _ fileKey: AgeFileKey) throws(AgeError) -> [UInt8] {
        var header = Array("age-encryption.org/v1\n".utf8)
        switch lock {
        case .recipients(let recipients):
            guard !recipients.isEmpty else { throw AgeError(.invalidRecipient, "nobody could open the file: there is no recipient") }
            guard recipients.count <= recipientLimit else {
                throw AgeError(.invalidRecipient, "there are more than \(recipientLimit) recipients")
            }
            var seen: Set<AgeRecipient> = []
            for recipient in recipients where seen.insert(recipient).inserted {
                let wrapped = try FileKeyWrap.wrap(fileKey, for: recipient)
                append([Array("X25519".utf8), Base64.text(wrapped.share)], wrapped.body, to: &header)
            }
        case .passphrase(let passphrase, let workFactor):
            guard (1...AgeUnlock.highestWorkFactor).contains(workFactor) else {
                throw AgeError(.workFactor, "a work factor is 1 to \(AgeUnlock.highestWorkFactor), not \(workFactor)")
            }
            let salt = Sodium.random(Stanza.saltSize)
            let body = try FileKeyWrap.wrap(fileKey, passphrase: passphrase, salt: salt, workFactor: workFactor)
            append([Array("scrypt".utf8), Base64.text(salt), Array("\(workFactor)".utf8)], body, to: &header)
        }
        header += Array("---".utf8)
        // A copy of what is no secret: the type of the error is lost in the closure of withUnsafeBytes.
        let authenticated = WipedBuffer(capacity: header.count)
        header.withUnsafeBytes { _ = authenticated.append($0) }
        header += [UInt8(ascii: " ")] + Base64.text(try fileKey.authenticator(of: authenticated.bytes)) + [UInt8(ascii: "\n")]
        return header
    }

    /// The body is shorter than a full line, so that one line holds it.
    private static func append(_ arguments: [[UInt8]], _ body: [UInt8], to header: inout [UInt8]) {
        header += Array("-> ".utf8) + arguments.joined(separator: [UInt8(ascii: " ")]) + [UInt8(ascii: "\n")]
        header += Base64.text(body) + [UInt8(ascii: "\n")]
    }
}
