import CofferAccounts
import CofferJSON
import CofferStore

// What pages ask about the user and the door (compat/newapi.md 1.14).
extension NewAPIDoor {
    /// The user as the early login replies have it.
    func identity(_ user: User) -> [(String, JSONValue)] {
        [
            ("id", .integer(user.newapiID)), ("username", .string(user.name.description)),
            ("display_name", .string(user.displayName.bytes.isEmpty ? user.name.description : user.displayName.text)),
            ("role", .integer(Int64(user.role.rawValue))), ("status", .integer(user.isEnabled ? 1 : 2)), ("group", .string(user.group)),
        ]
    }

    /// The user with what there is to spend. Without a wallet nothing is limited, for which the API has no word: then `quota` is
    /// 100,000,000 units of money, or the largest quota where that is less.
    func selfObject(_ user: User) -> JSONValue {
        let wallet = accounts.apiKeys.wallet(of: user.number).flatMap { $0.unlimited ? nil : $0 }
        return .object(identity(user) + [
            ("email", .string(user.email)), ("quota", .integer(wallet?.remaining ?? unlimitedQuota)),
            ("used_quota", .integer(wallet?.used ?? spentByKeys(user))),
        ])
    }

    private var unlimitedQuota: Int64 {
        let (units, overflow) = NewAPIBounds.unlimitedWallet.multipliedReportingOverflow(by: quotaPerUnit)
        return overflow ? NewAPIBounds.quota : min(units, NewAPIBounds.quota)
    }

    private func spentByKeys(_ user: User) -> Int64 {
        accounts.apiKeys.match(filter(user)) { _ in true }.reduce(0) { sum, view in
            let (total, overflow) = sum.addingReportingOverflow(view.state.used)
            return overflow ? .max : total
        }
    }

    func listGroups() -> NewAPIAnswer {
        .data(.object(settings.groups.map { group in
            let ratio: JSONValue = group.name == Self.autoGroup ? .string("自动") : .real(group.ratio)
            return (group.name, .object([("ratio", ratio), ("desc", .string(group.description))]))
        }))
    }

    func listAutoGroups() -> NewAPIAnswer {
        .data(.object([("groups", .strings(autoGroupNames)), ("max_count", .integer(Int64(settings.autoGroupsMax)))]))
    }

    /// What pages read before anybody logs in. Ways to log in and features that do not exist here are `false`.
    func showStatus() -> NewAPIAnswer {
        let missing = [
            "email_verification", "github_oauth", "discord_oauth", "oidc_enabled", "linuxdo_oauth", "telegram_oauth", "wechat_login",
            "passkey_login", "turnstile_check", "register_enabled", "self_use_mode_enabled", "demo_site_enabled", "enable_drawing",
            "enable_task", "enable_data_export", "checkin_enabled",
        ]
        return .data(.object([
            ("version", .string(version)), ("start_time", .integer(Int64(clamping: started / 1_000))),
            ("system_name", .string(stored("system_name") ?? settings.systemName)), ("server_address", .string(serverAddress)),
            ("quota_per_unit", .integer(quotaPerUnit)), ("price", .real(price)), ("usd_exchange_rate", .real(price)),
            ("display_in_currency", .bool(true)), ("quota_display_type", .string("USD")), ("setup", .bool(true)),
        ] + missing.map { ($0, .bool(false)) }))
    }

    // MARK: Values that may lie in the store

    private func stored(_ field: String) -> String? { accounts.doors.value("newapi", field)?.text }

    var serverAddress: String { stored("server_address") ?? settings.serverAddress }

    /// Quota units for one unit of money; 1 or more.
    var quotaPerUnit: Int64 { max(stored("quota_per_unit").flatMap { Int64($0) } ?? settings.quotaPerUnit, 1) }

    private var price: Double { stored("price").flatMap { Double($0) }.flatMap { $0.isFinite ? $0 : nil } ?? settings.price }
}
