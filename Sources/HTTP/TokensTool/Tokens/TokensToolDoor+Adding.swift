import CofferCredentials
import CofferJSON
import CofferStore

// addToken (compat/tokenstool.md 1.3).
extension TokensToolDoor {
    /// Nothing is stored where the token does not prove good. One of this name that is there is replaced.
    func addToken(_ fields: BodyFields, _ principal: String) async throws(TokensToolFailure) -> JSONValue {
        let body = try TokenBody(fields)
        guard let name = body.name, let document = try? DocumentName(name.utf8), body.objection == nil else {
            throw .refused(TokensToolMessage.addFailed)
        }
        return try await turns.run { () throws(TokensToolFailure) in
            let present = findToken(name)
            // A credential of another provider has this name.
            guard present != nil || credentials.credentials.find(tenant: .main, name: document.bytes) == nil else {
                throw .refused(TokensToolMessage.addFailed)
            }
            var old: TokenRow?
            do throws(CredentialError) { old = try present.map { (found) throws(CredentialError) in try row(found) } } catch {
                throw TokensToolFailure(error, TokensToolMessage.addFailed)
            }
            let username = body.username ?? ""
            let password = body.userPassword ?? old?.userPassword ?? ""
            let isRefresh = body.useRefreshToken ?? false
            let isForAPI = body.setPoolToken ?? false
            let token = Mask.read(webToken: body.token ?? "", password: password)
            let value: TokenValue
            do throws(TokenStep) {
                value = try await calls.get(
                    token, login: token.isEmpty ? (username, password) : nil, isRefresh: isRefresh, isForAPI: isForAPI, name: name,
                    showUserInfo: body.showUserInfo ?? false, exchanges: isForAPI, mustShare: false)
            } catch {
                throw .refused(
                    error == .login ? TokensToolMessage.addLoginFailed : TokensToolMessage.addExchangeFailed(isRefresh: isRefresh))
            }
            let entry = NewToken(
                name: document, body: body, value: value, username: username, userPassword: password,
                password: body.password ?? old?.password ?? "",
                parameters: parameters(memory.settings, isRefresh: isRefresh, showUserInfo: body.showUserInfo ?? false),
                now: settings.clock())
            do throws(CredentialError) {
                if let number = present?.number ?? deletedMember(document) {
                    if present == nil {
                        _ = try await credentials.credentials.undelete(tenant: .main, name: document.bytes, by: principal)
                    }
                    _ = try await credentials.credentials.update(number, entry.change, by: principal)
                } else {
                    _ = try await credentials.credentials.create(entry.draft, by: principal)
                }
            } catch {
                throw TokensToolFailure(error, TokensToolMessage.addFailed)
            }
            await revoke(old, unless: value.share?.value)
            return .string(TokensToolMessage.added)
        }
    }

    /// A deleted token of this name that a pool still names: for TokensTool the name is the member.
    private func deletedMember(_ name: DocumentName) -> UInt64? {
        credentials.credentials.deleted(tenant: .main).last { deleted in
            deleted.name == name && deleted.isTokensToolToken && !credentials.pools.pools(with: deleted.number).isEmpty
        }?.number
    }

    /// Takes the share token of a row that was replaced back, unless the proxy gave the same one again (quirk Q17). Best effort.
    private func revoke(_ old: TokenRow?, unless new: SecretBuffer?) async {
        guard let old, let share = old.shareToken, let access = old.accessToken, new?.isEqual(to: share) != true else { return }
        _ = await calls.unshare(name: old.name, access: access.secret)
    }
}

/// What a new token is stored as, whether its name was there or not.
struct NewToken: Sendable {
    var name: DocumentName
    var body: TokenBody
    var value: TokenValue
    var username: String
    var userPassword: String
    var password: String
    var parameters: [String: String]
    /// Unix milliseconds.
    var now: UInt64

    private var secrets: [String: SecretBuffer] {
        var secrets: [String: SecretBuffer] = [:]
        if !username.isEmpty { secrets[TokenNames.username] = username.secret }
        if !userPassword.isEmpty { secrets[TokenNames.loginPassword] = userPassword.secret }
        if !password.isEmpty { secrets[TokenNames.password] = password.secret }
        if let web = value.webToken(username: username, password: userPassword) { secrets[TokenNames.webToken] = web }
        return secrets
    }

    private var flags: [String: String] {
        var flags = Dictionary(
            uniqueKeysWithValues: [
                TokenNames.shared, TokenNames.autoShared, TokenNames.showUserInfo, TokenNames.plus, TokenNames.setPoolToken,
                TokenNames.useRefreshToken,
            ].map { ($0, "false") })
        flags.merge(body.flags) { $1 }
        if !value.isForAPI { flags[TokenNames.updateTime] = String(now) }
        return flags
    }

    var draft: CredentialDraft {
        var draft = CredentialDraft(tenant: .main, name: name, provider: TokenNames.provider)
        draft.parameters = parameters
        draft.attributes = flags
        draft.secrets = secrets
        draft.tokens = value.tokens
        draft.expiries = value.expiries
        return draft
    }

    /// Replaces all that is there of one of this name.
    var change: CredentialChange {
        var change = CredentialChange()
        change.parameters = parameters.mapValues { $0 }
        for name in [TokenNames.updateTime, TokenNames.switchedOff, TokenNames.checkSession] { change.attributes.updateValue(nil, forKey: name) }
        for (name, flag) in flags { change.attributes[name] = flag }
        for name in [TokenNames.username, TokenNames.loginPassword, TokenNames.password, TokenNames.webToken] {
            change.secrets.updateValue(nil, forKey: name)
        }
        for (name, secret) in secrets { change.secrets[name] = secret }
        change.tokens = value.changes
        change.expiries = value.expiries
        // What was wrong with the old one is nothing of the new one's.
        change.revives = true
        return change
    }
}
