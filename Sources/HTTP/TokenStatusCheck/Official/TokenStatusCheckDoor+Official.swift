import CofferCredentials
import CofferJSON
import CofferStore
import CofferUpstream

// DeepSeek's own pages (compat/tokenstatuscheck.md 1.3, 1.4 and 3, rows 24 to 33).
extension TokenStatusCheckDoor {
    private static let provider = "deepseek"
    private static let summary = "summary"
    /// In the place of an account about which nothing can be said.
    private static let failed = "error"

    // MARK: One account

    /// Relays the summary of the caller's own token, status and all.
    func single(_ token: String, _ route: TokenStatusCheckRoute) async throws(TokenStatusCheckFailure) -> HTTPReply {
        let answer: StepResult
        do throws(CredentialError) {
            answer = try await credentials.call(Self.provider, step: Self.summary, values: ["access": SecretBuffer(Array(token.utf8))])
        } catch {
            // A token that no header can carry is none.
            throw error.code == .invalidArgument ? .unauthorized : .upstream
        }
        guard (200...599).contains(answer.status), let body = answer.body, answer.verdict != .down || answer.status >= 400 || Self.isWhole(body)
        else { throw .upstream }
        let value = withExtendedLifetime(body) { try? JSONValue.parse(Array(body.bytes), allowsTrailing: false) }
        guard let value, value.object != nil else { throw .upstream }
        return Self.reply(OfficialSummary.lifted(value), route, status: answer.status)
    }

    private static func isWhole(_ body: SecretBuffer) -> Bool {
        withExtendedLifetime(body) { (try? JSONValue.parse(Array(body.bytes), allowsTrailing: false)) != nil }
    }

    // MARK: All accounts

    /// One text for each account, in their order.
    func list() async throws(TokenStatusCheckFailure) -> [String] {
        try await lists.run(0) { [self] in
            do throws(TokenStatusCheckFailure) { return .success(files.isUsed ? try await listFile() : await listCredentials()) } catch {
                return .failure(error)
            }
        }.get()
    }

    private func listFile() async throws(TokenStatusCheckFailure) -> [String] {
        let files = files
        let accounts = try await DiskWork.run { () throws(TokenStatusCheckFailure) in TokenLines.accounts(try files.read(TokenFiles.accounts)) }
        sessions.keep(accounts.compactMap { $0 })
        var texts: [String] = []
        for account in accounts {
            guard let account else {
                texts.append(Self.failed)
                continue
            }
            await pause(before: texts.count)
            texts.append(await amount(account) ?? Self.failed)
        }
        return texts
    }

    /// One after the other, with pauses: the platform locks out who is in a hurry.
    private func pause(before index: Int) async {
        guard index > 0, settings.accountGap > 0 else { return }
        try? await Task.sleep(for: .milliseconds(Int.random(in: min(1_000, settings.accountGap * 1_000)...settings.accountGap * 1_000)))
    }

    /// Logs in where there is no session, and once more where the session is over.
    private func amount(_ account: OfficialAccount) async -> String? {
        if let session = sessions[account] {
            guard let answer = try? await ask(session) else { return nil }
            if answer.verdict != .dead { return Self.amount(answer) }
            sessions[account] = nil
        }
        let login = try? await credentials.call(
            Self.provider, step: account.isByEmail ? "login-email" : "login",
            values: ["username": account.name, "password": account.password])
        guard let login, login.verdict == .ok, let session = login.values["access"] else { return nil }
        sessions[account] = session
        return (try? await ask(session)).flatMap(Self.amount)
    }

    private func ask(_ session: SecretBuffer) async throws(CredentialError) -> StepResult {
        try await credentials.call(Self.provider, step: Self.summary, values: ["access": session])
    }

    /// The estimate as a text, whatever the platform sends.
    private static func amount(_ answer: StepResult) -> String? { answer.verdict == .ok ? answer.values["tokens"]?.text : nil }

    /// Accounts that were imported; their sessions lie in the store.
    private func listCredentials() async -> [String] {
        let accounts = credentials.credentials.list(tenant: .main) { $0.provider == Self.provider && $0.isEnabled }
        var texts: [String] = []
        for account in accounts {
            await pause(before: texts.count)
            texts.append(await amount(account) ?? Self.failed)
        }
        return texts
    }

    private func amount(_ account: Credential) async -> String? {
        let tokens = credentials.tokens
        func ask() async -> StepResult? { try? await tokens.perform(account.number, step: Self.summary, by: Self.principal) }
        if account.fact("access") != nil {
            guard let answer = await ask() else { return nil }
            if answer.verdict != .dead { return Self.amount(answer) }
        }
        let report = try? await tokens.refresh(account.number, options: RefreshOptions(relogin: true), by: Self.principal)
        guard report?.isRenewed == true, let answer = await ask() else { return nil }
        return Self.amount(answer)
    }
}
