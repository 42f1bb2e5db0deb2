import CofferCredentials
import CofferJSON
import CofferStore
import Logging

// Settings, quota and the proxy's reload (compat/tokenstool.md 1.6).
extension TokensToolDoor {
    func showSettings() -> JSONValue {
        let task = task
        var settings = memory.settings
        settings.autoUpdateSession = task.isOn
        settings.autoUpdateTime = task.days
        settings.autoUpdateNumber = task.number
        return SettingsBody.shown(
            settings, loginUsername: memory.loginUsername, isSet: memory.secretsThatAreSet, licenseID: memory.secret(.licenseID)?.text ?? "")
    }

    func changeSettings(_ fields: BodyFields, _ principal: String) async throws(TokensToolFailure) -> JSONValue {
        let text = TokensToolMessage.settingsFailed
        let before = memory.settings.upstreamBase
        let after = try await memory.change(failing: text, by: principal) { (settings) throws(TokensToolFailure) in
            let body = try SettingsBody(fields, present: settings)
            if let objection = SettingsChecks.objection(body.settings, before: settings) { throw .refused("\(text)：\(objection)") }
            // Without either nobody could log in any more.
            guard body.loginUsername?.isEmpty != true, body.secrets[.loginPassword]?.isEmpty != true else {
                throw .refused("\(text)：loginUsername, loginPassword")
            }
            for value in body.secrets.values where value.utf8.count > SettingsChecks.maximumText {
                throw .refused("\(text)：a text is longer than \(SettingsChecks.maximumText) bytes")
            }
            settings = body.settings
            return (body.loginUsername, body.secrets)
        }
        warnOfClear(after)
        await moveTokens(from: before, to: after.upstreamBase, principal)
        triggerSinks()
        return .string(TokensToolMessage.settingsChanged)
    }

    func warnOfClear(_ settings: SystemSettings) {
        let fields = SettingsChecks.inClear(settings)
        guard !fields.isEmpty else { return }
        logger.warning(
            "passwords and tokens go over the network readable: use https",
            metadata: ["door": "tokenstool", "settings": "\(fields.joined(separator: ","))"])
    }

    /// The tokens that are stored are refreshed at where the proxy is now. One that somebody gave another proxy stays there.
    /// - Parameter old: `nil`: only those that have none yet, as an import leaves them.
    func moveTokens(from old: String?, to new: String?, _ principal: String) async {
        guard let new else { return }
        for credential in allTokens() {
            let base = credential.parameters[TokenNames.base]
            guard base == nil || (base == old && old != new) else { continue }
            var change = CredentialChange()
            change.parameters = [TokenNames.base: new]
            do throws(CredentialError) { _ = try await credentials.credentials.update(credential.number, change, by: principal) } catch {
                logger.warning(
                    "a token did not follow the proxy's new address",
                    metadata: ["door": "tokenstool", "credential": "\(credential.number)", "error": "\(error.code.rawValue)"])
            }
        }
    }

    func showQuota() async throws(TokensToolFailure) -> JSONValue {
        let (quota, wasAnswered) = await calls.quota()
        guard let quota else { throw .refused(wasAnswered ? TokensToolMessage.quotaRefused : TokensToolMessage.quotaFailed) }
        return quota
    }

    // MARK: The proxy's files

    /// Also where it did not work the code is 1 (quirk Q7): the text tells.
    func reloadUpstream() async throws(TokensToolFailure) -> JSONValue {
        let calls = calls
        guard calls.settings.bindPort != nil else { throw .refused(TokensToolMessage.badBind) }
        await writeSinks()
        return .string(await calls.reload() ? TokensToolMessage.reloaded : TokensToolMessage.reloadFailed)
    }

    /// Behind a change: the files are written, then the proxy is told. What comes of it is only logged.
    func reloadBehindChange() async {
        guard settings.hotReload, !credentials.isLocked else { return }
        await writeSinks()
        if await !calls.reload() {
            logger.info("the proxy could not be told to reload", metadata: ["door": "tokenstool"])
        }
    }
}
