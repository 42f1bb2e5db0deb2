import Glibc

/// The folder of a store (formats.md 3 and 20):
///
///     owner.lock      whoever holds its lock owns the store
///     counter         incarnation and revision once more, to notice an older copy of the store
///     audit.head      of the audit log (CofferAudit): where it ends, to notice that its end was cut off
///     current ->      the generation in use
///     gen-000001/     data.mdb, lock.mdb
///     gen-000002.new/ what a restore builds
struct StoreFolder: Sendable {
    let path: String

    private static let firstGeneration = Generation.first.name
    private static let currentLink = "current"
    private static let ownerFile = "owner.lock"

    var counterPath: String { path + "/counter" }
    var current: String { path + "/" + Self.currentLink }
    private var temporaryGeneration: String { path + "/" + Self.firstGeneration + ".new" }

    /// Whether a store lies there. Looks only at names. A link to a generation that is not there is what an interrupted first start left.
    var holdsStore: Bool {
        var status = stat()
        return stat(current, &status) == 0
    }

    // MARK: Checks

    /// - Throws: `not-a-store`, `not-ours` or `unwritable`.
    func check() throws(StoreError) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { throw StoreError(.notAStore, "there is no folder \(path)") }
            throw StoreError.fromErrno("cannot look at the store's folder \(path)")
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw StoreError(.notAStore, "\(path) is not a folder") }
        guard status.st_uid == geteuid() else {
            throw StoreError(.notOurs, "the folder \(path) belongs to uid \(status.st_uid), not to uid \(geteuid())")
        }
        guard status.st_mode & (S_IWGRP | S_IWOTH) == 0 else {
            throw StoreError(.notOurs, "others may write the folder \(path): its mode must be 0700 or stricter")
        }
        guard access(path, W_OK | X_OK) == 0 else { throw StoreError.fromErrno("cannot write the store's folder \(path)") }
    }

    /// Makes the folder, and those above it, where absent.
    func make() throws(StoreError) {
        var partial = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            partial += "/" + part
            if mkdir(partial, 0o700) == 0 {
                // The name must be as durable as what will lie in it.
                try Self.sync(Self.above(partial))
            } else if errno != EEXIST {
                throw StoreError.fromErrno("cannot make the folder \(partial)")
            }
        }
    }

    private static func above(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return path.hasPrefix("/") ? "/" : "." }
        return String(path[..<slash])
    }

    // MARK: Owner

    /// One owner at a time, also within one process: an `flock` on a file of our own.
    /// - Returns: the descriptor that holds the lock.
    func lockOwner() throws(StoreError) -> Int32 {
        let descriptor = open(path + "/" + Self.ownerFile, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw StoreError.fromErrno("cannot open the store's owner file in \(path)") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            var text = [UInt8](repeating: 0, count: 24)
            let count = pread(descriptor, &text, text.count, 0)
            let owner = String(decoding: text.prefix(max(count, 0)).filter { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }, as: UTF8.self)
            close(descriptor)
            throw StoreError(.inUse, "the store in \(path) is in use by process \(owner.isEmpty ? "?" : owner)")
        }
        ftruncate(descriptor, 0)
        let text = Array("\(getpid())\n".utf8)
        _ = pwrite(descriptor, text, text.count, 0)
        return descriptor
    }

    /// Given back by name: a child that was just forked shares the descriptor, and with it the lock.
    static func unlockOwner(_ descriptor: Int32) {
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    /// - Returns: the size of the data file.
    /// - Throws: `not-a-store`, `not-ours`.
    func checkData() throws(StoreError) -> Int {
        for item in [current, current + "/data.mdb"] {
            var status = stat()
            guard stat(item, &status) == 0 else { throw StoreError(.notAStore, "the store in \(path) has no data file") }
            guard status.st_uid == geteuid() else {
                throw StoreError(.notOurs, "\(item) belongs to uid \(status.st_uid), not to uid \(geteuid())")
            }
            guard status.st_mode & (S_IWGRP | S_IWOTH) == 0 else { throw StoreError(.notOurs, "others may write \(item)") }
            if item != current { return Int(status.st_size) }
        }
        return 0
    }

    // MARK: Making

    /// Takes away what an interrupted first start left: a generation that was never put into place, and links to none. Under the
    /// owner's lock, and only where there is no store.
    func clearUnfinished() throws(StoreError) {
        guard !holdsStore else { throw StoreError(.alreadyExists, "there is a store in \(path) already") }
        removeTemporaryGeneration()
        var status = stat()
        for link in [current, current + ".new"] where lstat(link, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK { unlink(link) }
    }

    private func removeTemporaryGeneration() {
        for file in ["data.mdb", "lock.mdb"] { unlink(temporaryGeneration + "/" + file) }
        rmdir(temporaryGeneration)
    }

    /// - Throws: `already-exists` where anything but an owner's lock, or what an interrupted first start left, lies there.
    func requireEmpty() throws(StoreError) {
        guard let folder = opendir(path) else { throw StoreError.fromErrno("cannot read the folder \(path)") }
        defer { closedir(folder) }
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            let unfinished = !holdsStore && [Self.firstGeneration + ".new", Self.currentLink, Self.currentLink + ".new"].contains(name)
            guard unfinished || [".", "..", Self.ownerFile].contains(name) else {
                throw StoreError(.alreadyExists, holdsStore
                    ? "there is a store in \(path) already" : "the folder \(path) is not empty: it has '\(name)'")
            }
        }
    }

    /// Builds the first generation aside and puts it into place with one rename, so that half a store never looks like one.
    func buildFirstGeneration(_ build: (_ folder: String) throws(StoreError) -> Void) throws(StoreError) {
        guard mkdir(temporaryGeneration, 0o700) == 0 else { throw StoreError.fromErrno("cannot make a folder in \(path)") }
        do throws(StoreError) {
            try build(temporaryGeneration)
            try Self.sync(temporaryGeneration)
            // The link first, to nothing yet: the rename behind it is the one moment at which there is a store.
            try switchTo(Self.firstGeneration)
            guard rename(temporaryGeneration, path + "/" + Self.firstGeneration) == 0 else {
                throw StoreError.fromErrno("cannot put the new store into place")
            }
            try Self.sync(path)
        } catch {
            // Where all but the last sync came to pass: first back to the name that a later start clears, whatever interrupts this.
            rename(path + "/" + Self.firstGeneration, temporaryGeneration)
            removeTemporaryGeneration()
            unlink(current)
            throw error
        }
    }

    /// Replaces the link `current` in one step.
    func switchTo(_ generation: String) throws(StoreError) {
        let fresh = current + ".new"
        unlink(fresh)
        guard symlink(generation, fresh) == 0, rename(fresh, current) == 0 else {
            throw StoreError.fromErrno("cannot switch to the generation \(generation)")
        }
        try Self.sync(path)
    }

    static func sync(_ folder: String) throws(StoreError) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StoreError.fromErrno("cannot open the folder \(folder)") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw StoreError.fromErrno("cannot sync the folder \(folder)") }
    }
}
