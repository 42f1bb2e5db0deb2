import Atomics
import CLinux
import CLMDB
import Glibc

/// The LMDB environment of one generation of a store, and its tables.
final class Environment: @unchecked Sendable {
    let handle: OpaquePointer
    private var handles: [MDB_dbi] = []
    private var metaHandle: MDB_dbi = 0
    private let opener: pid_t
    let mapBytes: Int

    static let pageSize = 4_096
    private static let metaTable = "meta"
    /// Readers at once: one for each loop, the list worker, and whoever looks on.
    private static let maximumReaders: UInt32 = 126

    /// - Parameters:
    ///   - folder: the generation's folder; its files are made where absent.
    ///   - isBeingBuilt: commits are durable only behind ``sync()``; nobody else uses the files, so nothing is locked, and the thread may
    ///     change in the middle of a transaction.
    init(folder: String, mapBytes: Int, isBeingBuilt: Bool = false) throws(StoreError) {
        opener = getpid()
        self.folder = folder
        self.mapBytes = mapBytes
        try Self.allocateLockFile(folder + "/lock.mdb")
        var created: OpaquePointer?
        try lmdb(mdb_env_create(&created), "mdb_env_create")
        guard let handle = created else { throw StoreError(.system, "LMDB gave no environment") }
        self.handle = handle
        do throws(StoreError) {
            try lmdb(mdb_env_set_mapsize(handle, mapBytes), "mdb_env_set_mapsize")
            try lmdb(mdb_env_set_maxdbs(handle, 64), "mdb_env_set_maxdbs")
            try lmdb(mdb_env_set_maxreaders(handle, Self.maximumReaders), "mdb_env_set_maxreaders")
            try lmdb(mdb_env_open(handle, folder, UInt32(MDB_NORDAHEAD | MDB_NOTLS | (isBeingBuilt ? MDB_NOSYNC | MDB_NOLOCK : 0)), 0o600), "mdb_env_open")
            var descriptor: mdb_filehandle_t = -1
            try lmdb(mdb_env_get_fd(handle, &descriptor), "mdb_env_get_fd")
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            // A killed owner leaves reader slots behind; the lock on the folder says that nobody else uses them.
            mdb_reader_check(handle, nil)
            try openTables()
        } catch {
            mdb_env_close(handle)
            throw error
        }
    }

    // MARK: Users

    private let monitor = Monitor()
    /// Whoever has a transaction or begins some: the store, and each reader. The last one to go closes.
    private var users = 1
    /// Keeps the lock on the folder until then.
    private var owner: OwnerLock?
    private var recordsStop = false
    private let folder: String

    /// - Throws: `failed` when it is closed already; `busy` while its users are asked to go.
    func retain() throws(StoreError) {
        try checkUsable()
        let closed = monitor.locked {
            if users > 0 { users += 1 }
            return users == 0
        }
        if closed { throw StoreError(.failed, "the store is closed") }
    }

    func release() {
        let last = monitor.locked {
            guard users > 0 else { return false }
            users -= 1
            monitor.signal()
            return users == 0
        }
        // A child of fork leaves everything to its parent.
        guard last, getpid() == opener else { return }
        mdb_env_close(handle)
        if recordsStop { CleanStop(folder).record() }
        owner = nil
    }

    /// From now on the folder's lock is kept as long as the environment is open.
    func adopt(_ owner: OwnerLock?) { self.owner = owner }

    /// When the last user goes, the file is in order, and that is written down beside it.
    func recordStop() { monitor.locked { recordsStop = true } }

    /// Of an environment that takes this one's place.
    var ownerLock: OwnerLock? { owner }

    var isClosed: Bool { monitor.locked { users == 0 } }

    // MARK: Asking the users to go

    private let condemned = ManagedAtomic<Bool>(false)

    /// Long walks look at it between two records.
    var isCondemned: Bool { condemned.load(ordering: .relaxed) }

    /// From now on (or no longer) nobody gets a transaction; who has one finds out between two records.
    func condemn(_ value: Bool) { condemned.store(value, ordering: .releasing) }

    /// Waits until the store itself is the only user. `evict` is called again and again: it makes those go that are idle.
    /// - Returns: whether it is.
    func awaitOnlyUser(milliseconds: Int, evict: () -> Void) -> Bool {
        let deadline = Clock.monotonic + milliseconds
        while true {
            evict()
            let alone = monitor.locked {
                if users > 1 { monitor.wait(milliseconds: 10) }
                return users <= 1
            }
            if alone { return true }
            if Clock.monotonic >= deadline { return false }
        }
    }

    /// Copies everything that is committed into a folder without a data file. Readers and writers go on meanwhile.
    func copy(to folder: String) throws(StoreError) { try lmdb(mdb_env_copy2(handle, folder, 0), "mdb_env_copy2") }

    static var busy: StoreError { StoreError(.busy, "the store's file is being opened again: try again in a moment") }

    /// - Throws: `forked`, `busy`.
    @inline(__always)
    func checkUsable() throws(StoreError) {
        try checkProcess()
        if isCondemned { throw Self.busy }
    }

    /// Makes everything durable that was committed to an environment that does not sync by itself.
    func sync() throws(StoreError) { try lmdb(mdb_env_sync(handle, 1), "mdb_env_sync") }

