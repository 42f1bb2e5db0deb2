import CofferStore
import CofferUpstream

/// Everything about a credential that lies sealed, read in one go.
struct SealedParts: Sendable {
    var tokens: [String: SecretBuffer]
    var secrets: [String: SecretBuffer]
    var journal: RefreshJournal?

    var fingerprints: [String: [UInt8]] { tokens.mapValues { TokenFingerprint.of($0) } }

    /// Values for a provider's templates.
    func values(of credential: Credential) -> [String: SecretBuffer] {
        var values = credential.parameters.mapValues { SecretBuffer(Array($0.utf8)) }
        if !credential.clientID.isEmpty { values["client_id"] = SecretBuffer(Array(credential.clientID.utf8)) }
        if !credential.email.isEmpty { values["email"] = SecretBuffer(Array(credential.email.utf8)) }
        values["name"] = SecretBuffer(credential.name.bytes)
        for (name, value) in secrets where !Self.own.contains(name) { values[name] = value }
        values.merge(tokens) { _, token in token }
        return values
    }

    /// The answer that could not be understood, of a dial that may have used its token up.
    static let unread = "unread_answer"
    /// The refresh token before the present one.
    static let previous = "previous_refresh"
    /// Sealed fields that are no values of a request.
    private static let own: Set<String> = ["proxy", unread, previous]
}

extension CredentialContext {
    /// On the change queue or another thread that may block.
    func sealedParts(of credential: Credential) throws(CredentialError) -> SealedParts {
        let number = try DocumentName.number(credential.number)
        var names: [(kind: String, name: DocumentName)] = []
        for fact in credential.tokens { names.append((fact.kind, try .token(credential.number, fact.kind))) }
        let kinds = names
        return try CredentialError.translating { () throws(StoreError) in
            try store.withWorker { (worker) throws(StoreError) in
                var parts = SealedParts(tokens: [:], secrets: [:])
                for (kind, name) in kinds {
                    if let bytes = try worker.reader.document(.credentialTokens, name) {
                        parts.tokens[kind] = try CredentialDocuments.token(bytes, kind: kind).value
                    }
                }
                if let bytes = try worker.reader.document(.credentialSecrets, number) {
                    parts.secrets = try CredentialDocuments.secrets(bytes)
                }
                if let bytes = try worker.reader.document(.refreshJournal, number) {
                    parts.journal = try CredentialDocuments.journal(bytes)
                }
                return parts
            }
        }
    }
}
