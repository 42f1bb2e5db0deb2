import CofferAccounts
import CofferCredentials
import CofferJSON
import CofferStore

// What the settings page shows and saves (compat/rtmanage.md 5.2 and 5.3).
extension RTManageDoor {
    private static let field = "configs"

    func configs() async throws(RTManageFailure) -> RTManageConfigs {
        guard let bytes = await stored(Self.field) else {
            // Not set, or the store was locked meanwhile.
            if accounts.isLocked { throw .unavailable }
            return RTManageConfigs()
        }
        return withExtendedLifetime(bytes) { RTManageConfigs(Array(bytes.bytes)) }
    }

    /// The environment of the process is nobody's business: `env_configs` is there and empty.
    func showConfigs() async throws(RTManageFailure) -> RTManageAnswer {
        var reported = try await configs().reported
        if let schedule { reported[RTManageConfigs.isScheduled] = schedule.isEnabled ? "true" : "false" }
        let configs = reported.sorted { $0.key < $1.key }.map { ($0.key, JSONValue.string($0.value)) }
        return RTManageAnswer("获取成功", data: .object([("configs", .object(configs)), ("env_configs", .object([]))]))
    }

    func listProxies() async throws(RTManageFailure) -> RTManageAnswer {
        RTManageAnswer("获取成功", data: .strings(try await configs().proxies))
    }

    func listClientIDs() async throws(RTManageFailure) -> RTManageAnswer {
        RTManageAnswer("获取成功", data: .strings(try await configs().clientIDs(standard: settings.clientID)))
    }

    /// Absent keys stay as they are. Lists that changed are dealt out to the rows; the schedule follows its two keys.
    func saveConfigs(_ request: RTManageRequest, _ caller: RTManageCaller) async throws(RTManageFailure) -> RTManageAnswer {
        let given = try request.body().map("configs")
        try RTManageBody.require([("Configs", given != nil)])
        try await turns.run { () async throws(RTManageFailure) in
            let old = try await self.configs()
            let new = try old.saving(given ?? [:], standard: self.settings.clientID)
            do throws(AccountError) {
                try await self.accounts.doors.set(
                    self.id, Self.field, SecretBuffer(new.encoded), allowSample: true, by: caller.principal)
            } catch {
                throw RTManageFailure(error, status: 400, prefix: "保存失败: ")
            }
            try await self.deal(old, new, by: caller.principal)
            let keys = Set((given ?? [:]).keys)
            if keys.contains(RTManageConfigs.isScheduled) || keys.contains(RTManageConfigs.interval) {
                try await self.follow(new, by: caller.principal)
            }
        }
        return RTManageAnswer("保存成功")
    }

    /// A row whose proxy or client id is on no list any more gets one of the list; an empty list of proxies takes all away.
    ///
    /// What was never saved counts as what is reported for it: the first save of a page overwrites nothing by itself.
    private func deal(_ old: RTManageConfigs, _ new: RTManageConfigs, by principal: String) async throws(RTManageFailure) {
        let proxiesChanged = old.reported[RTManageConfigs.proxyList] != new.reported[RTManageConfigs.proxyList]
        let ids = (old.clientIDs(standard: settings.clientID), new.clientIDs(standard: settings.clientID))
        let idsChanged = ids.0 != ids.1
        guard proxiesChanged || idsChanged else { return }
        for row in try await rows() {
            var change = CredentialChange()
            if idsChanged, !ids.1.contains(row.credential.clientID) { change.clientID = ids.1.randomElement() }
            if proxiesChanged {
                let present = try await sealed(row.credential).fields["proxy"]?.text ?? ""
                if new.proxies.isEmpty {
                    if !present.isEmpty { change.secrets["proxy"] = .some(nil) }
                } else if !new.proxies.contains(present), let proxy = new.proxies.randomElement() {
                    change.secrets["proxy"] = SecretBuffer(Array(proxy.utf8))
                }
            }
            guard change.clientID != nil || !change.secrets.isEmpty else { continue }
            do throws(CredentialError) {
                _ = try await credentials.credentials.update(row.credential.number, change, by: principal)
            } catch {
                // Deleted meanwhile.
                guard error.code == .notFound else { throw RTManageFailure(error, status: 400, prefix: "保存失败: ") }
            }
        }
    }
}
