import Glibc

/// Writes into a generation that nobody else uses yet: in transactions of bounded size, none of them durable before the end.
///
/// It seals with a key of its own, which the keyring gets at the end: so its seals and those of the running store are counted apart, and
/// what comes to nothing has used up none.
final class GenerationBuilder {
    let generation: Generation
    private let folder: StoreFolder
    private let options: Store.Options
    private let recordSuite: Suite
    private let aesHardware: Bool
    let environment: Environment

    private(set) var keyring: Keyring
    private(set) var keys: KeySet
    /// Keys for records that were drawn here.
    private var ownKeys: Set<UInt32>
    private var sealed: SealedTransaction
    /// Whether `sealed` has a transaction that runs.
    private var isOpen = true
    private var things = 0
    private var bytes = 0
    /// By the key that seals now, in transactions that have ended.
    private var sealsBefore: UInt64 = 0
    private var isEnded = false

    private static let largestThings = 4_096
    private static let largestBytes = 8 << 20

    /// - Parameters:
    ///   - folder: of the store. The generation's own is there, unfinished; with a copy of the present one, or empty.
    ///   - head: where that stands.
    init(
        _ generation: Generation, in folder: StoreFolder, owner: OwnerLock?, keys: KeySet, head: Head, options: Store.Options,
        recordSuite: Suite, aesHardware: Bool
    ) throws(StoreError) {
        self.generation = generation
        self.folder = folder
        self.options = options
        self.recordSuite = recordSuite
        self.aesHardware = aesHardware
        keyring = keys.keyring
        try keyring.advanceRecordKey(suite: recordSuite, sealLimit: options.sealLimit, now: options.clock())
        self.keys = try KeySet(root: keys.root, keyring: keyring, aesHardware: aesHardware)
        ownKeys = [self.keys.sealing.id]
        environment = try Environment(
            folder: folder.unfinishedFolder(of: generation), mapBytes: Store.mapBytes(options, fileBytes: 0), isBeingBuilt: true)
        environment.adopt(owner)
        do throws(StoreError) {
            sealed = SealedTransaction(try Transaction.begin(environment, readOnly: false), keys: self.keys, head: head)
        } catch {
            environment.release()
            throw error
        }
    }

    deinit { end() }

    /// Closes the file, and leaves the folder as it is. Idempotent.
    func end() {
        guard !isEnded else { return }
        isEnded = true
        if isOpen { sealed.transaction.abort() }
        environment.release()
    }

    var head: Head {
        get { sealed.head }
        set { sealed.head = newValue }
    }

    // MARK: Records

    func contains(_ table: Table, _ key: [UInt8]) throws(StoreError) -> Bool { try sealed.transaction.get(table, key) != nil }

    func open(_ table: Table, _ key: [UInt8]) throws(StoreError) -> [UInt8]? { try sealed.open(table, key) }

    /// The record as it lies there; valid until the next change.
    func record(_ table: Table, _ key: [UInt8]) throws(StoreError) -> UnsafeRawBufferPointer? { try sealed.transaction.get(table, key) }

    func put(_ table: Table, _ key: [UInt8], _ plaintext: [UInt8]) throws(StoreError) {
        try makeRoom(plaintext.count)
        try sealed.put(table, key, plaintext)
    }

    func put(_ table: Table, _ key: [UInt8], _ plaintext: SecretBuffer) throws(StoreError) {
        defer { withExtendedLifetime(plaintext) {} }
        try makeRoom(plaintext.count)
        try sealed.put(table, key, plaintext.bytes)
    }

    func delete(_ table: Table, _ key: [UInt8]) throws(StoreError) {
        try makeRoom(0)
        try sealed.delete(table, key)
    }

    func clear(_ table: Table) throws(StoreError) { try sealed.clear(table) }

    /// Takes over every record as it lies there, under its seal; the head that was given counts them already.
    /// - Parameter isStopping: asked now and then.
    func takeOver(_ content: StoreContent, isStopping: () -> Bool) throws(StoreError) {
        for table in Table.allCases where table != .head {
            try content.transaction.scan(table) { (key, record) throws(StoreError) in
                if things == 0, isStopping() { throw StoreError(.locked, "the store was locked while it was copied") }
                try makeRoom(record.count)
                try sealed.transaction.put(table, Array(key), Array(record))
                return true
            }
        }
    }

