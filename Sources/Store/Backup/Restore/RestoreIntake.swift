/// Takes the lines of a backup into the generation that is built, by the rules of the mode.
final class RestoreIntake {
    /// What the generation begins with.
    enum Ground {
        /// Empty: everything comes from the backup.
        case empty
        /// A copy of the store: names that the globs cover are replaced.
        case replacing([Glob])
        /// A copy of the store: what it lacks is added; only names that the globs cover, where there are some.
        case adding([Glob])
    }

    let builder: GenerationBuilder
    let ground: Ground
    /// What the copy was made of; `nil` where the ground is empty.
    let before: StoreContent?
    let storeID: [UInt8]
    /// Of records that are written anew.
    let revision: UInt64
    let reader = BackupLineReader()
    private let sealLimit: UInt64
    /// Asked about documents before they are taken.
    let check: DocumentCheck?

    private(set) var header: BackupHeader?
    /// Sees the first line before anything is taken.
    private let judge: (BackupHeader) throws(StoreError) -> Void
    var names = RestoreNames()
    private var newKeys: [KeyringEntry] = []
    private var keysAreSettled = false
    /// The name whose values come now, and those of its versions that are wanted.
    private var pending: (record: NameRecord, hash: [UInt8], wanted: Set<UInt64>)?
    /// Tenants that secrets came for; of a copy they must be the same ones as in the backup.
    var tenants: Set<TenantID> = []
    /// Names of numbered things of the store, to notice two of one name. Built when the first document of the table comes.
    var identities: [DocumentTable: [RestoreRules.NameInTenant: UInt64]] = [:]
    var counters: BudgetCounters?
    private(set) var kept: [Table: UInt64] = [:]
    private(set) var keptNames: [RestoreReport.Name] = []

    init(
        _ builder: GenerationBuilder, _ ground: Ground, before: StoreContent?, storeID: [UInt8], revision: UInt64, sealLimit: UInt64,
        check: DocumentCheck?, judge: @escaping (BackupHeader) throws(StoreError) -> Void
    ) {
        self.builder = builder
        self.ground = ground
        self.before = before
        self.storeID = storeID
        self.revision = revision
        self.sealLimit = sealLimit
        self.check = check
        self.judge = judge
    }

    func update(_ bytes: UnsafeRawBufferPointer) throws(StoreError) {
        try reader.update(bytes) { (item) throws(StoreError) in try take(item) }
    }

    /// - Returns: what was read, once it is all there and good.
    func finish() throws(StoreError) -> BackupSummary {
        let summary = try reader.finish()
        try settleKeys()
        try names.flush(to: builder)
        return summary
    }

    private func take(_ item: BackupItem) throws(StoreError) {
        switch item {
        case .header(let header):
            try judge(header)
            self.header = header
        case .key(let key): try take(key)
        case .trailer: break
        default:
            try settleKeys()
            switch item {
            case .name(let record): try take(record)
            case .value(let value): try take(value)
            case .document(let document): try take(document)
            case .counters(let counters): try take(counters)
            case .budget(let budget): try take(budget)
            case .reservation(let reservation, let finished): try take(reservation, finished: finished)
            case .usageLine(let line): try take(line)
            case .header, .key, .trailer: break
            }
        }
    }

    var globs: [Glob] {
        switch ground {
        case .empty: []
        case .replacing(let globs), .adding(let globs): globs
        }
    }

    /// Whether only secrets are taken.
    var isOnlyNames: Bool { !globs.isEmpty }

    func covers(_ name: Name) -> Bool { globs.isEmpty || globs.contains { $0.matches(name.bytes) } }

    static func doubled(_ what: String) -> StoreError { StoreError(.damaged, "the backup has \(what) twice") }

    func keep(_ table: Table, tenant: TenantID = .main, _ name: [UInt8]?) {
        kept[table, default: 0] += 1
        guard let name, keptNames.count < RestoreReport.largestNames else { return }
        keptNames.append(.init(kind: table.name, tenant: tenant, name: name, effect: .kept))
    }

    /// Of a part of the secrets: their tenants must be there.
    func requireTenants() throws(StoreError) {
        guard isOnlyNames, let before else { return }
        for tenant in tenants where try before.document(.tenants, Array(String(tenant).utf8)) == nil && tenant != .main {
            throw StoreError(.conflict, "the secrets belong to tenant \(tenant) of the backup, which the store does not have")
        }
    }

    // MARK: Keys

