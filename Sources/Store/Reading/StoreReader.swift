import Atomics
import CSodium
import Glibc

/// Reads by name for one thread: owns a read transaction and an index of sealed records.
///
/// Not `Sendable`: make it on, or hand it to, the one thread that uses it.
public final class StoreReader {
    private let store: Store
    private let inbox: ReaderInbox
    private let seat: ReaderSeat
    private let index: SealedIndex?
    private var keys: KeySet? {
        didSet { usual = keys.map { ($0.sealing.id, $0.sealing.cipher.opener) } }
    }
    /// What opens most records, those of the sealing key. Pointers into `keys`.
    private var usual: (id: UInt32, opener: Opener)?
    /// Valid while `active`: idle, the writer may have ended it.
    private var transaction: Transaction
    private var active = false
    /// Between ``refresh()`` and ``end()``: a transaction begins when the first thing has to be read from the map.
    private var mayBegin = false
    /// Whether the seat is taken; it is wherever a transaction is running.
    private var inside = false
    private var seenSignal: UInt64 = 0
    private var revisionSeen: UInt64 = 0
    /// Associated data, then what SipHash reads: nothing is allocated for a request.
    private let scratch: UnsafeMutableRawPointer
    private static let nameScratch = 64
    private static let scratchSize = 64 + 8 + Name.maximumLength

    /// - Parameters: `inbox` and `seat` are known to the store already, so that no move of the environment is missed.
    init(store: Store, index: SealedIndex?, inbox: ReaderInbox, seat: ReaderSeat) throws(StoreError) {
        self.store = store
        self.index = index
        self.inbox = inbox
        self.seat = seat
        seat.enter(at: 1)
        defer { seat.leave() }
        transaction = try Self.attach(seat, to: store)
        transaction.reset()
        scratch = .allocate(byteCount: Self.scratchSize, alignment: 16)
    }

    deinit {
        if !inside { seat.enter(at: 1) }
        seat.detach()
        scratch.deallocate()
        store.forget(inbox)
    }

    /// Begins a transaction of the environment that is there now.
    private static func attach(_ seat: ReaderSeat, to store: Store) throws(StoreError) -> Transaction {
        let environment = try store.retainEnvironment()
        do throws(StoreError) {
            let transaction = try Transaction.begin(environment, readOnly: true)
            seat.attach(transaction)
            return transaction
        } catch {
            environment.release()
            throw error
        }
    }

    // MARK: Transaction

    /// Applies what was committed since and renews the read transaction; call once per batch of requests.
    /// - Throws: `locked`, or why LMDB gives no transaction.
    public func begin() throws(StoreError) {
        applyPending()
        guard keys != nil else { throw StoreError(.locked, "the store is locked") }
        let now = store.options.clock()
        if inside {
            transaction.reset()
            seat.stay(from: now)
        } else {
            seat.enter(at: now)
            inside = true
        }
        try renew()
        if store.signal.load(ordering: .acquiring) != seenSignal {
            // A key that came between the two: the transaction may show records that it sealed.
            takeEvents()
            if seat.transaction != nil { transaction.reset() }
            try renew()
        }
        guard keys != nil else {
            end()
            throw StoreError(.locked, "the store is locked")
        }
    }

    /// With the seat taken; where there is no transaction to be had, it is given up.
    private func renew() throws(StoreError) {
        active = false
        do throws(StoreError) {
            if let present = seat.transaction {
                try present.renew()
            } else {
                // Until environment and keys belong together: whatever moved it waits in the inbox since before.
                while seat.transaction == nil {
                    transaction = try Self.attach(seat, to: store)
                    takeEvents()
                }
            }
        } catch {
            leave()
            throw error
        }
        active = true
    }

    private func leave() {
        active = false
        inside = false
        seat.leave()
    }

    /// What is read behind it is as new as every answer that was given; call it for each batch of requests. What the index has needs no
    /// transaction: it begins, before ``end()``, with the first read that goes to the map.
    /// - Throws: `locked`, or why LMDB gives no transaction.
    @inline(__always)
    public func refresh() throws(StoreError) {
        mayBegin = true
        if store.signal.load(ordering: .acquiring) != seenSignal {
            // One that has begun is too old now.
            if active { return try begin() }
            takeEvents()
        }
        guard keys != nil else { throw Self.locked }
    }

    /// Resets the transaction; it must not be held while idle.
    public func end() {
        mayBegin = false
        guard active else { return }
        transaction.reset()
        leave()
    }

    /// Applies lock, keys and changed records without beginning. A loop calls it when it is told of a lock, so that the keys go at once.
    public func applyPending() {
        guard store.signal.load(ordering: .acquiring) != seenSignal else { return }
        takeEvents()
        if active { renewInside() }
    }

    private func takeEvents() {
        seenSignal = store.signal.load(ordering: .acquiring)
        revisionSeen = store.committed.load(ordering: .acquiring)
        for event in inbox.take() {
            switch event {
            case .keys(let new):
                keys = new
                if new == nil { index?.clear() }
            case .reset: index?.clear()
            case .changes(let changes): apply(changes)
            case .moved(let new):
                keys = new
                move()
            }
        }
    }

