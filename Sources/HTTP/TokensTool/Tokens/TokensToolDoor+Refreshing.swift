import CofferCredentials
import CofferJSON
import CofferStore
import Logging

// 生成 and 刷新, of one token and of all (compat/tokenstool.md 1.3, 3.1 and 4).
extension TokensToolDoor {
    /// Access token and share token from the session or refresh token that is stored (quirk Q6: not from what the client sent back).
    func generateToken(_ fields: BodyFields, _ principal: String) async throws(TokensToolFailure) -> JSONValue {
        let body = try TokenBody(fields)
        guard body.setPoolToken != false, let name = body.name, let present = findToken(name), present.isForAPI,
            let renewed = await generate(present, principal)
        else { throw .refused(TokensToolMessage.generateFailed) }
        do throws(CredentialError) { return try row(renewed).json } catch { throw TokensToolFailure(error, TokensToolMessage.generateFailed) }
    }

    /// - Returns: the credential as it is then; `nil` where one of the two tokens was not got.
    func generate(_ present: Credential, _ principal: String) async -> Credential? {
        await renew(present, relogin: false, principal)
    }

    /// By the refresh machine: what others do with this credential at the same time is joined, what is dead is tried again since a person
    /// or the daily run asks (an exchange costs nothing), what needs a person is not dialled (decisions 14).
    private func renew(_ present: Credential, relogin: Bool, _ principal: String) async -> Credential? {
        let current = await follow(present, principal)
        let options = RefreshOptions(
            relogin: relogin, again: current.state.phase == .dead, hastens: true, kinds: [TokenNames.access, TokenNames.share])
        guard let report = try? await credentials.tokens.refresh(current.number, options: options, by: principal) else { return nil }
        guard report.isRenewed else {
            logger.notice(
                "a token was not renewed",
                metadata: ["door": "tokenstool", "credential": "\(current.number)", "reason": "\(report.error?.message ?? "")"])
            return nil
        }
        return await share(report.credential, principal)
    }

    /// What a refresh needs may be missing, as an import leaves it, or have changed.
    private func follow(_ present: Credential, _ principal: String) async -> Credential {
        var wanted = parameters(
            memory.settings, isRefresh: present.usesRefreshToken, showUserInfo: present.flag(TokenNames.showUserInfo))
        // One that somebody gave another proxy stays there.
        if let own = present.parameters[TokenNames.base] { wanted[TokenNames.base] = own }
        guard wanted.contains(where: { present.parameters[$0.key] != $0.value }) else { return present }
        var change = CredentialChange()
        change.parameters = wanted.mapValues { $0 }
        return (try? await credentials.credentials.update(present.number, change, by: principal)) ?? present
    }

    /// What its owner wants shared is shared again once it lives again.
    private func share(_ renewed: Credential, _ principal: String) async -> Credential {
        guard renewed.flag(TokenNames.autoShared), !renewed.flag(TokenNames.shared) else { return renewed }
        var change = CredentialChange()
        change.attributes = [TokenNames.shared: "true"]
        return (try? await credentials.credentials.update(renewed.number, change, by: principal)) ?? renewed
    }

    // MARK: 刷新: by logging in

    func refreshToken(_ fields: BodyFields, _ principal: String) async throws(TokensToolFailure) -> JSONValue {
        let body = try TokenBody(fields)
        guard await refresh(body, principal) else { throw .refused(TokensToolMessage.refreshFailed) }
        return .string(TokensToolMessage.refreshed)
    }

    /// Rows that are for the web alone are passed over and counted as good (quirk Q15).
    func refreshTokens(_ rows: [BodyFields], _ principal: String) async throws(TokensToolFailure) -> JSONValue {
        var bodies: [TokenBody] = []
        for row in rows { bodies.append(try TokenBody(row)) }
        var good = 0
        for body in bodies {
            if body.setPoolToken != true { good += 1 } else if await refresh(body, principal) { good += 1 }
        }
        return .string(TokensToolMessage.refreshedMany(good, bodies.count - good))
    }

