import CSodium
import CofferAge
import CofferStore
import CofferWire
import Glibc

/// Opens a backup again, from the disk, and reads all of it: what this says can be restored.
struct BackupProof {
    let folder: BackupFolder
    /// Asked now and then: whether to give up.
    let isStopping: () -> Bool

    private static let pieceSize = 256 << 10

    /// - Returns: why no restore would take it all the same; `nil`: one would.
    /// - Throws: `damaged` where the file is not what was written; `draining`, `failed`.
    func check(_ entry: BackupEntry, with unlock: AgeUnlock) throws(Failure) -> String? {
        let (summary, objection) = try read(entry.file, with: unlock)
        guard summary.digest == entry.digest, summary.revision == entry.revision, summary.created == entry.created else {
            throw Failure(.damaged, "the backup \(entry.file) holds something else than was written to it")
        }
        return objection?.message
    }

    private func read(_ file: String, with unlock: AgeUnlock) throws(Failure) -> (BackupSummary, StoreError?) {
        let descriptor = open(folder.place(of: file), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw BackupFolder.failure("the backup \(file) cannot be opened", errno) }
        defer { close(descriptor) }
        var decryptor = AgeDecryptor(unlock)
        var verifier = BackupVerifier(BackupContent.check)
        var sealed = [UInt8](repeating: 0, count: Self.pieceSize)
        var plain: [UInt8] = []
        defer { Self.wipe(&plain) }
        while true {
            if isStopping() { throw .draining }
            let count = sealed.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw BackupFolder.failure("the backup \(file) cannot be read", errno) }
            do throws(AgeError) {
                if count == 0 { try decryptor.finish(into: &plain) } else {
                    try sealed.span.bytes.withUnsafeBytes { bytes throws(AgeError) in
                        try decryptor.update(UnsafeRawBufferPointer(rebasing: bytes[..<count]), into: &plain)
                    }
                }
            } catch {
                throw Failure(.damaged, "the backup \(file) does not open: \(error.message)")
            }
            do throws(StoreError) {
                try plain.span.bytes.withUnsafeBytes { bytes throws(StoreError) in try verifier.update(bytes) }
                if count == 0 { return (try verifier.finish(), verifier.objection) }
            } catch {
                throw Failure(.damaged, "the backup \(file) is not whole: \(error.message)")
            }
            Self.wipe(&plain)
        }
    }

    private static func wipe(_ bytes: inout [UInt8]) {
        bytes.withUnsafeMutableBytes { sodium_memzero($0.baseAddress, $0.count) }
        bytes.removeAll(keepingCapacity: true)
    }

    /// - Throws: `failed` where the file cannot be read or holds no identity. Never says what is in it.
    static func identities(_ path: String) throws(Failure) -> [AgeIdentity] {
        var bytes = try content(path, atMost: 65_536)
        defer { wipe(&bytes) }
        do throws(AgeError) {
            return try bytes.span.bytes.withUnsafeBytes { bytes throws(AgeError) in try AgeIdentityFile.read(bytes) }
        } catch {
            throw Failure(.failed, "the rehearsal identity \(path): \(error.message)")
        }
    }

    /// - Throws: `failed` where the file cannot be read or a line of it is no recipient.
    static func recipients(_ path: String) throws(Failure) -> [AgeRecipient] {
        let bytes = try content(path, atMost: 1 << 20)
        do throws(AgeError) {
            return try bytes.span.bytes.withUnsafeBytes { bytes throws(AgeError) in try AgeRecipientsFile.read(bytes) }
        } catch {
            throw Failure(.failed, "the recipients' file \(path): \(error.message)")
        }
    }

    private static func content(_ path: String, atMost limit: Int) throws(Failure) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw BackupFolder.failure("\(path) cannot be read", errno) }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: limit + 1)
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress.map { $0 + count }, $0.count - count) }
            if got < 0 && errno == EINTR { continue }
            guard got >= 0 else { throw BackupFolder.failure("\(path) cannot be read", errno) }
            if got == 0 { break }
            count += got
        }
        guard count <= limit else { throw Failure(.failed, "\(path) is larger than \(limit >> 10) KiB") }
        bytes.removeLast(bytes.count - count)
        return bytes
    }
}