    /// Into an empty ground all come as they are, in place of the store's; otherwise those that the store lacks come as earlier ones. Ids
    /// are given anew: documents name their key by the id that the reader is told.
    private func take(_ key: BackupKey) throws(StoreError) {
        guard !isOnlyNames else { return }
        let entries = builder.keyring.entries + newKeys
        if case .adding = ground {
            let present = entries.first { $0.purpose == key.purpose && $0.key.isEqual(to: key.key) }
            if let present { return reader.setKeyID(present.id, of: key.number) }
        }
        let id = (entries.map(\.id).max() ?? 0) + 1
        var state = key.state
        if case .adding = ground { state = .openingOnly }
        newKeys.append(KeyringEntry(
            id: id, purpose: key.purpose, suite: .xchacha20poly1305, state: state, sealCount: 0, limit: sealLimit, key: key.key))
        if key.purpose == .apiKeyHash { reader.setKeyID(id, of: key.number) }
    }

    private func settleKeys() throws(StoreError) {
        guard !keysAreSettled else { return }
        keysAreSettled = true
        guard !newKeys.isEmpty else { return }
        let (newKeys, isEmptyGround) = (newKeys, before == nil)
        try builder.change { (keyring) throws(StoreError) in
            if isEmptyGround { keyring.entries.removeAll { KeyPurpose.ofBackups.contains($0.purpose) } }
            keyring.entries += newKeys
        }
    }

    // MARK: Secrets

    private func take(_ record: NameRecord) throws(StoreError) {
        pending = nil
        guard covers(record.name) else { return }
        let key = builder.keys.nameHash(.secrets, tenant: record.tenant, name: record.name.bytes)
        let present = try before?.name(key)
        if before != nil { tenants.insert(record.tenant) }
        try requireFirst(record, key, hasPresent: present != nil)
        let hash = builder.keys.nameHash(.values, tenant: record.tenant, name: record.name.bytes)
        let all = Set(record.versions.filter { !$0.destroyed }.map(\.version))
        var new = record
        var wanted = all
        if let present {
            if case .adding = ground {
                (new, wanted) = RestoreRules.merge(record, into: present)
                noteKept(record, present)
            } else {
                new.latest = max(record.latest, present.latest)
                for version in present.versions where !version.destroyed {
                    try builder.delete(.values, hash + version.version.bigEndianBytes)
                }
            }
        }
        var mustWrite = new != present
        // What was written anew has other bytes than the copy: that tells it from names that the backup does not have.
        if case .replacing = ground { mustWrite = true }
        if mustWrite {
            if before != nil { new.revision = revision }
            try write(new, key, instead: present)
        }
        pending = (record, hash, wanted)
    }

    /// - Throws: `damaged` for a name that came before. In a copy, what was not written since has the very bytes of the store's record.
    private func requireFirst(_ record: NameRecord, _ key: [UInt8], hasPresent: Bool) throws(StoreError) {
        guard let written = try builder.record(.secrets, key) else { return }
        if hasPresent, let original = try before?.transaction.get(.secrets, key), original.elementsEqual(written) { return }
        throw Self.doubled("the secret '\(record.name.description)'")
    }

    func write(_ new: NameRecord, _ key: [UInt8], instead old: NameRecord?) throws(StoreError) {
        try builder.put(.secrets, key, new.encoded())
        let (before, after) = (old?.listing ?? .absent, new.listing)
        guard before != after else { return }
        if before == .absent { builder.head.listedNames += 1 }
        if after == .absent { builder.head.listedNames -= min(builder.head.listedNames, 1) }
        try names.set(new.tenant, new.name, after, in: builder)
    }

    private func noteKept(_ record: NameRecord, _ present: NameRecord) {
        guard !present.purged, !record.purged else { return }
        let isSame = record.active == present.active && record.deleted == present.deleted && record.metadata == present.metadata
            && record.tags == present.tags && record.keepLast == present.keepLast && record.deleteAfter == present.deleteAfter
        if !isSame { keep(.secrets, tenant: record.tenant, record.name.bytes) }
    }

    private func take(_ value: BackupValue) throws(StoreError) {
        guard let pending, let version = pending.record.versions.first(where: { $0.version == value.version }) else { return }
        let key = pending.hash + value.version.bigEndianBytes
        guard pending.wanted.contains(value.version) else { return try compare(value, key) }
        let hidden = min(version.expires == 0 ? .max : version.expires, version.deleted == 0 ? .max : version.deleted)
        try builder.put(
            .values, key,
            ValueTrailer.compose(
                value: value.value.bytes, contentType: version.contentType, hiddenFrom: hidden == .max ? 0 : hidden, expires: version.expires,
                revision: value.revision, tenant: value.tenant, name: value.name.bytes))
        withExtendedLifetime(value.value) {}
    }

    /// A number that both have, with other bytes: the store's stays, and it is told.
    private func compare(_ value: BackupValue, _ key: [UInt8]) throws(StoreError) {
        let isSame = try before?.withOpened(.values, key) { (bytes) throws(StoreError) in
            guard let trailer = ValueTrailer(bytes) else { return false }
            return value.value.isEqual(to: UnsafeRawBufferPointer(rebasing: bytes[..<trailer.valueLength]))
        }
        if isSame == false { keep(.values, nil) }
    }
}