    private func refresh(_ body: TokenBody, _ principal: String) async -> Bool {
        guard body.objection == nil, let name = body.name, let present = findToken(name), let old = try? row(present) else { return false }
        let username = body.username ?? old.username
        let password = body.userPassword ?? old.userPassword
        if present.isForAPI, username == old.username, password == old.userPassword {
            guard !username.isEmpty, !password.isEmpty else { return false }
            return await renew(present, relogin: true, principal) != nil
        }
        return await refreshAnew(present, old, username, password, principal)
    }

    /// With a login that is not stored yet, or of a row for the web, which becomes one for the API: nothing is written where it fails.
    private func refreshAnew(
        _ present: Credential, _ old: TokenRow, _ username: String, _ password: String, _ principal: String
    ) async -> Bool {
        let value: TokenValue
        do throws(TokenStep) {
            value = try await calls.get(
                "", login: (username, password), isRefresh: old.useRefreshToken, isForAPI: true, name: old.name,
                showUserInfo: old.showUserInfo, exchanges: true, mustShare: true)
        } catch {
            return false
        }
        var change = CredentialChange()
        change.attributes[TokenNames.setPoolToken] = "true"
        for name in [TokenNames.updateTime, TokenNames.switchedOff, TokenNames.checkSession] { change.attributes.updateValue(nil, forKey: name) }
        change.secrets = [TokenNames.username: username.secret, TokenNames.loginPassword: password.secret]
        if present.secretNames.contains(TokenNames.webToken) { change.secrets.updateValue(nil, forKey: TokenNames.webToken) }
        change.parameters = parameters(memory.settings, isRefresh: old.useRefreshToken, showUserInfo: old.showUserInfo).mapValues { $0 }
        change.tokens = value.changes
        change.expiries = value.expiries
        change.revives = true
        return (try? await credentials.credentials.update(present.number, change, by: principal)) != nil
    }

    // MARK: Everything

    struct Regeneration: Sendable {
        var good = 0
        var bad = 0
        var text = ""
    }

    /// All tokens for the API, then all pools, then the channels whose token changed (job A of the original). In order; the pace between
    /// the calls is the provider's.
    func regenerateAll(_ principal: String) async throws(TokensToolFailure) -> Regeneration {
        var result = Regeneration()
        for credential in allTokens() where credential.isForAPI {
            if await generate(credential, principal) != nil { result.good += 1 } else { result.bad += 1 }
        }
        guard result.good > 0 else { throw .refused(TokensToolMessage.regenerateFailed) }
        result.text = TokensToolMessage.regenerated(result.good, result.bad)
        do throws(TokensToolFailure) {
            let pools = try await refreshAllPools(principal)
            result.text += pools.text + (try await refreshChannels(principal))
        } catch {
            result.text += TokensToolMessage.regenerateRestFailed
        }
        return result
    }
}

/// The daily run, as a schedule of the action `job:tokenstool-regenerate`.
struct RegenerateJob: ScheduleJob {
    static let name = "tokenstool-regenerate"
    /// The door lives as long as its daemon; the schedules do not keep it.
    private let door: Weak

    private final class Weak: Sendable {
        weak let door: TokensToolDoor?
        init(_ door: TokensToolDoor) { self.door = door }
    }

    init(door: TokensToolDoor) { self.door = Weak(door) }

    var name: String { Self.name }

    func run(_ schedule: Schedule, by principal: String) async throws(CredentialError) -> ScheduleJobReport {
        guard let door = door.door else { throw CredentialError(.failed, "", "the door is closed") }
        guard door.allTokens().contains(where: \.isForAPI) else {
            return ScheduleJobReport(counts: ScheduleCounts(), note: "there is no token for the API")
        }
        do throws(TokensToolFailure) {
            let result = try await door.regenerateAll(principal)
            await door.reloadBehindChange()
            return ScheduleJobReport(
                counts: ScheduleCounts(succeeded: UInt32(clamping: result.good), failed: UInt32(clamping: result.bad)), note: "")
        } catch {
            throw CredentialError(.upstream, "", "no token was renewed")
        }
    }
}
