import CofferAccounts
import CofferStore
import CofferUpstream

/// The rules of a credential's fields (protocol.md, "Nouns").
enum CredentialChecks {
    static let maximumAttributes = 64
    static let maximumTags = 64
    /// Bytes of one token or sealed field.
    static let maximumSecret = 65_536

    /// - Throws: `invalidArgument` with the field.
    static func check(_ draft: CredentialDraft) throws(CredentialError) {
        try check(email: draft.email)
        try check(clientID: draft.clientID)
        try check(tags: draft.tags)
        try check(memo: draft.memo)
        try check(map: draft.parameters, "parameters")
        try check(map: draft.attributes, "attributes")
        for (name, value) in draft.secrets { try check(secret: value, name) }
        for (kind, value) in draft.tokens { try check(secret: value, kind) }
    }

    static func check(_ change: CredentialChange) throws(CredentialError) {
        if let email = change.email { try check(email: email) }
        if let clientID = change.clientID { try check(clientID: clientID) }
        if let tags = change.tags { try check(tags: tags) }
        if let memo = change.memo { try check(memo: memo) }
        try check(map: change.parameters.compactMapValues { $0 }, "parameters")
        try check(map: change.attributes.compactMapValues { $0 }, "attributes")
        for (name, value) in change.secrets { if let value { try check(secret: value, name) } else { try check(key: name) } }
        for (kind, value) in change.tokens { if let value { try check(secret: value, kind) } else { try check(key: kind) } }
    }

    /// Parameters that are given, against the provider that they are for.
    static func check(parameters: [String: String], of provider: Provider, _ rules: AddressRules) throws(CredentialError) {
        do throws(ProviderError) { try provider.check(parameters: parameters, rules: rules) } catch {
            throw CredentialError(.invalidArgument, error.field, error.message)
        }
    }

    /// After a change: what the maps have grown to.
    static func check(sizeOf credential: Credential) throws(CredentialError) {
        guard credential.attributes.count <= maximumAttributes, credential.parameters.count <= maximumAttributes,
            credential.secretNames.count <= maximumAttributes, credential.tokens.count <= maximumAttributes
        else { throw CredentialError(.invalidArgument, "attributes", "a credential has at most \(maximumAttributes) fields of a kind") }
    }

    private static func check(email: String) throws(CredentialError) {
        do throws(AccountError) { try NameRules.check(email: email) } catch {
            throw CredentialError(.invalidArgument, "email", error.message)
        }
    }

    private static func check(clientID: String) throws(CredentialError) {
        guard clientID.utf8.count <= 1_024, isPlain(clientID) else {
            throw CredentialError(.invalidArgument, "client_id", "the client id has more than 1,024 bytes, or control characters")
        }
    }

    private static func check(tags: [String]) throws(CredentialError) {
        guard tags.count <= maximumTags, Set(tags.map { Array($0.utf8) }).count == tags.count else {
            throw CredentialError(.invalidArgument, "tags", "there are more than \(maximumTags) tags, or one stands twice")
        }
        for tag in tags {
            guard (try? DocumentName(tag.utf8)) != nil else {
                throw CredentialError(.invalidArgument, "tags", "a tag must be 1 to 255 bytes that a name may have")
            }
        }
    }

    static func check(memo: String) throws(CredentialError) {
        do throws(AccountError) { _ = try Label(memo) } catch { throw CredentialError(.invalidArgument, "memo", error.message) }
    }

    static func check(map: [String: String], _ field: String) throws(CredentialError) {
        guard map.count <= maximumAttributes else {
            throw CredentialError(.invalidArgument, field, "there are more than \(maximumAttributes)")
        }
        for (name, value) in map {
            try check(key: name)
            guard value.utf8.count <= 4_096, !value.utf8.contains(0) else {
                throw CredentialError(.invalidArgument, name, "the value has more than 4,096 bytes, or a zero byte")
            }
        }
    }

    /// Names of parameters, attributes, sealed fields and token kinds: 1 to 64 of `a-z 0-9 _ - .`.
    static func check(key name: String) throws(CredentialError) {
        let isAllowed: (UInt8) -> Bool = { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
                UInt8(ascii: "."): true
            default: false
            }
        }
        guard (1...64).contains(name.utf8.count), name.utf8.allSatisfy(isAllowed) else {
            throw CredentialError(
                .invalidArgument, Name.printable(name.utf8.prefix(64)), "a field's name has 1 to 64 of a-z, 0-9, '_', '-' and '.'")
        }
    }

    private static func check(secret: SecretBuffer, _ name: String) throws(CredentialError) {
        try check(key: name)
        guard (1...maximumSecret).contains(secret.count) else {
            throw CredentialError(.invalidArgument, name, "the value must have 1 to \(maximumSecret) bytes")
        }
    }

    private static func isPlain(_ text: String) -> Bool { !text.utf8.contains { $0 < 0x20 || $0 == 0x7F } }
}
