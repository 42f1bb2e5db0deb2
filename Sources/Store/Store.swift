/// The sealed store: one folder, one owner at a time, one writer.
///
/// Everything that blocks says so. Reads by name go through a ``StoreReader``, one for each thread; lists and other slow
/// reads through a ``StoreWorker``; every change through ``submit(_:completion:)``.
public final class Store: @unchecked Sendable {
    /// What a store is opened with. All sizes are bytes.
    public struct Options: Sendable {
        /// Address space that is reserved once (formats.md 9). 1 TiB; at most 48 GiB under valgrind.
        public var mapBytes: Int = 1 << 40
        /// The file grows up to this; then `store-full`. 0: the size of the map.
        public var quotaBytes: Int = 0
        /// Sealed records that all readers together may keep in memory.
        public var indexBytes: Int = 320 << 20
        /// Revisions that the change log keeps for watches that come back.
        public var logRevisions: Int = 65_536
        /// Pretends that the machine has no AES instructions (for tests; formats.md 10).
        public var withoutAESHardware = false
        /// Records that one key may seal before the next takes over. 2^30; tests use 2^12.
        public var sealLimit: UInt64 = 1 << 30
        /// Unix milliseconds.
        public var clock: @Sendable () -> UInt64 = { Store.systemClock() }
        public init() {}
    }
}

// The facade that the daemon, the CLI and users of the library build upon.
extension Store {
    /// Unix milliseconds of the machine's clock.
    public static func systemClock() -> UInt64 { 0 }

    /// Makes a new store with one slot and leaves it closed. The folder is made when absent; a folder with anything in it is refused.
    /// - Returns: the recovery key as people write it down, where `slot` is a recovery slot.
    @discardableResult
    public static func create(at directory: String, slot: NewSlot, options: Options = Options()) throws(StoreError) -> String? {
        throw StoreError(.failed, "skeleton")
    }

    /// Whether `directory` holds a store (looks only at names, opens nothing).
    public static func exists(at directory: String) -> Bool { false }

    /// Opens the folder, takes its lock, reads the header. The store is locked until ``unlock(_:)``.
    public static func open(at directory: String, options: Options = Options()) throws(StoreError) -> Store {
        throw StoreError(.failed, "skeleton")
    }

    /// Stops the writer behind what was submitted, closes the environment, gives the lock back. Idempotent.
    public func close() {}

    // MARK: Keys

    public var isLocked: Bool { true }
    /// Opens the keyring with a slot's secret. A passphrase blocks for about half a second: never call it on an event loop.
    /// - Returns: the id of the slot that opened.
    @discardableResult
    public func unlock(_ secret: SlotSecret) throws(StoreError) -> UInt32 { throw StoreError(.failed, "skeleton") }
    /// Wipes all keys and indexes. Changes that wait are answered `locked`.
    public func lock() {}
    /// Works locked too: the list is clear but authenticated.
    public func slots() throws(StoreError) -> [SlotSummary] { [] }
    /// - Returns: the new slot's id, and the recovery key where it is one.
    public func addSlot(_ slot: NewSlot) throws(StoreError) -> (id: UInt32, recoveryKey: String?) { throw StoreError(.failed, "skeleton") }
    public func removeSlot(_ id: UInt32) throws(StoreError) { throw StoreError(.failed, "skeleton") }

    // MARK: Where the store stands

    /// 16 bytes.
    public var storeID: [UInt8] { [] }
    /// 16 bytes (formats.md 4). Zeros while locked.
    public var incarnation: [UInt8] { [] }
    /// The last committed revision; one atomic load.
    public var revision: UInt64 { 0 }
    public func statistics() -> StoreStatistics { StoreStatistics() }

    // MARK: Changes

    /// Hands a batch to the writer. `completion` runs on the writer's thread, after the commit is durable, and must not block.
    public func submit(_ batch: Batch, completion: @escaping @Sendable (Result<Receipt, StoreError>) -> Void) {}
    /// The same, waiting. Not for event loops.
    public func commit(_ batch: Batch) throws(StoreError) -> Receipt { throw StoreError(.failed, "skeleton") }
    /// Is told of every commit, in order, on the writer's thread, after it is durable and before its answers are released.
    public func addListener(_ listener: any CommitListener) {}
    public func removeListener(_ listener: any CommitListener) {}

    // MARK: Reading

    /// A reader for the calling thread's loop; it must be used by one thread only.
    public func makeReader() throws(StoreError) -> StoreReader { throw StoreError(.failed, "skeleton") }
    /// Runs `job` on the list worker's thread, behind the jobs before it; it may block on disk reads.
    public func onWorker(_ job: @escaping @Sendable (StoreWorker) -> Void) {}
    /// The same, waiting for its result. Not for event loops.
    public func withWorker<T: Sendable>(_ job: @escaping @Sendable (StoreWorker) throws(StoreError) -> T) throws(StoreError) -> T { throw StoreError(.failed, "skeleton") }
}

public protocol CommitListener: AnyObject, Sendable {
    /// Changes of one group commit, in order.
    func committed(_ changes: [Change])
    /// The store was locked (true) or unlocked (false).
    func lockChanged(locked: Bool)
}

