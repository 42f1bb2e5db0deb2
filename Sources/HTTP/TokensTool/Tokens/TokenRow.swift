import CofferCredentials
import CofferJSON
import CofferStore

/// A token with everything that lies sealed, as one answer or one file needs it (compat/tokenstool.md 2.1).
struct TokenRow: Sendable {
    var name: String
    var token: String
    var username: String
    var userPassword: String
    var shared: Bool
    var autoShared: Bool
    var showUserInfo: Bool
    var plus: Bool
    var setPoolToken: Bool
    var useRefreshToken: Bool
    var password: String
    /// `nil`: there is none.
    var accessToken: String?
    var shareToken: String?
    /// What stands in place of a token that is not there.
    var placeholder: String
    var updateTime: String
    var checkSession: Bool

    /// The 15 fields of an answer; passwords are masked, what else is there is readable (W3).
    var json: JSONValue {
        .object([
            ("name", .string(name)), ("token", .string(Mask.shown(webToken: token, password: setPoolToken ? "" : userPassword))),
            ("username", .string(username)), ("userPassword", .string(Mask.shown(!userPassword.isEmpty))), ("shared", .bool(shared)),
            ("auto_shared", .bool(autoShared)), ("show_user_info", .bool(showUserInfo)), ("plus", .bool(plus)),
            ("setPoolToken", .bool(setPoolToken)), ("useRefreshToken", .bool(useRefreshToken)),
            ("password", .string(Mask.shown(!password.isEmpty))), ("access_token", .string(accessToken ?? placeholder)),
            ("share_token", .string(shareToken ?? placeholder)), ("updateTime", .string(updateTime)), ("checkSession", .bool(checkSession)),
        ])
    }

    /// An entry of `tokens.json`, readable: the proxy reads it. `access_token` and `share_token` only where they are.
    var fileEntry: JSONValue {
        var fields: [(String, JSONValue)] = [
            ("token", .string(token)), ("username", .string(username)), ("userPassword", .string(userPassword)), ("shared", .bool(shared)),
            ("auto_shared", .bool(autoShared)), ("show_user_info", .bool(showUserInfo)), ("plus", .bool(plus)),
            ("setPoolToken", .bool(setPoolToken)), ("useRefreshToken", .bool(useRefreshToken)), ("password", .string(password)),
        ]
        if let accessToken { fields.append(("access_token", .string(accessToken))) }
        if let shareToken { fields.append(("share_token", .string(shareToken))) }
        fields += [("updateTime", .string(updateTime)), ("checkSession", .bool(checkSession))]
        return .object(fields)
    }
}

extension TokenRow {
    /// Reads the sealed parts: waits for the disk.
    init(_ credential: Credential, _ service: CredentialService, time: DoorTime, now: UInt64) throws(CredentialError) {
        func secret(_ name: String) throws(CredentialError) -> String {
            guard credential.secretNames.contains(name) else { return "" }
            return try service.secret(credential.number, name)?.text ?? ""
        }
        func token(_ kind: String) throws(CredentialError) -> String? {
            guard credential.fact(kind) != nil else { return nil }
            return try service.token(credential.number, kind: kind)?.text
        }
        let isForAPI = credential.isForAPI
        name = credential.nameText
        username = try secret(TokenNames.username)
        userPassword = try secret(TokenNames.loginPassword)
        if let kept = isForAPI || credential.secretNames.contains(TokenNames.webToken) ? nil : try token(credential.mainKind) {
            self.token = kept
        } else if isForAPI {
            self.token = try token(credential.mainKind) ?? ""
        } else {
            // Without a value of its own it is the login.
            let own = try secret(TokenNames.webToken)
            self.token = own.isEmpty && !username.isEmpty ? username + "," + userPassword : own
        }
        shared = credential.isShared(at: now)
        autoShared = credential.flag(TokenNames.autoShared)
        showUserInfo = credential.flag(TokenNames.showUserInfo)
        plus = credential.flag(TokenNames.plus)
        setPoolToken = isForAPI
        useRefreshToken = credential.usesRefreshToken
        password = try secret(TokenNames.password)
        accessToken = isForAPI ? try token(TokenNames.access) : nil
        shareToken = isForAPI ? try token(TokenNames.share) : nil
        placeholder = credential.tokensToolPlaceholder
        updateTime = credential.updateTime(time)
        checkSession = !credential.isExpired(at: now)
    }
}

extension Credential {
    var nameText: String { String(decoding: name.bytes, as: UTF8.self) }

    var tokensToolPlaceholder: String {
        flag(TokenNames.switchedOff) && !isForAPI ? TokensToolMessage.switchedOff : TokensToolMessage.neverMade
    }

    /// When its value was got.
    func updateTime(_ time: DoorTime) -> String {
        let kept = attributes[TokenNames.updateTime]
        func shown(_ text: String) -> String { UInt64(text).map { time.text($0) } ?? text }
        if isForAPI, let fact = fact(mainKind) {
            // As imported, until it is got anew.
            if let kept, fact.obtained == created { return shown(kept) }
            return time.text(fact.obtained)
        }
        return kept.map(shown) ?? time.text(created)
    }
}
