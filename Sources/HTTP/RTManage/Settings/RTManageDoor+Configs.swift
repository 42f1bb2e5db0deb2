import CofferAccounts
import CofferCredentials
import CofferJSON
import CofferStore

// What the settings page shows and saves (compat/rtmanage.md 5.2 and 5.3).
extension RTManageDoor {
    func configs() async throws(RTManageFailure) -> RTManageConfigs {
        let doors = accounts.doors
        let id = id
        let found = await DiskWork.run {
            var configs = RTManageConfigs(others: doors.value(id, RTManageConfigs.others)?.text.utf8.map { $0 } ?? [])
            for key in RTManageConfigs.known { if let value = doors.value(id, key) { configs.values[key] = value.text } }
            return configs
        }
        // Locked meanwhile, nothing would look as if it were set.
        if accounts.isLocked { throw .unavailable }
        return found
    }

    /// The environment of the process is nobody's business: `env_configs` is there and empty.
    func showConfigs() async throws(RTManageFailure) -> RTManageAnswer {
        var reported = try await configs().reported
        if let isScheduled { reported[RTManageConfigs.isScheduled] = isScheduled ? "true" : "false" }
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
            do throws(AccountError) { try await self.keep(old, new, by: caller.principal) } catch {
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

    /// Writes the fields that changed; an empty text is one that is not set.
    private func keep(_ old: RTManageConfigs, _ new: RTManageConfigs, by principal: String) async throws(AccountError) {
        for key in RTManageConfigs.known where old.values[key] != new.values[key] {
            let value = new.values[key].flatMap { $0.isEmpty ? nil : SecretBuffer(Array($0.utf8)) }
            try await accounts.doors.set(id, key, value, allowSample: true, by: principal)
        }
        guard old.encodedOthers != new.encodedOthers else { return }
        try await accounts.doors.set(id, RTManageConfigs.others, SecretBuffer(new.encodedOthers), allowSample: true, by: principal)
    }

    /// A row whose proxy or client id is on no list any more gets one of the list; an empty list of proxies takes all away.
    ///
    /// What was never saved counts as what is reported for it: the first save of a page overwrites nothing by itself.
    private func deal(_ old: RTManageConfigs, _ new: RTManageConfigs, by principal: String) async throws(RTManageFailure) {
        let proxiesChanged = old.reported[RTManageConfigs.proxyList] != new.reported[RTManageConfigs.proxyList]
        let ids = (old.clientIDs(standard: settings.clientID), new.clientIDs(standard: settings.clientID))
        let idsChanged = ids.0 != ids.1
        guard proxiesChanged || idsChanged else { return }
        var changes: [UInt64: CredentialChange] = [:]
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
            if change.clientID != nil || !change.secrets.isEmpty { changes[row.credential.number] = change }
        }
        do throws(CredentialError) {
            try await credentials.credentials.update(all: changes, by: principal)
        } catch {
            throw RTManageFailure(error, status: 400, prefix: "保存失败: ")
        }
    }
}
