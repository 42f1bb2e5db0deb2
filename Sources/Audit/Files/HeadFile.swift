import CofferStore
import Glibc

/// Keeps the log's end outside of the log, so that an end that was cut off shows. It follows lazily: it may lag, never lie.
struct HeadFile: Sendable {
    let path: String

    enum Found: Equatable {
        case kept(KeptHead)
        /// There is none, or it is another store's.
        case none
        /// Somebody changed it.
        case damaged(String)
    }

    func read(_ keys: AuditKeys, storeID: [UInt8]) -> Found {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            return errno == ENOENT ? .none : .damaged("\(path) cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: KeptHead.size + 1)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        do throws(StoreError) {
            return try KeptHead.decode(Array(bytes.prefix(max(count, 0))), keys, storeID: storeID).map { .kept($0) } ?? .none
        } catch {
            return .damaged("\(path): \(error.message)")
        }
    }

    /// Synced before it takes the old one's place: a power cut leaves the one or the other.
    /// - Returns: whether it is there; a full disk is no trouble of the log's.
    func write(_ head: KeptHead, _ keys: AuditKeys, storeID: [UInt8]) -> Bool {
        let bytes = head.encoded(keys, storeID: storeID)
        let fresh = path + ".new"
        unlink(fresh)
        let descriptor = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return false }
        let isWritten = Glibc.write(descriptor, bytes, bytes.count) == bytes.count && fsync(descriptor) == 0
        close(descriptor)
        guard isWritten, rename(fresh, path) == 0 else {
            unlink(fresh)
            return false
        }
        return true
    }
}
