import CofferAccounts

/// The body that creates or updates a token; `nil` is what it does not have.
///
/// What only the server sets (`key`, `user_id`, `used_quota`, times) is not read: web pages send the object back that they got.
struct NewAPITokenRequest: Sendable {
    var id: Int64?
    var status: Int64?
    var name: String?
    /// Unix seconds.
    var expires: Int64?
    var quota: Int64?
    var unlimited: Bool?
    var modelLimitsEnabled: Bool?
    var models: [String]?
    var addresses: String?
    var group: String?
    var crossGroupRetry: Bool?
    var autoGroups: [String]?

    init(_ body: [UInt8]) throws(NewAPIFailure) {
        let fields = try NewAPIFields(body, type: "Token")
        id = try fields.integer("id")
        status = try fields.integer("status")
        name = try fields.text("name")
        expires = try fields.integer("expired_time", "int64")
        quota = try fields.integer("remain_quota")
        unlimited = try fields.bool("unlimited_quota")
        modelLimitsEnabled = try fields.bool("model_limits_enabled")
        models = try fields.joined("model_limits", separator: ",")?.split(separator: ",").map { String($0) }
        addresses = try fields.joined("allow_ips", separator: "\n")
        group = try fields.text("group")
        crossGroupRetry = try fields.bool("cross_group_retry")
        autoGroups = try fields.texts("auto_groups")
    }

    /// The checks that come before anything is looked up.
    /// - Parameter unlimited: as it will be; the quota then means nothing.
    func check(_ rules: NewAPIRules, unlimited: Bool) throws(NewAPIFailure) {
        if let name, rules.isTooLong(name: name) { throw NewAPIFailure(.nameTooLong) }
        if !unlimited, let quota {
            if quota < 0 { throw NewAPIFailure(.negativeQuota) }
            if quota > NewAPIBounds.quota { throw NewAPIFailure(.quotaTooLarge) }
        }
    }

    /// The quota to be set. An unlimited token counts down below zero, and pages send that number back: then nothing is set.
    func quotaToSet(unlimited: Bool) -> Int64? {
        guard let quota else { return nil }
        return unlimited && !(0...NewAPIBounds.quota).contains(quota) ? nil : quota
    }

    func label() throws(NewAPIFailure) -> Label? {
        guard let name else { return nil }
        do throws(AccountError) { return try Label(name) } catch { throw NewAPIFailure(error) }
    }

    func addressList() throws(NewAPIFailure) -> AddressList? {
        guard let addresses else { return nil }
        do throws(AccountError) { return try AddressList(addresses) } catch { throw NewAPIFailure(error) }
    }
}