    /// A miss must not fill the index from a transaction that is older than what was just applied (formats.md 17).
    private func renewInside() {
        if seat.transaction != nil { transaction.reset() }
        try? renew()
    }

    /// What was read belongs to the environment of before.
    private func move() {
        index?.clear()
        if !inside { seat.enter(at: 1) }
        seat.detach()
        if !inside { seat.leave() }
    }

    private func apply(_ changes: [IndexChange]) {
        guard let index else { return }
        for change in changes {
            switch change {
            case .store(let key, let hash, let version, let revision, let record):
                hash.withUnsafeBytes { hash in
                    record.withUnsafeBytes { index.store(key, hash: hash, version: version, revision: revision, record: $0) }
                }
            case .remove(let key, let revision): index.remove(key, revision: revision)
            case .reseal(let key, let version, let revision, let record):
                record.withUnsafeBytes { index.replace(key, version: version, revision: revision, record: $0) }
            }
        }
    }

    /// The last revision that this reader was told of; what it reads is at least as new.
    public var revision: UInt64 { revisionSeen }

    var currentTransaction: Transaction { transaction }
    var currentKeys: KeySet? { keys }

    /// Of the name that was read last through the index; zeros where there was none.
    private var lastHash: (low: UInt64, high: UInt64) = (0, 0)

    /// Names one name of one tenant within this process, for tables in memory: a keyed hash, the one that the index is asked with.
    /// - Parameter wasRead: it is the name that was read just now: then it is at hand already.
    @inline(__always)
    public func identify(tenant: TenantID, name: UnsafeRawBufferPointer, wasRead: Bool) -> (low: UInt64, high: UInt64) {
        if wasRead && lastHash != (0, 0) { return lastHash }
        let short = UnsafeRawBufferPointer(rebasing: name.prefix(Name.maximumLength))
        let key = IndexKey(tenant: tenant, name: short, scratch: scratch + Self.nameScratch)
        return (key.low, key.high)
    }

    // MARK: Looking ahead

    /// A name that will be read soon: asks the memory for the place in the index that says where its record lies.
    /// - Parameter name: at most ``Name/maximumLength`` bytes.
    /// - Returns: the name's hash, for ``approach(_:)`` and ``read(tenant:name:version:now:hash:into:)``.
    @inline(__always)
    public func expect(tenant: TenantID, name: UnsafeRawBufferPointer) -> NameHash {
        let key = IndexKey(tenant: tenant, name: name, scratch: scratch + Self.nameScratch)
        index?.expect(key)
        return NameHash(low: key.low, high: key.high)
    }

    /// Asks the memory for the record itself.
    @inline(__always)
    public func approach(_ hash: NameHash) { index?.approach(hash.key) }

    // MARK: Values

    /// Opens the active version straight into `output`. Between begin and end.
    public func readActive(
        tenant: TenantID, name: UnsafeRawBufferPointer, now: UInt64, hash: NameHash? = nil, into output: UnsafeMutableRawBufferPointer
    ) -> ReadOutcome {
        guard usual != nil else { return .failure(Self.locked) }
        guard name.count <= Name.maximumLength else { return .missing }
        guard let index else { return readFromMap(tenant: tenant, name: name, version: 0, now: now, into: output) }
        let key = hash?.key ?? IndexKey(tenant: tenant, name: name, scratch: scratch + Self.nameScratch)
        lastHash = (key.low, key.high)
        guard let found = index.find(key) else {
            return readFromMap(tenant: tenant, name: name, version: 0, now: now, into: output)
        }
        var lmdbKey = (found.hash.0, found.hash.1, found.version.bigEndian)
        let outcome = withUnsafeBytes(of: &lmdbKey) {
            open(found.record, key: $0, version: found.version, tenant: tenant, name: name, now: now, into: output)
        }
        switch outcome {
        case .expired, .deleted:
            // The record knows the earlier of two moments; the name record knows both.
            return readFromMap(tenant: tenant, name: name, version: 0, now: now, into: output)
        case .failure(let error) where error.code == .unknownKey:
            // Its key was dropped: the map has the record sealed anew.
            return readFromMap(tenant: tenant, name: name, version: 0, now: now, into: output)
        default: return outcome
        }
    }

    /// Opens one version. `version` 0: the active one.
    /// - Parameter hash: of this name, where ``expect(tenant:name:)`` gave it.
    public func read(
        tenant: TenantID, name: UnsafeRawBufferPointer, version: UInt64, now: UInt64, hash: NameHash? = nil,
        into output: UnsafeMutableRawBufferPointer
    ) -> ReadOutcome {
        lastHash = (0, 0)
        guard version != 0 else { return readActive(tenant: tenant, name: name, now: now, hash: hash, into: output) }
        guard name.count <= Name.maximumLength else { return .missing }
        return readFromMap(tenant: tenant, name: name, version: version, now: now, into: output)
    }

