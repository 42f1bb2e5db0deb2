import CSodium

extension AgeUnlock {
    /// The file key that a complete header holds for this, its MAC checked.
    /// - Throws: `no-match`, `work-factor` before any work, `bad-header`, `bad-header-mac`, `system`.
    func fileKey(in header: HeaderReader) throws(AgeError) -> AgeFileKey {
        let fileKey: AgeFileKey
        switch self {
        case .identities(let identities): fileKey = try Self.open(header.stanzas, identities)
        case .passphrase(let passphrase, let largest):
            fileKey = try Self.open(header.stanzas, passphrase, min(largest, Self.highestWorkFactor))
        case .fileKey(let key): fileKey = key
        }
        let copy = WipedBuffer(capacity: header.authenticated.count)
        header.authenticated.withUnsafeBytes { _ = copy.append($0) }
        let mac = try fileKey.authenticator(of: copy.bytes)
        guard mac.count == header.mac.count, sodium_memcmp(mac, header.mac, mac.count) == 0 else {
            throw AgeError(.badMAC, "the header was changed after it was written: its MAC does not fit")
        }
        return fileKey
    }

    private static func open(_ stanzas: [Stanza], _ identities: [AgeIdentity]) throws(AgeError) -> AgeFileKey {
        var recipients = 0
        var isLocked = false
        for stanza in stanzas {
            switch stanza {
            case .x25519(let share, let body):
                recipients += 1
                for identity in identities {
                    if let fileKey = try FileKeyWrap.unwrap(share: share, body: body, with: identity) { return fileKey }
                }
            case .scrypt: isLocked = true
            case .other: break
            }
        }
        if isLocked { throw AgeError(.noMatch, "the file is locked with a passphrase, not for an identity") }
        guard recipients > 0 else { throw AgeError(.noMatch, "the file is for recipients of kinds that are not supported here") }
        let whom = recipients == 1 ? "another recipient" : "\(recipients) other recipients"
        throw AgeError(.noMatch, "none of the identities opens the file, which is for \(whom)")
    }

    private static func open(_ stanzas: [Stanza], _ passphrase: AgePassphrase, _ largest: Int) throws(AgeError) -> AgeFileKey {
        for case .scrypt(let salt, let workFactor, let body) in stanzas {
            guard workFactor <= largest else {
                let asked = workFactor > 999 ? "above 999" : "\(workFactor)"
                throw AgeError(.workFactor, "the file asks for more work than is allowed: work factor \(asked), limit \(largest)")
            }
            if let fileKey = try FileKeyWrap.unwrap(salt: salt, workFactor: workFactor, body: body, with: passphrase) { return fileKey }
            throw AgeError(.noMatch, "the passphrase does not open the file")
        }
        throw AgeError(.noMatch, "the file is locked for recipients, not with a passphrase: it takes an identity")
    }
}
