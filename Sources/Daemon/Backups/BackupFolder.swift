import CLinux
import CofferWire
import Glibc

/// The folder that scheduled backups lie in: files appear in it whole or not at all.
struct BackupFolder: Sendable {
    let path: String

    /// Hexadecimal: of the store whose backups these are. Several may share a folder.
    let storeID: String

    private static let draftEnd = ".age.tmp"
    private var draftBeginning: String { ".coffer-\(storeID)-" }

    func place(of name: String) -> String { path + "/" + name }

    // MARK: The mark

    /// A file that says that backups of this store were written here: a folder without it may be the place where a disk would be mounted.
    var mark: String { place(of: ".coffer-backups-\(storeID)") }

    var isMarked: Bool { access(mark, F_OK) == 0 }

    /// - Throws: `storeFull`, `failed`.
    private func setMark() throws(Failure) {
        let text = Array("Backups of the store \(storeID) lie here. Without this file cofferd takes the folder for one whose disk is away.\n".utf8)
        let descriptor = open(mark, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Self.failure("cannot make a file in \(path)", errno) }
        defer { close(descriptor) }
        guard write(descriptor, text, text.count) == text.count, fsync(descriptor) == 0, Self.synchronise(path) else {
            let code = errno
            unlink(mark)
            throw Self.failure("cannot make a file in \(path)", code)
        }
    }

    /// Makes the folder ready for a backup.
    /// - Parameter isKnown: whether backups were written to it before: then it is there, with its mark, or its disk is away.
    /// - Throws: `storeFull`, `failed`.
    func prepare(isKnown: Bool) throws(Failure) {
        var status = stat()
        if stat(path, &status) != 0 {
            guard errno == ENOENT, !isKnown else { throw Self.failure("the backups' folder \(path) cannot be used", errno) }
            guard mkdir(path, 0o700) == 0 else { throw Self.failure("the backups' folder \(path) cannot be made", errno) }
            Self.synchronise(SystemPath.folder(of: path))
        } else {
            guard status.st_mode & S_IFMT == S_IFDIR else { throw Failure(.failed, "\(path), the backups' folder, is no folder") }
        }
        guard !isMarked else { return }
        guard !isKnown else { throw Failure(.failed, isAway) }
        try setMark()
    }

    /// What is said of a folder that lacks its mark.
    var isAway: String {
        "the backups' folder \(path) is not the one that backups were written to: is its disk mounted? If it is, make the file \(mark)"
    }

    // MARK: Drafts

    /// A file that is being written, mode 0600, under a name of its own, locked as long as somebody writes it.
    /// - Throws: `storeFull`, `failed`.
    func draft() throws(Failure) -> BackupDraft {
        for _ in 0..<16 {
            let place = place(of: "\(draftBeginning)\(String(UInt64.random(in: .min ... .max), radix: 36))\(Self.draftEnd)")
            let descriptor = open(place, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard descriptor >= 0 else { throw Self.failure("cannot make a file in \(path)", errno) }
            var status = stat()
            // Where nothing can be locked, nothing is taken for left behind either.
            let isHeld = flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK
            // Between the two calls somebody may have taken it for one that was left.
            if isHeld, fstat(descriptor, &status) == 0, status.st_nlink == 1 {
                return BackupDraft(descriptor, place, in: self)
            }
            close(descriptor)
        }
        throw Failure(.failed, "cannot keep a file in \(path)")
    }

    /// Removes what a daemon of this store left half written when it was killed: what nobody holds a lock on.
    func removeDrafts() {
        guard let folder = opendir(path) else { return }
        defer { closedir(folder) }
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name.hasPrefix(draftBeginning), name.hasSuffix(Self.draftEnd) else { continue }
            let descriptor = open(place(of: name), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
            guard descriptor >= 0 else { continue }
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { unlink(place(of: name)) }
            close(descriptor)
        }
    }

    /// Bytes of a regular file; `nil` where there is none.
    func size(of name: String) -> UInt64? {
        var status = stat()
        guard lstat(place(of: name), &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return UInt64(clamping: status.st_size)
    }

    /// - Returns: whether it is gone.
    func remove(_ name: String) -> Bool {
        guard BackupName.isOne(name) else { return false }
        return unlink(place(of: name)) == 0 || errno == ENOENT
    }

    /// Writes the folder's entries to the disk.
    @discardableResult
    static func synchronise(_ path: String) -> Bool {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return fsync(descriptor) == 0
    }

    static func failure(_ what: String, _ code: Int32) -> Failure {
        let full = code == ENOSPC || code == EDQUOT
        return Failure(full ? .storeFull : .failed, "\(what): \(String(cString: strerror(code)))", retry: full ? .never : .now)
    }
}

/// A backup that is being written. Unless it was published, nothing is left of it.
final class BackupDraft {
    private var descriptor: Int32
    private let place: String
    private let folder: BackupFolder
    private(set) var size: UInt64 = 0
    /// What the kernel was told to bring to the disk.
    private var begun: UInt64 = 0

    private static let writingStep: UInt64 = 8 << 20

    fileprivate init(_ descriptor: Int32, _ place: String, in folder: BackupFolder) {
        self.descriptor = descriptor
        self.place = place
        self.folder = folder
    }

    deinit { discard() }

    /// - Throws: `storeFull`, `failed`.
    func write(_ bytes: [UInt8]) throws(Failure) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress.map { $0 + written }, $0.count - written) }
            if count < 0 {
                if errno == EINTR { continue }
                throw BackupFolder.failure("cannot write a backup to \(folder.path)", errno)
            }
            written += count
        }
        size += UInt64(bytes.count)
        guard size - begun >= Self.writingStep else { return }
        coffer_begin_writing(descriptor, Int64(begun), Int64(size - begun))
        begun = size
    }

    /// Brings it to the disk.
    /// - Throws: `storeFull`, `failed`.
    func synchronise() throws(Failure) {
        guard fsync(descriptor) == 0 else { throw BackupFolder.failure("cannot write a backup to \(folder.path)", errno) }
        // What is proven is to come from the disk, not from memory.
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
    }

    /// Gives it its name, for good.
    /// - Throws: `storeFull`, `failed`.
    func publish(as name: String) throws(Failure) {
        guard rename(place, folder.place(of: name)) == 0 else {
            throw BackupFolder.failure("cannot give a backup in \(folder.path) its name", errno)
        }
        close(descriptor)
        descriptor = -1
        guard BackupFolder.synchronise(folder.path) else {
            // Nobody is to count on a file that a crash may take away.
            unlink(folder.place(of: name))
            throw BackupFolder.failure("the entries of \(folder.path) cannot be written to the disk", errno)
        }
    }

    private func discard() {
        guard descriptor >= 0 else { return }
        unlink(place)
        close(descriptor)
        descriptor = -1
    }
}
