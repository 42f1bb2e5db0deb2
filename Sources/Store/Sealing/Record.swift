import CSodium

/// The tables of a store, by the number that each record's associated data carries.
enum Table: UInt16, Sendable, CaseIterable {
    /// Values, one record for each version of a secret.
    case values = 1
    /// Name records: versions, active pointer, metadata.
    case secrets = 2
    /// Sorted pages of names (formats.md 6).
    case namePages = 3
    case changeLog = 4
    case idempotency = 5
    case head = 6
    case policies = 16
    case tenants = 17
    case users = 18
    case memberships = 19
    case accessTokens = 20
    case apiKeys = 21
    case apiKeyForms = 22
    case passwords = 23
    case doors = 24
    case sequences = 25
    case budgets = 26
    /// Open and finished ones, the order of the finished ones, and the counters of all that.
    case reservations = 27
    /// The last lines of each budget.
    case usageLines = 28
    case credentials = 29
    case credentialStates = 30
    case credentialSecrets = 31
    case credentialTokens = 32
    case refreshJournal = 33
    case pools = 34
    case poolStates = 35
    case poolTokens = 36
    case providers = 37
    case schedules = 38
    case sinks = 39
    /// How far the audit log reached with the last commit.
    case auditHead = 40

    init(_ documents: DocumentTable) {
        switch documents {
        case .policies: self = .policies
        case .tenants: self = .tenants
        case .users: self = .users
        case .memberships: self = .memberships
        case .accessTokens: self = .accessTokens
        case .apiKeys: self = .apiKeys
        case .apiKeyForms: self = .apiKeyForms
        case .passwords: self = .passwords
        case .doors: self = .doors
        case .sequences: self = .sequences
        case .credentials: self = .credentials
        case .credentialStates: self = .credentialStates
        case .credentialSecrets: self = .credentialSecrets
        case .credentialTokens: self = .credentialTokens
        case .refreshJournal: self = .refreshJournal
        case .pools: self = .pools
        case .poolStates: self = .poolStates
        case .poolTokens: self = .poolTokens
        case .providers: self = .providers
        case .schedules: self = .schedules
        case .sinks: self = .sinks
        }
    }

    /// Its name in LMDB.
    var name: String {
        switch self {
        case .values: "values"
        case .secrets: "secrets"
        case .namePages: "name-pages"
        case .changeLog: "change-log"
        case .idempotency: "idempotency"
        case .head: "head"
        case .policies: "policies"
        case .tenants: "tenants"
        case .users: "users"
        case .memberships: "memberships"
        case .accessTokens: "access-tokens"
        case .apiKeys: "api-keys"
        case .apiKeyForms: "api-key-forms"
        case .passwords: "passwords"
        case .doors: "doors"
        case .sequences: "sequences"
        case .budgets: "budgets"
        case .reservations: "reservations"
        case .usageLines: "usage-lines"
        case .credentials: "credentials"
        case .credentialStates: "credential-states"
        case .credentialSecrets: "credential-secrets"
        case .credentialTokens: "credential-tokens"
        case .refreshJournal: "refresh-journal"
        case .pools: "pools"
        case .poolStates: "pool-states"
        case .poolTokens: "pool-tokens"
        case .providers: "providers"
        case .schedules: "schedules"
        case .sinks: "sinks"
        case .auditHead: "audit-head"
        }
    }
}

/// The layout of a sealed record: format u8 ‖ key id u32 ‖ nonce ‖ ciphertext ‖ tag (formats.md 5).
enum Record {
    static let format: UInt8 = 1
    static let prefixSize = 1 + 4
    /// Beyond anything that is ever sealed (the largest is the answer to a batch of a million steps).
    static let largestRecord = 64 << 20

    /// Label ‖ format ‖ key id ‖ table ‖ length of the plaintext ‖ LMDB key: a record opens only where it was sealed.
    enum AssociatedData {
        static let label: StaticString = "coffer/r"
        /// With an LMDB key of at most 32 bytes.
        static let largestKey = 32
        static let capacity = 8 + 1 + 4 + 2 + 4 + largestKey

        @inline(__always)
        static func write(
            to scratch: UnsafeMutableRawPointer, keyID: UInt32, table: Table, length: Int, key: UnsafeRawBufferPointer
        ) -> UnsafeRawBufferPointer {
            scratch.copyMemory(from: label.utf8Start, byteCount: 8)
            scratch.storeBytes(of: format, toByteOffset: 8, as: UInt8.self)
            scratch.storeBytes(of: keyID.bigEndian, toByteOffset: 9, as: UInt32.self)
            scratch.storeBytes(of: table.rawValue.bigEndian, toByteOffset: 13, as: UInt16.self)
            scratch.storeBytes(of: UInt32(truncatingIfNeeded: length).bigEndian, toByteOffset: 15, as: UInt32.self)
            if let base = key.baseAddress { (scratch + 19).copyMemory(from: base, byteCount: key.count) }
            return UnsafeRawBufferPointer(start: scratch, count: 19 + key.count)
        }
    }

