import CofferAge
import CofferStore
import CofferWire

/// One scheduled backup: from the store through the encryption into a file.
struct BackupTaking {
    struct Taken {
        var draft: BackupDraft
        var summary: BackupSummary
        /// Opens this one file.
        var fileKey: AgeFileKey
    }

    let store: Store
    let folder: BackupFolder
    let recipients: [AgeRecipient]
    /// Asked now and then: whether to give up.
    let isStopping: () -> Bool

    /// Writes the file and brings it to the disk, without a name yet.
    /// - Throws: `locked`, `storeFull`, `draining`, `failed`, `damaged`.
    func take() throws(Failure) -> Taken {
        let draft = try folder.draft()
        var encryptor: AgeEncryptor
        do throws(AgeError) { encryptor = try AgeEncryptor(.recipients(recipients)) } catch { throw Failure(error) }
        let fileKey = encryptor.fileKey
        var output: [UInt8] = []
        // What ends the export from outside of the store.
        var reason: Failure?
        let summary: BackupSummary
        do throws(StoreError) {
            summary = try store.exportBackup(daemon: DaemonVersion.number, progress: { _, _ in }) { bytes throws(StoreError) in
                do throws(Failure) {
                    if isStopping() { throw .draining }
                    output.removeAll(keepingCapacity: true)
                    do throws(AgeError) { try encryptor.update(bytes, into: &output) } catch { throw Failure(error) }
                    try draft.write(output)
                } catch {
                    reason = error
                    throw StoreError(.failed, error.message)
                }
            }
        } catch {
            throw reason ?? Failure(error)
        }
        output.removeAll(keepingCapacity: true)
        do throws(AgeError) { try encryptor.finish(into: &output) } catch { throw Failure(error) }
        try draft.write(output)
        try draft.synchronise()
        return Taken(draft: draft, summary: summary, fileKey: fileKey)
    }
}

extension Failure {
    init(_ error: AgeError) { self.init(.failed, String(error.message.prefix(1_000))) }
}
