import CofferCredentials
import CofferJSON
import CofferStore

extension RTManageDoor {
    /// Many tokens at once, in their order; those that are there already are skipped (compat/rtmanage.md 1.5).
    func importMany(_ request: RTManageRequest, _ caller: RTManageCaller) async throws(RTManageFailure) -> RTManageAnswer {
        let body = try request.body()
        let given = try body.texts("rt_tokens")
        let tag = try body.text("tag")
        let proxy = try body.text("proxy")
        let clientID = try body.text("client_id")
        try RTManageBody.require([("RTTokens", given != nil)])
        let all = try RTManageBody.bounded(given ?? [], "rt_tokens")
        var seen: Set<String> = []
        let tokens = all.map(\.trimmed).filter { !$0.isEmpty && seen.insert($0).inserted }
        let configs = try await configs()
        let proxies = proxy.isEmpty ? configs.proxies : [proxy]
        let clientIDs = clientID.isEmpty ? configs.clientIDs(standard: settings.clientID) : [clientID]
        let made = try await turns.run { () async throws(RTManageFailure) in
            var known = try await self.knownTokens()
            var made = 0
            for token in tokens {
                let digest = self.digests.digest(SecretBuffer(Array(token.utf8)))
                guard known.insert(digest).inserted else { continue }
                var draft = try Self.draft(
                    Self.randomID(), token, proxy: proxies.randomElement() ?? "", clientID: clientIDs.randomElement() ?? self.settings.clientID,
                    tag: tag)
                draft.isEnabled = false
                do throws(CredentialError) {
                    _ = try await self.credentials.credentials.create(draft, by: caller.principal)
                    made += 1
                } catch {
                    // One that cannot be kept is counted; where the store gives out, what was made stays.
                    guard ![.locked, .readOnly, .storeFull].contains(error.code) else {
                        throw RTManageFailure(error, status: 500, prefix: "批量导入失败: ")
                    }
                }
            }
            return made
        }
        let failed = tokens.count - made
        return RTManageAnswer("批量导入完成: 成功 \(made) 个, 失败/跳过 \(failed) 个", data: .object([
            ("total_count", .integer(Int64(all.count))), ("success_count", .integer(Int64(made))), ("fail_count", .integer(Int64(failed))),
        ]))
    }
}
