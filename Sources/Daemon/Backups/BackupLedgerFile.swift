import Glibc

/// Where a ``BackupLedger`` is kept. What cannot be read or is not whole counts as nothing, and is kept aside: files of which nobody knows
/// that they are ours are never removed.
struct BackupLedgerFile: Sendable {
    let path: String

    func read(storeID: String) -> BackupLedger? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: BackupLedger.largest)
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress.map { $0 + count }, $0.count - count) }
            if got < 0 && errno == EINTR { continue }
            guard got >= 0 else { return nil }
            if got == 0 { break }
            count += got
        }
        if let text = String(validating: bytes[..<count], as: UTF8.self), let ledger = BackupLedger(text, storeID: storeID) { return ledger }
        rename(path, path + ".damaged")
        return nil
    }

    /// Replaces the file by rename, through the disk.
    /// - Returns: whether it is there.
    func write(_ ledger: BackupLedger) -> Bool {
        let bytes = Array(ledger.text.utf8)
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
        return BackupFolder.synchronise(SystemPath.folder(of: path))
    }
}