    /// Opens a record into the output, compares the name that was asked for, and looks at the clock.
    @inline(__always)
    private func open(
        _ record: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer, version: UInt64, tenant: TenantID,
        name: UnsafeRawBufferPointer, now: UInt64, into output: UnsafeMutableRawBufferPointer
    ) -> ReadOutcome {
        let keyID: UInt32
        let opener: Opener
        do throws(StoreError) {
            keyID = try Record.keyID(of: record).get()
            opener = try self.opener(of: keyID)
        } catch {
            return .failure(error)
        }
        let length = Record.plaintextLength(of: record, suite: opener.suite)
        guard length >= ValueTrailer.fixedSize else { return .failure(Self.damagedValue) }
        guard output.count >= length, let base = output.baseAddress else { return .tooSmall(needed: length) }
        guard
            Record.open(
                record, table: .values, key: key, keyID: keyID, opener: opener, to: base.assumingMemoryBound(to: UInt8.self), scratch: scratch)
        else { return .failure(Self.damagedValue) }
        let plaintext = UnsafeRawBufferPointer(start: base, count: length)
        guard let trailer = ValueTrailer(plaintext), trailer.tenant == tenant, trailer.nameLength == name.count,
            memcmp(base + trailer.nameOffset, name.octets, name.count) == 0
        else {
            sodium_memzero(base, length)
            return .failure(StoreError(.damaged, "a value's record is about another name"))
        }
        if trailer.hiddenFrom != 0 && now >= trailer.hiddenFrom {
            sodium_memzero(base, length)
            return trailer.expires != 0 && now >= trailer.expires ? .expired : .deleted
        }
        return .value(.init(
            version: version, revision: trailer.revision, expires: trailer.expires, valueLength: trailer.valueLength,
            contentTypeLength: trailer.contentTypeLength, writtenLength: length))
    }

    @inline(__always)
    private func opener(of id: UInt32) throws(StoreError) -> Opener {
        if let usual, usual.id == id { return usual.opener }
        guard let keys else { throw Self.locked }
        return try keys.recordKey(id).cipher.opener
    }

    private static var locked: StoreError { StoreError(.locked, "the store is locked") }
    private static var damagedValue: StoreError { StoreError(.damaged, "the value's record does not authenticate where it lies") }

    private func readFromMap(
        tenant: TenantID, name: UnsafeRawBufferPointer, version asked: UInt64, now: UInt64, into output: UnsafeMutableRawBufferPointer
    ) -> ReadOutcome {
        do throws(StoreError) {
            let keys = try unlockedKeys()
            guard let record = try nameRecord(tenant: tenant, name: name, keys: keys), !record.purged else { return .missing }
            if record.deleted != 0 { return .deleted }
            let version = asked == 0 ? record.active : asked
            guard version != 0, let entry = record.versions.first(where: { $0.version == version }) else { return .versionNotFound }
            switch entry.state(at: now) {
            case .live: break
            case .deleted: return .deleted
            case .expired: return .expired
            case .destroyed: return .versionNotFound
            }
            let hash = keys.nameHash(.values, tenant: tenant, name: name)
            let key = hash + version.bigEndianBytes
            guard let sealed = try transaction.get(.values, key) else { return .failure(Self.damagedValue) }
            let outcome = key.withUnsafeBytes {
                open(sealed, key: $0, version: version, tenant: tenant, name: name, now: now, into: output)
            }
            if case .value = outcome, version == record.active, let index {
                let indexKey = IndexKey(tenant: tenant, name: name, scratch: scratch + Self.nameScratch)
                hash.withUnsafeBytes { index.store(indexKey, hash: $0, version: version, revision: record.revision, record: sealed) }
            }
            return outcome
        } catch {
            return .failure(error)
        }
    }

    // MARK: Names

    private func nameRecord(tenant: TenantID, name: UnsafeRawBufferPointer, keys: KeySet) throws(StoreError) -> NameRecord? {
        let key = keys.nameHash(.secrets, tenant: tenant, name: name)
        guard let bytes = try transaction.get(.secrets, key) else { return nil }
        let opened = try key.withBytes { (key) throws(StoreError) in
            try Record.open(bytes, table: .secrets, key: key, keys: keys)
        }
        let record = try NameRecord(decoding: opened)
        guard record.tenant == tenant, name.elementsEqual(record.name.bytes) else {
            throw StoreError(.damaged, "a name record is about another name")
        }
        return record
    }

    private func requireTransaction() throws(StoreError) {
        if active { return }
        guard mayBegin else { throw StoreError(.failed, "reading outside of begin and end") }
        try begin()
    }

    func unlockedKeys() throws(StoreError) -> KeySet {
        guard keys != nil else { throw Self.locked }
        try requireTransaction()
        // As they are now: with the transaction a new key may have come.
        guard let keys else { throw Self.locked }
        return keys
    }

    /// The name record, opened. Allocates. `nil`: no such name.
    public func info(tenant: TenantID, name: Name, now: UInt64) throws(StoreError) -> SecretInfo? {
        let keys = try unlockedKeys()
        let result = try name.bytes.withBytes { (bytes) throws(StoreError) in
            try nameRecord(tenant: tenant, name: bytes, keys: keys)
        }
        guard let record = result, !record.purged else { return nil }
        return record.info(at: now)
    }
}
