import CSodium
import CofferStore
import Glibc

/// The file with a store's key: 32 random bytes as 64 hexadecimal digits and a newline (32 raw bytes are taken as well).
enum KeyFile {
    private static let keySize = 32

    static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    /// A key that was drawn for a store that is still being made lies beside its place until the store is there: an interrupted first
    /// start is taken up again, and a key in its place always has its store.
    private static func draft(_ path: String) -> String { path + ".new" }

    static func hasDraft(_ path: String) -> Bool { exists(draft(path)) }
    static func discardDraft(_ path: String) { unlink(draft(path)) }

    /// Puts the drawn key into its place, where nothing lies yet.
    static func publish(_ path: String) throws(StoreError) {
        guard link(draft(path), path) == 0 else { throw failure("cannot put the key file \(path) into place") }
        unlink(draft(path))
        let folder = open(SystemPath.folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw failure("cannot open the folder of the key file \(path)") }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw failure("cannot sync the folder of the key file \(path)") }
    }

    /// Reads the key that a rotation left beside the key file when it was interrupted (``draft(_:)``).
    static func readDraft(_ path: String) throws(StoreError) -> SecretBuffer { try read(draft(path)) }

    /// Puts that key into the place of the old one.
    static func replace(_ path: String) throws(StoreError) {
        guard rename(draft(path), path) == 0 else { throw failure("cannot put the key file \(path) into place") }
        let folder = open(SystemPath.folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { return }
        fsync(folder)
        close(folder)
    }

    /// Draws a key and writes it beside its place, mode 0600. The folder is made when absent (0700).
    static func draw(_ place: String) throws(StoreError) -> SecretBuffer {
        let path = draft(place)
        let key = SecretBuffer(count: keySize) { bytes in
            if let base = bytes.baseAddress { randombytes_buf(base, bytes.count) }
        }
        makeFolder(SystemPath.folder(of: path))
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failure("cannot make the key file \(path)") }
        let digits = Array("0123456789abcdef".utf8)
        let text = SecretBuffer(count: keySize * 2 + 1) { output in
            for (index, byte) in key.bytes.enumerated() {
                output[index * 2] = digits[Int(byte >> 4)]
                output[index * 2 + 1] = digits[Int(byte & 15)]
            }
            output[keySize * 2] = UInt8(ascii: "\n")
        }
        let written = write(descriptor, text.bytes.baseAddress, text.count)
        let synced = fsync(descriptor) == 0
        let error = errno
        close(descriptor)
        guard written == text.count, synced else {
            unlink(path)
            errno = error
            throw failure("cannot write the key file \(path)")
        }
        return key
    }

    /// Reads the key; refuses a file that others could have read or written.
    /// - Parameter isCredential: the service manager made the file. It may belong to root and let the daemon's user in by an access list,
    ///   whose mask stands where the group's bits are.
    /// - Throws: `not-found`, `not-ours`, `invalid-argument`.
    static func read(_ path: String, isCredential: Bool = false) throws(StoreError) -> SecretBuffer {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            if errno == ENOENT { throw StoreError(.notFound, "there is no key file \(path)") }
            throw failure("cannot open the key file \(path)")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("cannot look at the key file \(path)") }
        guard status.st_mode & S_IFMT == S_IFREG else { throw StoreError(.notOurs, "the key file \(path) is not a regular file") }
        guard status.st_uid == geteuid() || status.st_uid == 0 else {
            throw StoreError(.notOurs, "the key file \(path) belongs to uid \(status.st_uid)")
        }
        let isOpenToGroup = isCredential && status.st_uid == 0 && status.st_gid == 0
        guard status.st_mode & (isOpenToGroup ? 0o037 : 0o077) == 0 else {
            throw StoreError(.notOurs, "others may read the key file \(path): its mode must be 0600 or stricter")
        }
        var bytes = [UInt8](repeating: 0, count: 128)
        defer { sodium_memzero(&bytes, bytes.count) }
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count >= 0 else { throw failure("cannot read the key file \(path)") }
        guard let key = decode(bytes[..<count]) else {
            throw StoreError(.invalidArgument, "the key file \(path) has neither 64 hexadecimal digits nor 32 bytes")
        }
        return key
    }

    /// The 32 bytes that a key file or credential gives.
    static func decode(_ bytes: ArraySlice<UInt8>) -> SecretBuffer? {
        if bytes.count == keySize { return SecretBuffer(Array(bytes)) }
        var digits = bytes
        while let last = digits.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") { digits = digits.dropLast() }
        guard digits.count == keySize * 2 else { return nil }
        var key = [UInt8]()
        key.reserveCapacity(keySize)
        var high: UInt8?
        for digit in digits {
            let value: UInt8
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = digit - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = digit - UInt8(ascii: "A") + 10
            default: return nil
            }
            if let first = high {
                key.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        defer { sodium_memzero(&key, key.count) }
        return SecretBuffer(key)
    }

    /// Folders that are missing, readable by their owner only.
    static func makeFolder(_ path: String, mode: mode_t = 0o700) {
        var partial = ""
        for part in path.split(separator: "/") {
            let above = partial.isEmpty ? "/" : partial
            partial += "/" + part
            guard mkdir(partial, mode) == 0 else { continue }
            let folder = open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard folder >= 0 else { continue }
            fsync(folder)
            close(folder)
        }
    }

    private static func failure(_ what: String) -> StoreError {
        let code: StoreError.Code = switch errno {
        case EACCES, EPERM, EROFS, ENOTDIR, ENOENT: .unwritable
        case ENOSPC, EDQUOT: .full
        default: .system
        }
        return StoreError(code, "\(what): \(String(cString: strerror(errno)))")
    }
}
