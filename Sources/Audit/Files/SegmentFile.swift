import CLinux
import Glibc

/// The file that is being written. Used on the log's thread only.
///
/// It is written at a place that is known, never appended: what a failed write left behind is overwritten, and what was acknowledged is
/// never shorter than the file.
final class SegmentFile {
    let path: String
    let number: UInt64
    private let descriptor: Int32
    private let device: dev_t
    private let inode: ino_t
    /// Up to here the file is whole.
    private(set) var length: Int
    /// Up to here it is durable.
    private(set) var synced: Int
    /// Up to here the disk keeps room for it: where the store's disk is full, deletes and repair still find a log that can be written.
    private var setAside = 0
    private static let rooms = [1 << 20, 256 << 10, 64 << 10]
    /// A sync failed: the kernel may call pages clean that never reached the disk. They are written again before the next.
    private var isUnsure = false

    private init(path: String, number: UInt64, descriptor: Int32, length: Int, synced: Int) throws(LogTrouble) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            Glibc.close(descriptor)
            throw .system("cannot look at \(path)")
        }
        self.path = path
        self.number = number
        self.descriptor = descriptor
        device = status.st_dev
        inode = status.st_ino
        self.length = length
        self.synced = synced
    }

    deinit { Glibc.close(descriptor) }

    /// Makes a new file that begins with `header`, durable with its name. On failure nothing is left.
    static func create(_ folder: AuditFolder, number: UInt64, header: [UInt8]) throws(LogTrouble) -> SegmentFile {
        let path = folder.path(of: number)
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .system("cannot make \(path)") }
        do throws(LogTrouble) {
            let file = try SegmentFile(path: path, number: number, descriptor: descriptor, length: 0, synced: 0)
            try header.withUnsafeBytesTyped { (bytes) throws(LogTrouble) in try file.append(bytes) }
            file.keepRoom()
            try file.sync()
            try folder.sync()
            return file
        } catch {
            unlink(path)
            throw error
        }
    }

    /// Goes on with a file whose first `length` bytes were read and are whole.
    static func open(_ folder: AuditFolder, number: UInt64, length: Int) throws(LogTrouble) -> SegmentFile {
        let path = folder.path(of: number)
        let descriptor = Glibc.open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw .system("cannot open \(path)") }
        // What lies there was perhaps never synced: the next sync does it.
        let file = try SegmentFile(path: path, number: number, descriptor: descriptor, length: length, synced: 0)
        file.keepRoom()
        return file
    }

    /// Whether it is still the file of its name, and nobody has cut it.
    /// - Throws: `broken`.
    func check() throws(LogTrouble) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system("cannot look at \(path)") }
        guard status.st_nlink > 0 else { throw .broken("\(path) was deleted") }
        guard Int(status.st_size) >= length else {
            throw .broken("\(path) was cut to \(status.st_size) bytes; \(length) were written")
        }
        var named = stat()
        guard lstat(path, &named) == 0 else {
            if errno == ENOENT { throw .broken("\(path) was moved away") }
            throw .system("cannot look at \(path)")
        }
        guard named.st_dev == device, named.st_ino == inode else { throw .broken("another file lies at \(path)") }
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws(LogTrouble) {
        try write(bytes, at: length)
        length += bytes.count
        keepRoom()
    }

    /// Sets room aside ahead; where the disk has none that is no error yet.
    private func keepRoom() {
        guard let most = Self.rooms.first, setAside < length + most / 2 else { return }
        for room in Self.rooms where setAside < length + room && coffer_set_aside(descriptor, 0, Int64(length + room)) == 0 {
            setAside = length + room
            return
        }
    }

    /// Gives back what was set aside: nothing more will be written.
    func finish() {
        setAside = length
        _ = ftruncate(descriptor, off_t(length))
    }

    private func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(LogTrouble) {
        var done = 0
        while done < bytes.count {
            let count = pwrite(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, off_t(offset + done))
            if count > 0 {
                done += count
            } else if count == 0 || errno != EINTR {
                if count == 0 { errno = ENOSPC }
                let trouble = LogTrouble.system("cannot write \(path)")
                // So that a shorter block, the next time, does not have the rest of this one behind it. Room that was set aside goes with it.
                if done > 0 {
                    _ = ftruncate(descriptor, off_t(max(length, offset)))
                    setAside = 0
                }
                throw trouble
            }
        }
    }

    /// Makes everything durable. A sync that failed once is not simply tried again: all since the last good one is written anew before.
    func sync() throws(LogTrouble) {
        guard synced < length else { return }
        for _ in 0..<Self.mostSyncs {
            if isUnsure { try rewrite() }
            if fdatasync(descriptor) == 0 {
                isUnsure = false
                synced = length
                return
            }
            // Also where it was only interrupted: nobody knows what it had done by then.
            isUnsure = true
            guard errno == EINTR else { break }
        }
        throw .system("cannot sync \(path)")
    }

    /// Syncs in a row that may be interrupted.
    private static let mostSyncs = 8

    private func rewrite() throws(LogTrouble) {
        var offset = synced
        var piece = [UInt8](repeating: 0, count: 256 << 10)
        while offset < length {
            let wanted = min(piece.count, length - offset)
            let count = pread(descriptor, &piece, wanted, off_t(offset))
            guard count > 0 else {
                if count < 0 && errno == EINTR { continue }
                throw .system("cannot read \(path) again")
            }
            let start = offset
            try piece.withUnsafeBytesTyped { (bytes) throws(LogTrouble) in
                try write(UnsafeRawBufferPointer(rebasing: bytes[..<count]), at: start)
            }
            offset += count
        }
    }
}

extension Array where Element == UInt8 {
    /// `withUnsafeBytes` that throws what `body` throws, typed.
    func withUnsafeBytesTyped<T>(_ body: (UnsafeRawBufferPointer) throws(LogTrouble) -> T) throws(LogTrouble) -> T {
        let result: Result<T, LogTrouble> = withUnsafeBytes { bytes in
            do throws(LogTrouble) { return .success(try body(bytes)) } catch { return .failure(error) }
        }
        return try result.get()
    }
}