    /// The id of the key that a record names, or the error of a record that this version cannot read.
    @inline(__always)
    static func keyID(of record: UnsafeRawBufferPointer) -> Result<UInt32, StoreError> {
        guard record.count >= prefixSize else { return .failure(StoreError(.damaged, "a record is too short")) }
        guard record[0] == format else {
            return .failure(StoreError(.unknownFormat, "a record has format \(record[0]); this version knows format \(format)"))
        }
        return .success(UInt32(bigEndian: record.loadUnaligned(fromByteOffset: 1, as: UInt32.self)))
    }

    static func plaintextLength(of record: UnsafeRawBufferPointer, suite: Suite) -> Int {
        record.count - prefixSize - suite.nonceSize - Suite.tagSize
    }

    /// Seals with a nonce that is drawn fresh for this record (formats.md 10).
    static func seal(_ plaintext: UnsafeRawBufferPointer, table: Table, key: [UInt8], with recordKey: RecordKey) -> [UInt8] {
        let suite = recordKey.cipher.suite
        let total = prefixSize + suite.nonceSize + plaintext.count + Suite.tagSize
        return [UInt8](unsafeUninitializedCapacity: total) { output, initialized in
            guard let base = output.baseAddress else { return }
            let raw = UnsafeMutableRawPointer(base)
            raw.storeBytes(of: format, as: UInt8.self)
            raw.storeBytes(of: recordKey.id.bigEndian, toByteOffset: 1, as: UInt32.self)
            randombytes_buf(raw + prefixSize, suite.nonceSize)
            withUnsafeTemporaryAllocation(byteCount: AssociatedData.capacity, alignment: 8) { scratch in
                key.withUnsafeBytes { key in
                    guard let start = scratch.baseAddress else { return }
                    let associated = AssociatedData.write(
                        to: start, keyID: recordKey.id, table: table, length: plaintext.count, key: key)
                    recordKey.cipher.seal(
                        plaintext, associated: associated, nonce: base + prefixSize, to: base + prefixSize + suite.nonceSize)
                }
            }
            initialized = total
        }
    }

    static func seal(_ plaintext: [UInt8], table: Table, key: [UInt8], with recordKey: RecordKey) -> [UInt8] {
        plaintext.withUnsafeBytes { seal($0, table: table, key: key, with: recordKey) }
    }

    /// Opens a record into a new array.
    static func open(_ record: UnsafeRawBufferPointer, table: Table, key: UnsafeRawBufferPointer, keys: KeySet) throws(StoreError) -> [UInt8] {
        // Both come from the file: a damaged one may say anything.
        guard key.count <= AssociatedData.largestKey, record.count <= largestRecord else {
            throw StoreError(.damaged, "a record of table \(table.name) has an impossible length")
        }
        let recordKey = try keys.recordKey(try keyID(of: record).get())
        let length = plaintextLength(of: record, suite: recordKey.cipher.suite)
        guard length >= 0 else { throw StoreError(.damaged, "a record of table \(table.name) is too short") }
        var authentic = false
        let plaintext = [UInt8](unsafeUninitializedCapacity: max(length, 1)) { output, initialized in
            guard let base = output.baseAddress else { return }
            authentic = withUnsafeTemporaryAllocation(byteCount: AssociatedData.capacity, alignment: 8) { scratch in
                guard let start = scratch.baseAddress else { return false }
                return open(record, table: table, key: key, with: recordKey, to: base, scratch: start)
            }
            initialized = authentic ? length : 0
        }
        guard authentic else {
            throw StoreError(.damaged, "a record of table \(table.name) does not authenticate where it lies")
        }
        return plaintext
    }

    /// Opens a record at `output`, which has room for its plaintext. Allocates nothing.
    static func open(
        _ record: UnsafeRawBufferPointer, table: Table, key: UnsafeRawBufferPointer, with recordKey: RecordKey,
        to output: UnsafeMutablePointer<UInt8>, scratch: UnsafeMutableRawPointer
    ) -> Bool {
        withExtendedLifetime(recordKey) {
            open(record, table: table, key: key, keyID: recordKey.id, opener: recordKey.cipher.opener, to: output, scratch: scratch)
        }
    }

    /// The same for who keeps the key.
    @inline(__always)
    static func open(
        _ record: UnsafeRawBufferPointer, table: Table, key: UnsafeRawBufferPointer, keyID: UInt32, opener: Opener,
        to output: UnsafeMutablePointer<UInt8>, scratch: UnsafeMutableRawPointer
    ) -> Bool {
        let nonceSize = opener.suite.nonceSize
        let length = plaintextLength(of: record, suite: opener.suite)
        guard length >= 0, let base = record.baseAddress else { return false }
        let associated = AssociatedData.write(to: scratch, keyID: keyID, table: table, length: length, key: key)
        let sealed = UnsafeRawBufferPointer(rebasing: record[(prefixSize + nonceSize)...])
        return opener.open(sealed, associated: associated, nonce: (base + prefixSize).assumingMemoryBound(to: UInt8.self), to: output)
    }
}
