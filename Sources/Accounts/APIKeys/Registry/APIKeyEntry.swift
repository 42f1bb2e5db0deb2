import CofferStore

/// What a verdict says of the key, fixed until the key changes: shared, immutable, made when the key is loaded or changed.
public final class APIKeyEntry: Sendable {
    public let key: APIKey
    public let tenantName: [UInt8]
    /// Empty: no owner.
    public let ownerName: [UInt8]
    public let group: [UInt8]

    let hash: KeyDigest
    let beta: KeyDigest?
    let hasForm: Bool
    let user: KeyOwner?
    let groupExists: Bool
    let models: ModelSet?
    let clock: PeriodClock

    public var number: UInt64 { key.number }
    public var tenant: TenantID { key.tenant }
    public var owner: UInt64 { key.owner }
    public var form: APIKey.Form { key.form }
    public var name: [UInt8] { key.name.bytes }
    /// Unix seconds; -1 never.
    public var expires: Int64 { key.expires }

    init(
        _ record: APIKeyRecord, tenant: Tenant?, ownerName: [UInt8], group: [UInt8], user: KeyOwner?, groupExists: Bool, clock: PeriodClock
    ) {
        var key = record.key
        key.isRevealable = record.hasForm && tenant?.allowsReveal == true
        self.key = key
        tenantName = tenant?.name.bytes ?? []
        self.ownerName = ownerName
        self.group = group
        hash = record.hash
        beta = record.beta
        hasForm = record.hasForm
        self.user = user
        self.groupExists = groupExists
        models = key.modelLimitsEnabled ? ModelSet(key.models) : nil
        self.clock = clock
    }

    /// As its document is written.
    var record: APIKeyRecord { APIKeyRecord(key: key, hash: hash, beta: beta, hasForm: hasForm) }

    /// The first of the reasons that do not depend on what was spent (decisions 12); `nil`: none.
    func refusal(address: ClientAddress?, model: UnsafeRawBufferPointer, now: UInt64) -> VerdictReason? {
        if !key.addresses.isEmpty {
            guard let address, key.addresses.contains(address) else { return .address }
        }
        switch key.status {
        case .enabled: break
        case .disabled: return .disabled
        case .expired: return .expired
        case .exhausted: return .quota
        }
        if key.expires != -1 && key.isExpired(at: now) { return .expired }
        if let user, !user.isEnabled { return .owner }
        if !groupExists { return .group }
        if let models, !model.isEmpty, !allows(model, of: models) { return .model }
        return nil
    }

    private func allows(_ model: UnsafeRawBufferPointer, of models: ModelSet) -> Bool {
        key.form == .sk ? ModelFolding.folded(model) { models.contains($0) } : models.contains(model)
    }
}
