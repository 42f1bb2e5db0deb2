import Atomics
import CSodium
import Glibc

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
        /// Sealed records that each reader may keep in memory; 0: no index.
        public var indexBytes: Int = 320 << 20
        /// Revisions that the change log keeps for watches that come back.
        public var logRevisions: Int = 65_536
        /// Pretends that the machine has no AES instructions (for tests; formats.md 10).
        public var withoutAESHardware = false
        /// Records that one key may seal before the next takes over. 2^30; tests use 2^12.
        public var sealLimit: UInt64 = 1 << 30
        public var rekey = RekeyOptions()
        /// Generations that stay beside the present one after a restore. None: they open with the same key, so what was deleted would
        /// not be gone, and each takes as much of the disk again. Who wants a way back takes a backup before.
        public var keepGenerations = 0
        /// Takes a store that is older than it was before, where it is at exactly this revision (`cofferd --accept-rollback`).
        public var acceptRollback: UInt64?
        /// Unix milliseconds.
        public var clock: @Sendable () -> UInt64 = { Store.systemClock() }
        /// Has the data file examined before it is opened; `nil`: it is opened as it is.
        public var examiner: StoreExaminer?
        public init() {}
    }

    /// What changes when the store is locked and unlocked, behind one lock.
    struct KeyState {
        var keys: KeySet?
        var incarnation = [UInt8](repeating: 0, count: 16)
        var slotInUse: UInt32?
        var readOnlyReason: String?
        var rollbackAccepted: RollbackAcceptance?
        var counterWasMissing = false
        var isRestoring = false
        var header: Header
    }

    static let headerKey = Array("header".utf8)

    let options: Options
    let hasAES: Bool
    /// The last committed revision.
    let committed = ManagedAtomic<UInt64>(0)
    /// Group commits since it was opened.
    let commitCount = ManagedAtomic<UInt64>(0)
    /// Grows with everything that readers must apply: they compare it without a lock.
    let signal = ManagedAtomic<UInt64>(0)
    let moving = ManagedAtomic<Bool>(false)
    let directory = SharedDirectory()
    let queue: WorkerQueue
    let simple = SimpleAccess()
    let folder: StoreFolder
    /// The store's folder, as it was given.
    public var path: String { folder.path }
    let monitor = Monitor()
    let rekeyer = Rekeyer()
    var state: KeyState
    /// Replaced on the writer's thread only (``move(to:)``).
    var presentEnvironment: Environment
    var readers: [(inbox: ReaderInbox, seat: ReaderSeat, index: SealedIndex?)] = []
    var listeners: [any CommitListener] = []
    private var isClosed = false
    var witnessSet: (any CommitWitness)?
    /// Asked before each commit; `nil`: nobody is.
    var witness: (any CommitWitness)? { monitor.locked { witnessSet } }
    var nextSlotID: UInt32 = 1
    // Both are made last and need the store itself.
    private var writerThread: Writer?
    /// Used on the worker's thread only.
    private var workerReader: StoreReader?

    private init(folder: StoreFolder, environment: Environment, header: Header, options: Options) throws(StoreError) {
        self.folder = folder
        presentEnvironment = environment
        self.options = options
        hasAES = Suite.machineHasAES && !options.withoutAESHardware
        state = KeyState(header: header)
        queue = try WorkerQueue()
        let core = WriterCore(
            environment: environment, folder: folder, options: options, counter: CounterFile(path: folder.counterPath),
            directory: directory, header: header, store: self)
        do throws(StoreError) {
            writerThread = try Writer(core: core)
            rekeyer.serve(self)
        } catch {
            queue.stop()
            throw error
        }
    }

    deinit {
        guard !isClosed, environment.isOurs else { return }
        rekeyer.stop()
        writerThread?.stop()
        queue.stop()
        environment.release()
    }

    /// Unix milliseconds of the machine's clock.
    public static func systemClock() -> UInt64 { Clock.wall }

    // MARK: Making and opening

    /// Makes a new store with one slot and leaves it closed. The folder is made when absent; one with anything in it is refused.
    /// Blocks for the disk, and with a passphrase for about half a second.
    /// - Returns: the recovery key as people write it down, where `slot` is a recovery slot.
    @discardableResult
    public static func create(at directory: String, slot: NewSlot, options: Options = Options()) throws(StoreError) -> String? {
        try Sodium.initialise()
        let folder = StoreFolder(path: directory)
        try folder.make()
        try folder.check()
        try folder.requireEmpty()
        let owner = try folder.lockOwner()
        defer { StoreFolder.unlockOwner(owner) }
        try folder.requireEmpty()
        try folder.clearUnfinished()
        let root = try GuardedBytes.random(count: 32)
        let storeID = randomBytes(16)
        let (first, recoveryKey) = try slot.wrap(root: root, storeID: storeID, id: 1, now: options.clock())
        let hasAES = Suite.machineHasAES && !options.withoutAESHardware
        let now = options.clock()
        var keyring = try Keyring.random(sealLimit: options.sealLimit, recordSuite: hasAES ? .aes256gcm : .xchacha20poly1305, now: now)
        // The head, below.
        for index in keyring.entries.indices where keyring.entries[index].purpose == .records { keyring.entries[index].sealCount = 1 }
        var header = Header(storeID: storeID, slots: [first], sealedKeyring: [])
        try header.seal(keyring, root: root, now: now)
        let keys = try KeySet(root: root, keyring: keyring, aesHardware: hasAES)
        try folder.buildFirstGeneration { (path) throws(StoreError) in
            let environment = try Environment(folder: path, mapBytes: options.mapBytes)
            defer { environment.release() }
            let transaction = try Transaction.begin(environment, readOnly: false)
            do throws(StoreError) {
                var head = Head(incarnation: randomBytes(16))
                head.time = options.clock()
                try transaction.putMeta(headerKey, try header.encoded(root: root))
                try transaction.put(.head, Head.key, Record.seal(head.encoded(), table: .head, key: Head.key, with: keys.sealing))
            } catch {
                transaction.abort()
                throw error
            }
            try lmdb(transaction.commit(), "mdb_txn_commit")
        }
        return recoveryKey
    }

    static func randomBytes(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        randombytes_buf(&bytes, count)
        return bytes
    }

    /// Whether `directory` holds a store (looks only at names, opens nothing).
    public static func exists(at directory: String) -> Bool { StoreFolder(path: directory).holdsStore }

    /// Opens the folder, takes its lock, reads the header. The store is locked until ``unlock(_:)``.
    /// - Throws: `not-a-store`, `not-ours`, `in-use`, `unknown-format`, `damaged`, `unwritable`, `store-full`.
    public static func open(at directory: String, options: Options = Options()) throws(StoreError) -> Store {
        try Sodium.initialise()
        let folder = StoreFolder(path: directory)
        try folder.check()
        guard folder.holdsStore else { throw StoreError(.notAStore, "there is no store in \(directory)") }
        let owner = OwnerLock(try folder.lockOwner())
        let size = try folder.checkData()
        try folder.clearInterrupted()
        let stop = CleanStop(folder.current)
        if !stop.holds { try options.examiner?.examine(folder.current) }
        stop.remove()
        let environment = try Environment(folder: folder.current, mapBytes: mapBytes(options, fileBytes: size))
        do throws(StoreError) {
            let header = try readHeader(environment)
            let store = try Store(folder: folder, environment: environment, header: header, options: options)
            environment.adopt(owner)
            return store
        } catch {
            environment.release()
            throw error
        }
    }

    /// The quota bounds the map as well: what the writer's estimate lets through, LMDB still refuses. A file that is larger already (the
    /// quota was lowered) keeps room for deletes.
    static func mapBytes(_ options: Options, fileBytes: Int) -> Int {
        guard options.quotaBytes > 0 else { return options.mapBytes }
        let page = Environment.pageSize
        return min(options.mapBytes, max(options.quotaBytes, fileBytes + (64 << 20)) / page * page)
    }

    static func readHeader(_ environment: Environment) throws(StoreError) -> Header {
        let transaction = try Transaction.begin(environment, readOnly: true)
        defer { transaction.abort() }
        guard let bytes = try transaction.getMeta(headerKey) else { throw StoreError(.notAStore, "the data file has no header of a Coffer store") }
        let header = try bytes.withBytes { (bytes) throws(StoreError) in
            try Header(decoding: bytes)
        }
        return header
    }

    /// Stops the writer behind what was submitted, takes the keys away, closes the environment, gives the folder's lock back. Idempotent.
    ///
    /// Readers that are still there answer `locked` from then on; the folder stays in use until the last of them is gone.
    public func close() {
        guard environment.isOurs else { return }
        let first = monitor.locked {
            defer { isClosed = true }
            return !isClosed
        }
        guard first else { return }
        rekeyer.stop()
        writerThread?.stop()
        publish(keys: nil)
        directory.drop()
        _ = queue.add { [self] in workerReader = nil }
        queue.stop()
        simple.drop()
        // A file that failed is examined at the next start.
        if monitor.locked({ state.readOnlyReason == nil }) { environment.recordStop() }
        environment.release()
    }

    /// - Throws: `failed` after ``close()``, `forked` in a child process: there are no threads there that would answer.
    private func requireOpen() throws(StoreError) {
        try environment.checkProcess()
        guard !monitor.locked({ isClosed }) else { throw Self.closed }
    }

    private static var closed: StoreError { StoreError(.failed, "the store is closed") }

    // MARK: Writer and worker

    func writer() throws(StoreError) -> Writer {
        try requireOpen()
        guard let writerThread else { throw Self.closed }
        return writerThread
    }

    /// Hands a batch to the writer. `completion` runs on the writer's thread, after the commit is durable, and must not block.
    public func submit(_ batch: Batch, completion: @escaping @Sendable (Result<Receipt, StoreError>) -> Void) {
        do throws(StoreError) {
            // The store stays until its last batch was answered.
            try writer().submit(.init(batch: batch) { [self] result in withExtendedLifetime(self) { completion(result) } })
        } catch {
            completion(.failure(error))
        }
    }

    /// The same, waiting. Not for event loops.
    public func commit(_ batch: Batch) throws(StoreError) -> Receipt {
        let done = Monitor()
        nonisolated(unsafe) var answer: Result<Receipt, StoreError>?
        submit(batch) { result in
            done.locked {
                answer = result
                done.signal()
            }
        }
        return try done.locked { () -> Result<Receipt, StoreError> in
            while true {
                if let answer { return answer }
                done.wait()
            }
        }.get()
    }

    /// Runs `job` on the list worker's thread, behind the jobs before it; it may block on disk reads.
    /// - Parameter job: gets why there is no worker: `locked`, or what the disk said.
    public func onWorker(_ job: @escaping @Sendable (Result<StoreWorker, StoreError>) -> Void) {
        do throws(StoreError) { try requireOpen() } catch { return job(.failure(error)) }
        let accepted = queue.add { [self] in
            let worker: StoreWorker
            do throws(StoreError) {
                worker = try beginWorker()
            } catch {
                workerReader?.end()
                return job(.failure(error))
            }
            job(.success(worker))
            worker.reader.end()
        }
        if !accepted { job(.failure(Self.closed)) }
    }

    /// The same, waiting for its result. Not for event loops.
    public func withWorker<T: Sendable>(_ job: @escaping @Sendable (StoreWorker) throws(StoreError) -> T) throws(StoreError) -> T {
        let done = Monitor()
        nonisolated(unsafe) var answer: Result<T, StoreError>?
        onWorker { worker in
            let result: Result<T, StoreError>
            do throws(StoreError) { result = .success(try job(try worker.get())) } catch { result = .failure(error) }
            done.locked {
                answer = result
                done.signal()
            }
        }
        return try done.locked { () -> Result<T, StoreError> in
            while true {
                if let answer { return answer }
                done.wait()
            }
        }.get()
    }

    /// Begins the worker's reader, and builds the directory of names where it is to come (formats.md 6).
    private func beginWorker() throws(StoreError) -> StoreWorker {
        let reader: StoreReader
        if let workerReader { reader = workerReader } else {
            reader = try makeReader(indexed: false)
            workerReader = reader
        }
        let state = try directory.snapshot { () throws(StoreError) in try reader.begin() }
        let names: Result<NameDirectory, StoreError>
        switch state {
        case .ready(let directory): names = .success(directory)
        case .failed(let error): names = .failure(error)
        case .absent: names = .failure(StoreError(.locked, "the store is locked"))
        case .expected(let epoch):
            names = Result { () throws(StoreError) in
                guard let keys = reader.currentKeys else { throw StoreError(.locked, "the store is locked") }
                return try NameLister.buildDirectory(reader.currentTransaction, keys: keys)
            }
            directory.settle(names, epoch: epoch)
        }
        var head: Head?
        if let keys = reader.currentKeys {
            let sealed = SealedTransaction(reader.currentTransaction, keys: keys, head: Head(incarnation: []))
            head = try sealed.open(.head, Head.key).map { (bytes) throws(StoreError) in try Head(decoding: bytes) }
        }
        return StoreWorker(reader: reader, directory: names, revision: head?.revision ?? 0, head: head)
    }
}
