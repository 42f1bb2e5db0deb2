import CofferCredentials
import CofferJSON
import CofferStore

// deleteToken (compat/tokenstool.md 1.3). A deleted token can be brought back: 'coffer credential undelete'.
extension TokensToolDoor {
    func deleteToken(_ fields: BodyFields, _ principal: String) async throws(TokensToolFailure) -> JSONValue {
        guard let name = try fields.text("name"), let present = findToken(name) else { throw .refused(TokensToolMessage.deleteUnknown) }
        do throws(CredentialError) {
            return .string(try await delete(present, principal) ? TokensToolMessage.deletedAndRevoked : TokensToolMessage.deleted)
        } catch {
            throw TokensToolFailure(error, TokensToolMessage.deleteFailed)
        }
    }

    func deleteTokens(_ rows: [BodyFields], _ principal: String) async throws(TokensToolFailure) -> JSONValue {
        var names: [String] = []
        for row in rows { names.append(try row.text("name") ?? "") }
        var good = 0
        for name in names {
            guard let present = findToken(name) else { continue }
            do throws(CredentialError) {
                _ = try await delete(present, principal)
                good += 1
            } catch {
                if case .unavailable = TokensToolFailure(error, "") { throw .unavailable }
            }
        }
        return .string(TokensToolMessage.deletedMany(good, names.count - good))
    }

    /// Here first, then at the proxy, with the access token that is stored (quirk Q9).
    /// - Returns: whether the proxy took the share token back.
    private func delete(_ present: Credential, _ principal: String) async throws(CredentialError) -> Bool {
        let access = present.isForAPI && present.fact(TokenNames.access) != nil
            ? try credentials.credentials.token(present.number, kind: TokenNames.access) : nil
        guard try await credentials.credentials.delete([present.number], by: principal) == 1 else {
            throw CredentialError(.notFound, "name", "it was deleted meanwhile")
        }
        guard let access else { return false }
        return await calls.unshare(name: present.nameText, access: access)
    }
}