/// How a slot opens.
public enum SlotSecret: Sendable {
    /// 32 bytes.
    case keyFile(SecretBuffer)
    /// Any bytes, 1 to 1,024.
    case passphrase(SecretBuffer)
    /// 32 bytes, or a file of at least 32 bytes of which a hash is taken.
    case credential(SecretBuffer)
    /// As people write it down.
    case recoveryKey(SecretBuffer)
}

public enum NewSlot: Sendable {
    case keyFile(SecretBuffer, label: String)
    case passphrase(SecretBuffer, label: String)
    case credential(SecretBuffer, label: String)
    /// The key is drawn by the store and returned once.
    case recovery(label: String)
}

public struct SlotSummary: Sendable, Equatable {
    public enum Kind: UInt8, Sendable { case keyFile = 1, passphrase = 2, credential = 3, recovery = 4 }
    public var id: UInt32
    public var kind: Kind
    public var label: String
    public var created: UInt64
    public var inUse: Bool
}

/// Numbers for status and metrics. Bytes unless the name says otherwise.
public struct StoreStatistics: Sendable {
    public var secrets: UInt64 = 0
    public var mappedBytes: UInt64 = 0
    public var fileBytes: UInt64 = 0
    public var quotaBytes: UInt64 = 0
    public var freePages: UInt64 = 0
    public var indexBytes: UInt64 = 0
    public var indexEntries: UInt64 = 0
    public var indexLimit: UInt64 = 0
    public var namePages: UInt64 = 0
    /// Whether the list worker's directory of names stands (formats.md 6).
    public var namesReady = false
    public var readersInUse: UInt64 = 0
    /// Milliseconds; 0: no reader.
    public var oldestReaderAge: UInt64 = 0
    public var logRevisions: UInt64 = 0
    public var commits: UInt64 = 0
    public var suite = ""
    /// Whether all key material is in locked memory.
    public var keysLockedInMemory = false
    public init() {}
}

/// What reading a value came to. No case allocates but `failure`.
public enum ReadOutcome {
    public struct Value {
        public var version: UInt64
        /// The revision that wrote this version.
        public var revision: UInt64
        /// 0: never.
        public var expires: UInt64
        /// The value lies at the beginning of the output …
        public var valueLength: Int
        /// … and the content type right behind it.
        public var contentTypeLength: Int
        /// All plaintext bytes that were written, the rest of the trailer included: the caller overwrites or wipes them.
        public var writtenLength: Int
    }
    case value(Value)
    /// The output must have at least so many bytes.
    case tooSmall(needed: Int)
    /// Not in index and map: only the list worker can tell `not-found` from `damaged` (``StoreWorker/confirmMissing(_:_:)``).
    case missing
    case deleted
    case expired
    /// The name exists, this version does not (or none is active).
    case versionNotFound
    case failure(StoreError)
}

/// Reads by name for one thread: owns a read transaction and an index of sealed records.
public final class StoreReader {
    /// Renews the read transaction and applies what was committed since; call once per batch of requests.
    public func begin() throws(StoreError) { throw StoreError(.failed, "skeleton") }
    /// Resets the transaction; it must not be held while idle.
    public func end() {}
    /// The committed revision that this batch sees.
    public var revision: UInt64 { 0 }
    /// Opens the active version straight into `output`. Between begin and end.
    public func readActive(tenant: TenantID, name: UnsafeRawBufferPointer, now: UInt64, into output: UnsafeMutableRawBufferPointer) -> ReadOutcome { .missing }
    public func read(tenant: TenantID, name: UnsafeRawBufferPointer, version: UInt64, now: UInt64, into output: UnsafeMutableRawBufferPointer) -> ReadOutcome { .missing }
    /// The name record, opened. Allocates. `nil`: no such name.
    public func info(tenant: TenantID, name: Name, now: UInt64) throws(StoreError) -> SecretInfo? { nil }
    public func document(_ table: DocumentTable, _ name: DocumentName) throws(StoreError) -> SecretBuffer? { nil }
    /// All documents of a table, by name.
    public func documents(_ table: DocumentTable) throws(StoreError) -> [(name: DocumentName, bytes: SecretBuffer, revision: UInt64)] { [] }
}

/// Slow reads, on the list worker's thread. Only valid inside the job that received it.
public struct StoreWorker {
    /// A reader of the worker's own, begun for the length of the job.
    public let reader: StoreReader
    /// Up to `limit` names with `prefix`, strictly above `after`.
    public func names(tenant: TenantID, prefix: [UInt8], after: [UInt8]?, limit: Int, includeDeleted: Bool) throws(StoreError) -> NamesPage { throw StoreError(.failed, "skeleton") }
    /// Returns when the name is really absent; throws `damaged` when the name pages know it.
    public func confirmMissing(tenant: TenantID, name: Name) throws(StoreError) {}
    public func changes(after revision: UInt64, limit: Int) throws(StoreError) -> ChangeHistory { .resync(revision: 0) }
}
