import CofferCredentials
import CofferJSON
import CofferStore

// requiredToken (compat/tokenstool.md 1.3).
extension TokensToolDoor {
    /// Changes a token; what is absent stays. Nothing is saved where a value that was given does not prove good.
    func editToken(_ fields: BodyFields, _ principal: String) async throws(TokensToolFailure) -> JSONValue {
        var body = try TokenBody(fields)
        guard let name = body.name else { throw .refused(TokensToolMessage.editUnknown) }
        guard body.objection == nil else { throw .refused(TokensToolMessage.editFailed) }
        return try await turns.run { () throws(TokensToolFailure) in
            guard let present = findToken(name) else { throw .refused(TokensToolMessage.editUnknown) }
            let old: TokenRow
            do throws(CredentialError) { old = try row(present) } catch { throw TokensToolFailure(error, TokensToolMessage.editFailed) }
            body.setPoolToken = body.setPoolToken ?? old.setPoolToken
            body.useRefreshToken = body.useRefreshToken ?? old.useRefreshToken
            let username = body.username ?? old.username
            let password = body.userPassword ?? old.userPassword
            let plan = EditPlan(
                .init(
                    token: old.token, isForAPI: old.setPoolToken, usesRefreshToken: old.useRefreshToken, username: old.username,
                    userPassword: old.userPassword), body)
            var change = CredentialChange()
            for (name, flag) in body.flags { change.attributes[name] = flag }
            set(&change, TokenNames.username, body.username, old.username)
            set(&change, TokenNames.loginPassword, body.userPassword, old.userPassword)
            set(&change, TokenNames.password, body.password, old.password)
            let showUserInfo = body.showUserInfo ?? old.showUserInfo
            change.parameters = parameters(memory.settings, isRefresh: plan.usesRefreshToken, showUserInfo: showUserInfo).mapValues { $0 }
            if plan.isNewValue {
                let value = try await dial(plan, username, password, name: name, showUserInfo: showUserInfo)
                keep(value, plan, username, password, present, &change)
            } else {
                followPassword(old, username, password, present, &change)
            }
            do throws(CredentialError) {
                _ = try await credentials.credentials.update(present.number, change, by: principal)
            } catch {
                throw TokensToolFailure(error, TokensToolMessage.editFailed)
            }
            return .string(TokensToolMessage.edited)
        }
    }

    private func dial(
        _ plan: EditPlan, _ username: String, _ password: String, name: String, showUserInfo: Bool
    ) async throws(TokensToolFailure) -> TokenValue {
        guard plan.dial != .nothing else {
            return TokenValue(isForAPI: plan.isForAPI, isRefresh: plan.usesRefreshToken, token: plan.token)
        }
        do throws(TokenStep) {
            return try await calls.get(
                plan.token, login: plan.dial == .login ? (username, password) : nil, isRefresh: plan.usesRefreshToken,
                isForAPI: plan.isForAPI, name: name, showUserInfo: showUserInfo, exchanges: true, mustShare: true)
        } catch {
            switch error {
            case .login: throw .refused(TokensToolMessage.editLoginFailed)
            case .exchange: throw .refused(TokensToolMessage.editExchangeFailed(isRefresh: plan.usesRefreshToken))
            case .share: throw .refused(TokensToolMessage.editShareFailed)
            }
        }
    }

    /// A sealed field that was given and differs; an empty one is taken away.
    private func set(_ change: inout CredentialChange, _ name: String, _ given: String?, _ old: String) {
        guard let given, given != old else { return }
        change.secrets.updateValue(given.isEmpty ? nil : given.secret, forKey: name)
    }

    /// A new value takes the place of all that was made from the old one.
    private func keep(
        _ value: TokenValue, _ plan: EditPlan, _ username: String, _ password: String, _ present: Credential, _ change: inout CredentialChange
    ) {
        change.tokens = value.changes
        change.expiries = value.expiries
        change.revives = true
        let web = value.webToken(username: username, password: password)
        if web != nil || present.secretNames.contains(TokenNames.webToken) { change.secrets.updateValue(web, forKey: TokenNames.webToken) }
        change.attributes.updateValue(value.isForAPI ? nil : String(settings.clock()), forKey: TokenNames.updateTime)
        change.attributes.updateValue(plan.isSwitchedOff ? "true" : nil, forKey: TokenNames.switchedOff)
        change.attributes.updateValue(nil, forKey: TokenNames.checkSession)
    }

    /// The value for the web that is the login follows it without being kept; one that is something else stays what it is.
    private func followPassword(
        _ old: TokenRow, _ username: String, _ password: String, _ present: Credential, _ change: inout CredentialChange
    ) {
        guard !old.setPoolToken, !present.secretNames.contains(TokenNames.webToken), present.fact(present.mainKind) == nil else { return }
        guard username != old.username || password != old.userPassword, !username.isEmpty || !password.isEmpty else { return }
        change.attributes.updateValue(String(settings.clock()), forKey: TokenNames.updateTime)
    }
}
