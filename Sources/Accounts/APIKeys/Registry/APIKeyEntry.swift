import CofferStore

/// What a verdict says of the key, fixed until the key changes: shared, immutable, made when the key is loaded or changed.
public final class APIKeyEntry: @unchecked Sendable {
    // What every verdict reads comes first, and lies in one place: with many keys each further line of cache is a miss.

    /// Whether nothing but the owner can refuse before the quota: enabled, without an end and without limits.
    let isPlain: Bool
    let hasWindows: Bool
    let user: KeyOwner?
    public let tenant: TenantID
    public let number: UInt64
    /// Unix seconds; -1 never.
    public let expires: Int64
    private let nameOffset: Int
    private let nameLength: Int
    /// Tenant, owner, name and group one behind the other, each behind its length of two bytes (big-endian), as the protocol has them.
    public let texts: UnsafeRawBufferPointer

    public let key: APIKey
    public let tenantName: [UInt8]
    /// Empty: no owner.
    public let ownerName: [UInt8]
    public let group: [UInt8]

    let hash: KeyDigest
    let beta: KeyDigest?
    let hasForm: Bool
    let groupExists: Bool
    let models: ModelSet?
    let clock: PeriodClock

    public var owner: UInt64 { key.owner }
    public var form: APIKey.Form { key.form }
    public var name: [UInt8] { key.name.bytes }
    /// The same without a reference that is counted; as long as the entry lives.
    @inline(__always)
    var nameBytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: texts[nameOffset..<(nameOffset + nameLength)]) }

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
        let models = key.modelLimitsEnabled ? ModelSet(key.models) : nil
        self.models = models
        self.clock = clock
        isPlain = key.status == .enabled && key.expires == -1 && key.addresses.isEmpty && models == nil && groupExists
        hasWindows = key.windows.limitsAnything
        self.tenant = key.tenant
        number = key.number
        expires = key.expires
        nameOffset = 2 + tenantName.count + 2 + ownerName.count + 2
        nameLength = key.name.bytes.count
        texts = Self.packed([tenantName, ownerName, key.name.bytes, group])
    }

    deinit { texts.deallocate() }

    private static func packed(_ texts: [[UInt8]]) -> UnsafeRawBufferPointer {
        var bytes: [UInt8] = []
        for text in texts {
            withUnsafeBytes(of: UInt16(truncatingIfNeeded: text.count).bigEndian) { bytes.append(contentsOf: $0) }
            bytes += text
        }
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 8)
        memory.copyBytes(from: bytes)
        return UnsafeRawBufferPointer(memory)
    }

    /// As its document is written.
    var record: APIKeyRecord { APIKeyRecord(key: key, hash: hash, beta: beta, hasForm: hasForm) }

    /// The first of the reasons that do not depend on what was spent (decisions 12); `nil`: none.
    @inline(__always)
    func refusal(address: ClientAddress?, model: UnsafeRawBufferPointer, now: UInt64) -> VerdictReason? {
        guard isPlain else { return refusalByLimits(address: address, model: model, now: now) }
        return user?.isEnabled == false ? .owner : nil
    }

    private func refusalByLimits(address: ClientAddress?, model: UnsafeRawBufferPointer, now: UInt64) -> VerdictReason? {
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
