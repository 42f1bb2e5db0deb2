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
            var drafts: [CredentialDraft] = []
            for token in tokens {
                let digest = self.digests.digest(SecretBuffer(Array(token.utf8)))
                guard known.insert(digest).inserted else { continue }
                var draft = try Self.draft(
                    Self.randomID(), token, proxy: proxies.randomElement() ?? "", clientID: clientIDs.randomElement() ?? self.settings.clientID,
                    tag: tag)
                draft.isEnabled = false
                drafts.append(draft)
            }
            do throws(CredentialError) {
                let (made, refused) = try await self.credentials.credentials.create(all: drafts, by: caller.principal)
                // A token that cannot be kept is counted. What all rows have is the request's mistake.
                if let error = refused.values.first(where: { $0.field != RTManageKind.refresh }), made == 0 { throw error }
                return made
            } catch {
                throw RTManageFailure(error, status: error.code == .invalidArgument ? 400 : 500, prefix: "批量导入失败: ")
            }
        }
        let failed = tokens.count - made
        return RTManageAnswer("批量导入完成: 成功 \(made) 个, 失败/跳过 \(failed) 个", data: .object([
            ("total_count", .integer(Int64(all.count))), ("success_count", .integer(Int64(made))), ("fail_count", .integer(Int64(failed))),
        ]))
    }
}