    /// Changes pages of names; the editor lives for one transaction.
    func editNames(
        _ directory: NameDirectory, _ edit: (inout NamePageEditor, inout SealedTransaction) throws(StoreError) -> Void
    ) throws(StoreError) -> NameDirectory {
        var editor = NamePageEditor(directory: directory)
        try edit(&editor, &sealed)
        try editor.flush(to: &sealed)
        try commit()
        return editor.directory
    }

    func buildDirectory() throws(StoreError) -> NameDirectory { try NameLister.buildDirectory(sealed.transaction, keys: keys) }

    // MARK: Transactions

    private func makeRoom(_ next: Int) throws(StoreError) {
        if things >= Self.largestThings || bytes + next > Self.largestBytes { try commit() }
        things += 1
        bytes += next + 256
    }

    /// Ends the transaction and begins the next.
    func commit() throws(StoreError) {
        try pause()
        if sealsBefore + UInt64(Self.largestThings) * 8 + max(sealLimit / 1_024, 1) >= sealLimit { try advanceKey() }
        sealed = SealedTransaction(try Transaction.begin(environment, readOnly: false), keys: keys, head: sealed.head)
        isOpen = true
    }

    private var sealLimit: UInt64 { options.sealLimit }

    private func advanceKey() throws(StoreError) {
        for index in keyring.entries.indices where keyring.entries[index].id == keys.sealing.id {
            keyring.entries[index].sealCount = sealsBefore
        }
        try keyring.advanceRecordKey(suite: recordSuite, sealLimit: options.sealLimit, now: options.clock())
        keys = try KeySet(root: keys.root, keyring: keyring, aesHardware: aesHardware)
        ownKeys.insert(keys.sealing.id)
        sealsBefore = 0
    }

    /// Ends the transaction; nothing may be written until ``commit()``.
    func pause() throws(StoreError) {
        guard isOpen else { return }
        // LMDB takes a disk that is full in the middle of a write for one that is broken.
        guard environment.hasRoom(for: UInt64(bytes) * 2) else { throw StoreError(.full, "the disk of the store is full") }
        if options.quotaBytes > 0, environment.usage().fileBytes > UInt64(options.quotaBytes) {
            throw StoreError(.full, "what is to be restored does not fit into the store's quota of \(options.quotaBytes >> 20) MiB")
        }
        isOpen = false
        sealsBefore += sealed.seals
        let code = sealed.transaction.commit()
        guard code == 0 else {
            let error = StoreError.fromLMDB(code, "mdb_txn_commit")
            throw code == EIO && environment.diskIsFull ? StoreError(.full, "the disk of the store is full") : error
        }
        things = 0
        bytes = 0
    }

    // MARK: Keys and the end

    /// The keys that a backup brings; records of before keep theirs.
    func change(keyring change: (inout Keyring) throws(StoreError) -> Void) throws(StoreError) {
        try change(&keyring)
        try commit()
        let id = keys.sealing.id
        keys = try KeySet(root: keys.root, keyring: keyring, aesHardware: aesHardware)
        guard keys.sealing.id == id else { throw StoreError(.failed, "the key for records changed while a generation was built") }
        try commit()
    }

    /// Writes head and header. From then on it is only read, until it is installed or given up.
    /// - Parameters:
    ///   - header: the store's present one: its slots stay.
    ///   - root: the store's present one.
    ///   - dropsEarlierKeys: nothing here is sealed with the keys of before.
    /// - Returns: the keys with that root.
    func seal(_ header: Header, root: GuardedBytes, dropsEarlierKeys: Bool) throws(StoreError) -> KeySet {
        if !isOpen { try commit() }
        try sealed.put(.head, Head.key, sealed.head.encoded())
        for index in keyring.entries.indices where keyring.entries[index].id == keys.sealing.id {
            keyring.entries[index].sealCount = sealsBefore + sealed.seals
        }
        if dropsEarlierKeys { keyring.entries.removeAll { $0.purpose == .records && !ownKeys.contains($0.id) } }
        var header = header
        try header.seal(keyring, root: root, now: options.clock())
        try sealed.transaction.putMeta(Store.headerKey, try header.encoded(root: root))
        try pause()
        return try KeySet(root: root, keyring: keyring, aesHardware: aesHardware)
    }

    /// Makes everything durable, closes the file, and gives the folder its name.
    func finish() throws(StoreError) {
        try environment.sync()
        end()
        try folder.finish(generation)
    }
}