    private func openTables() throws(StoreError) {
        try checkProcess()
        var transaction: OpaquePointer?
        try lmdb(mdb_txn_begin(handle, nil, 0, &transaction), "mdb_txn_begin")
        do throws(StoreError) {
            handles = Array(repeating: 0, count: Int(Table.allCases.map(\.rawValue).max() ?? 0) + 1)
            try lmdb(mdb_dbi_open(transaction, Self.metaTable, UInt32(MDB_CREATE), &metaHandle), "mdb_dbi_open")
            for table in Table.allCases {
                try lmdb(mdb_dbi_open(transaction, table.name, UInt32(MDB_CREATE), &handles[Int(table.rawValue)]), "mdb_dbi_open")
            }
        } catch {
            mdb_txn_abort(transaction)
            throw error
        }
        try lmdb(mdb_txn_commit(transaction), "mdb_txn_commit")
    }

    func handle(of table: Table) -> MDB_dbi { handles[Int(table.rawValue)] }
    var meta: MDB_dbi { metaHandle }

    /// Whether this process opened it.
    var isOurs: Bool { getpid() == opener }

    /// LMDB must not be used after fork (formats.md 9).
    @inline(__always)
    func checkProcess() throws(StoreError) {
        guard getpid() == opener else { throw StoreError(.forked, "the store was opened before this process was forked") }
    }

    /// `lock.mdb` is sparse: on a full disk a process that touches it dies of SIGBUS. So it is allocated whole first.
    private static func allocateLockFile(_ path: String) throws(StoreError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw StoreError.fromErrno("cannot make the store's lock file") }
        defer { Glibc.close(descriptor) }
        let status = posix_fallocate(descriptor, 0, 65_536)
        guard status == 0 else {
            throw StoreError(status == ENOSPC ? .full : .system, "cannot allocate the store's lock file: \(String(cString: strerror(status)))")
        }
    }

    // MARK: Room

    /// How far blocks of the disk are set aside for the file. The writer's only.
    private var setAside: Int64 = 0
    private static let setAsideStep: Int64 = 8 << 20
    /// Kept back beyond what a change is thought to need: deletes copy pages before they free any.
    static let reserve: Int64 = 1 << 20

    /// Sets room aside for so many more bytes than the file has, and some for deletes. LMDB itself takes a disk that is full in the middle
    /// of a write for one that is broken.
    /// - Returns: whether the disk has it.
    func hasRoom(for bytes: UInt64) -> Bool {
        let wanted = Int64(clamping: usage().fileBytes) + Int64(clamping: bytes) + Self.reserve
        if wanted <= setAside { return true }
        for end in [wanted + Self.setAsideStep, wanted] where coffer_set_aside(descriptor, 0, end) == 0 {
            setAside = end
            return true
        }
        return false
    }

    /// Whether the file system of the store has next to nothing left.
    var diskIsFull: Bool {
        var status = statvfs()
        guard fstatvfs(descriptor, &status) == 0 else { return false }
        return UInt64(status.f_bavail) * UInt64(status.f_frsize) < UInt64(Self.reserve)
    }

    /// Of the data file; LMDB's own.
    var descriptor: Int32 {
        var descriptor: mdb_filehandle_t = -1
        mdb_env_get_fd(handle, &descriptor)
        return descriptor
    }

    // MARK: Numbers

    struct Usage {
        var fileBytes: UInt64
        var readers: UInt64
    }

    func usage() -> Usage {
        var info = MDB_envinfo()
        mdb_env_info(handle, &info)
        return Usage(
            fileBytes: UInt64(info.me_last_pgno + 1) * UInt64(Self.pageSize), readers: UInt64(info.me_numreaders))
    }

    /// Pages that LMDB keeps for use again. Walks the free list: not for the way of a request.
    /// - Parameter transaction: one for reading: LMDB refuses its free list to those that write.
    func freePages(in transaction: OpaquePointer) -> UInt64 {
        var cursor: OpaquePointer?
        // Handle 0 is LMDB's own free list.
        guard mdb_cursor_open(transaction, 0, &cursor) == 0 else { return 0 }
        defer { mdb_cursor_close(cursor) }
        var key = MDB_val()
        var data = MDB_val()
        var pages: UInt64 = 0
        while mdb_cursor_get(cursor, &key, &data, MDB_NEXT) == 0 {
            if data.mv_size >= 8, let base = data.mv_data { pages += UInt64(base.loadUnaligned(as: UInt.self)) }
        }
        return pages
    }
}

/// Throws what LMDB's return code means.
func lmdb(_ code: Int32, _ operation: StaticString) throws(StoreError) {
    if code != 0 { throw StoreError.fromLMDB(code, operation) }
}

extension StoreError {
    static func fromLMDB(_ code: Int32, _ operation: StaticString) -> StoreError {
        let reason = String(cString: mdb_strerror(code))
        return switch code {
        case MDB_MAP_FULL, ENOSPC, EDQUOT: StoreError(.full, "there is no room for the change (\(reason))")
        case MDB_CORRUPTED, MDB_PAGE_NOTFOUND, MDB_INVALID: StoreError(.damaged, "the store's file is damaged (\(reason))")
        case MDB_TXN_FULL: StoreError(.failed, "the change is too large for one transaction (\(reason))")
        case MDB_VERSION_MISMATCH: StoreError(.unknownFormat, "the store's file is of another LMDB version (\(reason))")
        case EACCES, EPERM, EROFS: StoreError(.unwritable, "the store's file cannot be written (\(reason))")
        default: StoreError(.failed, "\(operation): \(reason)")
        }
    }

    /// What `errno` says now.
    static func fromErrno(_ what: String) -> StoreError {
        let number = errno
        let code: Code = switch number {
        case EACCES, EPERM, EROFS, ENOTDIR: .unwritable
        case ENOSPC, EDQUOT: .full
        default: .system
        }
        return StoreError(code, "\(what): \(String(cString: strerror(number)))")
    }
}
