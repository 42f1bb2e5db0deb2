import CSodium
import CofferStore
import Glibc

/// A sink's file: replaced as a whole, by a rename within a folder that nobody else can write to.
struct SinkFile: Sendable {
    /// What lies there now.
    enum Present {
        /// What is to be written, and as it should be.
        case same
        case missing
        /// What was written by us before.
        case ours
        /// What somebody else wrote.
        case foreign(SecretBuffer)
    }

    /// A larger file of somebody else's is not replaced: it could not be kept.
    static let maximumSize = 64 << 20
    /// Room for what is put behind a name that is kept.
    private static let maximumName = 200

    let path: String
    private let folder: String
    private let name: String
    private let bounds: SinkBounds

    /// - Parameters:
    ///   - store: the store's folder, in which no file may lie; "" none.
    ///   - files: that it may not be, by whatever path.
    /// - Throws: `invalidArgument` with `path`.
    init(_ path: String, outside store: String = "", sparing files: [String] = []) throws(CredentialError) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard path.utf8.count < 4_096, path.hasPrefix("/"), let name = parts.last, !path.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }),
            !parts.dropFirst().contains(where: { $0.isEmpty || $0 == "." || $0 == ".." })
        else {
            throw CredentialError(
                .invalidArgument, "path", "the path must be absolute, below 4,096 bytes, without '.', '..', '//' and control characters")
        }
        guard name.utf8.count <= Self.maximumName else {
            throw CredentialError(.invalidArgument, "path", "the file's name has more than \(Self.maximumName) bytes")
        }
        self.path = path
        bounds = SinkBounds(store: store, files: files)
        self.name = String(name)
        folder = parts.count == 2 ? "/" : parts.dropLast().joined(separator: "/")
    }

    static func digest(_ content: SecretBuffer) -> [UInt8] {
        defer { withExtendedLifetime(content) {} }
        var digest = [UInt8](repeating: 0, count: 32)
        crypto_generichash(
            &digest, digest.count, content.bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt64(content.count), nil, 0)
        return digest
    }

    /// Where it lies, whatever the path: the folder by what it is, and the name in it.
    struct Place: Equatable {
        var device: dev_t
        var folder: ino_t
        var name: String
    }

    /// - Throws: `invalidArgument` with `path` where the folder is not there or others can write to it, or no file can lie there.
    func place() throws(CredentialError) -> Place {
        let folder = try openFolder()
        defer { close(folder) }
        _ = try status(in: folder)
        var status = stat()
        guard fstat(folder, &status) == 0 else { throw failure("cannot look at the folder") }
        return Place(device: status.st_dev, folder: status.st_ino, name: name)
    }

    /// - Parameter ours: digests of what we wrote, or may have written, last.
    func present(_ content: SecretBuffer, ours: [[UInt8]]) throws(CredentialError) -> Present {
        let folder = try openFolder()
        defer { close(folder) }
        guard try status(in: folder) != nil else { return .missing }
        let descriptor = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure("cannot read the file") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { throw refusal("what lies there is no regular file") }
        guard status.st_size <= Self.maximumSize else {
            throw CredentialError(
                .failed, "path", "somebody else's file of more than \(Self.maximumSize >> 20) MiB lies there: it is not replaced")
        }
        let bytes = try read(descriptor, Int(status.st_size))
        defer { withExtendedLifetime(bytes) {} }
        if content.isEqual(to: bytes.bytes) { return status.st_mode & 0o7777 == 0o600 && status.st_uid == geteuid() ? .same : .ours }
        return ours.contains(Self.digest(bytes)) ? .ours : .foreign(bytes)
    }

    /// Writes what somebody else had written beside the file.
    /// - Returns: the name: `NAME.changed-20260131T235959`, in UTC.
    func keep(_ bytes: SecretBuffer, now: UInt64) throws(CredentialError) -> String {
        let folder = try openFolder()
        defer { close(folder) }
        let base = "\(name).changed-\(Self.stamp(now))"
        for attempt in 1...100 {
            let kept = attempt == 1 ? base : "\(base)-\(attempt)"
            let descriptor = openat(folder, kept, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
            if descriptor < 0, errno == EEXIST { continue }
            guard descriptor >= 0 else { throw failure("cannot keep what somebody else wrote") }
            do throws(CredentialError) { try fill(descriptor, bytes) } catch {
                unlinkat(folder, kept, 0)
                throw error
            }
            guard fsync(folder) == 0 else { throw failure("cannot sync the folder") }
            return kept
        }
        throw CredentialError(.failed, "path", "a hundred changed files of this second lie beside it already")
    }

    /// Puts the content into its place: 0600, whole, on the disk when this returns.
    func replace(with content: SecretBuffer) throws(CredentialError) {
        let folder = try openFolder()
        defer { close(folder) }
        _ = try status(in: folder)
        // One name for all times: what a crash left behind goes with the next write.
        let fresh = ".\(name).coffer-new"
        unlinkat(folder, fresh, 0)
        let descriptor = openat(folder, fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failure("cannot make a file in the folder") }
        do throws(CredentialError) {
            try fill(descriptor, content)
            guard renameat(folder, fresh, folder, name) == 0 else { throw failure("cannot put the file into its place") }
        } catch {
            unlinkat(folder, fresh, 0)
            throw error
        }
        guard fsync(folder) == 0 else { throw failure("cannot sync the folder") }
    }

    // MARK: Parts

    private func openFolder() throws(CredentialError) -> Int32 {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw refusal("the folder \(folder) cannot be opened: \(String(cString: strerror(errno)))") }
        if let objection = bounds.objection(to: descriptor, folder, name) {
            close(descriptor)
            throw refusal(objection)
        }
        return descriptor
    }

    /// `nil`: nothing lies there.
    private func status(in folder: Int32) throws(CredentialError) -> stat? {
        var status = stat()
        guard fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            if errno == ENOENT { return nil }
            throw failure("cannot look at the file")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw refusal(status.st_mode & S_IFMT == S_IFLNK ? "the path is a symbolic link" : "what lies there is no regular file")
        }
        return status
    }

    private func read(_ descriptor: Int32, _ size: Int) throws(CredentialError) -> SecretBuffer {
        var count = 0
        var isGood = true
        // One byte more than it had: that it grows meanwhile is seen.
        let buffer = SecretBuffer(count: size + 1) { output in
            while count < output.count {
                let step = Glibc.read(descriptor, output.baseAddress.map { $0 + count }, output.count - count)
                if step < 0, errno == EINTR { continue }
                if step < 0 { isGood = false }
                if step <= 0 { return }
                count += step
            }
        }
        guard isGood, count <= size else { throw failure("cannot read the file; somebody may be writing it") }
        return withExtendedLifetime(buffer) { SecretBuffer(copying: UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count])) }
    }

    /// Writes, syncs and closes.
    private func fill(_ descriptor: Int32, _ bytes: SecretBuffer) throws(CredentialError) {
        defer {
            close(descriptor)
            withExtendedLifetime(bytes) {}
        }
        // The process's mask may have taken bits away; none may be there beyond these.
        guard fchmod(descriptor, 0o600) == 0 else { throw failure("cannot set the file's mode") }
        var written = 0
        while written < bytes.count {
            let step = write(descriptor, bytes.bytes.baseAddress.map { $0 + written }, bytes.count - written)
            if step < 0, errno == EINTR { continue }
            guard step > 0 else { throw failure("cannot write the file") }
            written += step
        }
        guard fsync(descriptor) == 0 else { throw failure("cannot sync the file") }
    }

    private func refusal(_ message: String) -> CredentialError { CredentialError(.invalidArgument, "path", message) }

    private func failure(_ message: String) -> CredentialError {
        CredentialError(errno == ENOSPC || errno == EDQUOT ? .storeFull : .failed, "path", "\(message): \(String(cString: strerror(errno)))")
    }

    private static func stamp(_ now: UInt64) -> String {
        var time = time_t(clamping: now / 1_000)
        var parts = tm()
        gmtime_r(&time, &parts)
        func padded(_ value: Int32, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(width - digits.utf8.count, 0)) + digits
        }
        return padded(parts.tm_year + 1_900, 4) + padded(parts.tm_mon + 1, 2) + padded(parts.tm_mday, 2) + "T"
            + padded(parts.tm_hour, 2) + padded(parts.tm_min, 2) + padded(parts.tm_sec, 2)
    }
}
