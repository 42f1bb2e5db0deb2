import CLinux
import Glibc

/// The place of the socket: bound, checked, and taken away again.
struct SocketPath {
    static let maximumLength = 107

    let path: String
    /// Permission bits, 0666 by default: policy says who may do what, the kernel says who is calling.
    let mode: UInt32
    /// Whom the socket belongs to.
    var owner = geteuid()

    private var folder: String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Binds and listens; removes a socket that a dead daemon of ours left behind, and nothing else.
    /// - Returns: the listening descriptor.
    func listen() throws(SocketError) -> Int32 {
        if try check(), unlink(path) != 0 { throw SocketError.system("cannot remove the old socket \(path)", errno) }
        let descriptor = coffer_listen(path, mode, 1_024)
        guard descriptor >= 0 else { throw SocketError.system("cannot bind the socket \(path)", -descriptor) }
        do throws(SocketError) {
            try verify()
        } catch {
            close(descriptor)
            throw error
        }
        return descriptor
    }

    /// Whether it could be bound, as far as one can tell without doing it. Changes nothing.
    /// - Returns: whether a dead socket of ours lies there.
    func check() throws(SocketError) -> Bool {
        guard path.utf8.count <= Self.maximumLength else {
            throw SocketError(.path, "the socket's path has \(path.utf8.count) bytes, \(Self.maximumLength) are possible: \(path)")
        }
        try checkFolder()
        return try findDeadSocket()
    }

    private func checkFolder() throws(SocketError) {
        var status = stat()
        guard stat(folder, &status) == 0 else { throw SocketError.system("the folder of the socket, \(folder), cannot be used", errno) }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw SocketError(.path, "\(folder) is not a folder") }
        guard status.st_uid == geteuid() || status.st_uid == 0 else {
            throw SocketError(.permission, "the folder of the socket, \(folder), belongs to uid \(status.st_uid)")
        }
        let othersMayWrite = status.st_mode & (S_IWGRP | S_IWOTH) != 0
        guard !othersMayWrite || status.st_mode & S_ISVTX != 0 else {
            throw SocketError(.permission, "others may write the folder of the socket, \(folder)")
        }
    }

    /// Whatever lies at the path: a dead socket of ours goes, anything else stays and is an error.
    private func findDeadSocket() throws(SocketError) -> Bool {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT { return false }
            throw SocketError.system("cannot look at \(path)", errno)
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw SocketError(.inUse, "\(path) is there and is not a socket") }
        guard status.st_uid == geteuid() else {
            throw SocketError(.inUse, "a socket of uid \(status.st_uid) lies at \(path): it is not ours to remove")
        }
        guard coffer_is_listening(path) == 0 else { throw SocketError(.inUse, "another process listens at \(path)") }
        return true
    }

    /// Reads mode and owner back: what was asked for is not always what was made.
    private func verify() throws(SocketError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { throw SocketError.system("the socket \(path) is gone", errno) }
        guard status.st_mode & S_IFMT == S_IFSOCK, status.st_uid == geteuid() else {
            throw SocketError(.inUse, "something else was put at \(path)")
        }
        if status.st_mode & 0o777 != mode {
            guard chmod(path, mode) == 0, lstat(path, &status) == 0, status.st_mode & 0o777 == mode else {
                throw SocketError(.permission, "the socket \(path) has mode \(String(status.st_mode & 0o777, radix: 8))")
            }
        }
    }

    /// Mode and owner as they are now, for `doctor`.
    var present: (mode: UInt32, uid: UInt32)? {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return nil }
        return (status.st_mode & 0o777, status.st_uid)
    }

    /// What is not as it was made, for `doctor` and `/health`; `nil`: nothing.
    var objection: String? {
        let present = present
        return present?.mode == mode && present?.uid == owner ? nil : "its file is gone or has another mode or owner"
    }

    func remove() { unlink(path) }
}
