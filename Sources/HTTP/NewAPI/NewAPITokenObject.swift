import CofferAccounts
import CofferJSON
import CofferStore

extension NewAPIDoor {
    /// A token as the API shows it (compat/newapi.md 1.2).
    /// - Parameter key: whole or masked, never with `sk-`.
    func tokenObject(_ view: APIKeyView, _ user: User, key: String) -> JSONValue {
        let created = Int64(clamping: view.key.created / 1_000)
        return .object([
            ("id", .integer(view.key.newapiID)),
            ("user_id", .integer(user.newapiID)),
            ("key", .string(key)),
            ("status", .integer(Int64(view.key.status.rawValue))),
            ("name", .string(view.key.name.text)),
            ("created_time", .integer(created)),
            ("accessed_time", .integer(view.state.accessed == 0 ? created : Int64(clamping: view.state.accessed / 1_000))),
            ("expired_time", .integer(view.key.expires)),
            ("remain_quota", .integer(view.state.remaining)),
            ("unlimited_quota", .bool(view.state.unlimited)),
            ("model_limits_enabled", .bool(view.key.modelLimitsEnabled)),
            ("model_limits", .string(view.key.models.joined(separator: ","))),
            ("allow_ips", .string(view.key.addresses.text)),
            ("used_quota", .integer(view.state.used)),
            ("group", .string(view.key.group)),
            ("cross_group_retry", .bool(view.key.crossGroupRetry)),
            ("DeletedAt", .null),
            ("auto_groups", view.key.autoGroups.map { .strings($0) } ?? .null),
        ])
    }

    /// The same for several, with the keys whole where the profile has them so.
    func tokenObjects(_ views: [APIKeyView], _ user: User) async throws(AccountError) -> [JSONValue] {
        var objects: [JSONValue] = []
        for view in views {
            let key = rules.showsKeys ? try await wholeKey(view) : nil
            objects.append(tokenObject(view, user, key: key?.text ?? view.key.hint))
        }
        return objects
    }

    /// The key itself; `nil` where the tenant keeps no readable forms, or the token went meanwhile.
    func wholeKey(_ view: APIKeyView) async throws(AccountError) -> SecretBuffer? {
        guard view.key.isRevealable else { return nil }
        do throws(AccountError) {
            return try await accounts.apiKeys.reveal(view.key.number)
        } catch {
            if error.code == .denied || error.code == .notFound { return nil }
            throw error
        }
    }

    /// What a user's tokens have in common.
    func filter(_ user: User) -> APIKeyService.Filter {
        var filter = APIKeyService.Filter()
        filter.tenant = user.home
        filter.owner = user.number
        filter.form = .sk
        return filter
    }

    /// The token of this id, if it is the caller's own.
    func ownToken(_ id: Int64, _ caller: NewAPICaller) -> APIKeyView? {
        guard id > 0, let view = accounts.apiKeys.find(newapiID: id) else { return nil }
        let isOwn = view.key.owner == caller.user.number && view.key.tenant == caller.user.home && view.key.form == .sk
        return isOwn ? view : nil
    }

    /// The token that the path names.
    func pathToken(_ request: NewAPIRequest, _ caller: NewAPICaller) throws(NewAPIFailure) -> APIKeyView {
        let id = try request.pathID()
        guard id != 0 else { throw NewAPIFailure(.missingID) }
        guard let view = ownToken(id, caller) else { throw NewAPIFailure(.notFound) }
        return view
    }
}
