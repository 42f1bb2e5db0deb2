import CofferAudit
import CofferStore
import Glibc
import Logging

/// Finds the store, or makes one where there is none, and tries the slots that need nobody.
struct StoreOpening {
    let settings: Settings
    let logger: Logger
    let environment: [String: String]
    let examiner: StoreExaminer?
    let audit: AuditLog

    /// Files in `$CREDENTIALS_DIRECTORY` that may hold a store's key.
    private static let credentialName = "coffer.key"

    private var credentialPath: String? { environment["CREDENTIALS_DIRECTORY"].map { $0 + "/" + Self.credentialName } }

    struct Opened {
        var store: Store
        /// Why it is locked; empty where it is not.
        var note: String
    }

    func open() throws(StoreError) -> Opened {
        guard !SystemPath.isReallyInside(settings.keyFile, folder: settings.store) else {
            throw StoreError(.invalidArgument, "the key file \(settings.keyFile) must not lie in the store's folder: who copies one would have both")
        }
        if !Store.exists(at: settings.store) {
            try create()
        } else if !KeyFile.exists(settings.keyFile) && KeyFile.hasDraft(settings.keyFile) {
            // The first start was interrupted between the store and the name of its key.
            try KeyFile.publish(settings.keyFile)
        }
        let store = try Store.open(at: settings.store, options: options)
        store.setWitness(audit)
        let note = try unlock(store)
        if let accepted = store.rollbackAccepted {
            logger.warning("took an older store in place of the one that was known", metadata: [
                "found": "\(accepted.found)", "known": "\(accepted.known)", "revision": "\(accepted.revision)",
            ])
        } else if let revision = settings.acceptRollback, !store.isLocked {
            logger.warning("the store is not older than it was: --accept-rollback had no effect", metadata: ["accepted": "\(revision)"])
        }
        return Opened(store: store, note: note)
    }

    private var options: Store.Options {
        var options = Store.Options()
        options.mapBytes = settings.mapSize
        options.quotaBytes = settings.quota
        options.indexBytes = settings.indexSize / settings.loops
        options.logRevisions = settings.logRevisions
        options.rekey = settings.rekey
        options.examiner = examiner
        options.keepGenerations = settings.keepGenerations
        options.acceptRollback = settings.acceptRollback
        return options
    }

    // MARK: Making

    /// Only where there is neither a store nor a key (decisions 26): a key without its store, or a store without its key, is an accident.
    private func create() throws(StoreError) {
        var status = stat()
        if stat(settings.store, &status) != 0 && errno == EACCES {
            throw StoreError(.unwritable, "the store's folder \(settings.store) may not be looked into by uid \(geteuid())")
        }
        if access(settings.store, F_OK) == 0 && access(settings.store, X_OK) != 0 {
            throw StoreError(.notOurs, "the store's folder \(settings.store) may not be looked into by uid \(geteuid())")
        }
        guard !KeyFile.exists(settings.keyFile) else {
            throw StoreError(
                .notAStore,
                "there is a key file \(settings.keyFile) but no store in \(settings.store): 'coffer init' makes one with another key file")
        }
        if let path = credentialPath, KeyFile.exists(path) {
            throw StoreError(
                .notAStore, "the service manager gives a credential \(Self.credentialName), but there is no store in \(settings.store)")
        }
        KeyFile.discardDraft(settings.keyFile)
        let key = try KeyFile.draw(settings.keyFile)
        do throws(StoreError) {
            try Store.create(at: settings.store, slot: .keyFile(key, label: settings.keyFile), options: options)
        } catch {
            KeyFile.discardDraft(settings.keyFile)
            throw error
        }
        try KeyFile.publish(settings.keyFile)
        logger.notice("made a new store", metadata: ["store": "\(settings.store)", "key_file": "\(settings.keyFile)"])
        try addRecoveryKey(key)
    }

    /// A recovery key is shown once, to a person: where nobody looks none is made.
    private func addRecoveryKey(_ key: SecretBuffer) throws(StoreError) {
        guard isatty(STDERR_FILENO) == 1 else { return }
        let store = try Store.open(at: settings.store, options: options)
        defer { store.close() }
        try store.unlock(.keyFile(key))
        guard let recoveryKey = try store.addSlot(.recovery(label: "first start")).recoveryKey else { return }
        let text = """

            Recovery key of the new store; it is shown this once. Write it down and keep it apart from this machine:

                \(recoveryKey)


            """
        let bytes = Array(text.utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }

    // MARK: Unlocking

    /// - Returns: why the store stays locked; empty where it is open.
    /// - Throws: `rolled-back`: a store that is older than it was is not served, not even locked; `audit-unavailable` where somebody takes
    ///   it and that cannot be recorded.
    private func unlock(_ store: Store) throws(StoreError) -> String {
        var notes: [String] = []
        let kinds = Set(store.slots().map(\.kind.rawValue))
        if kinds.contains(SlotSummary.Kind.credential.rawValue), let path = credentialPath {
            if let note = try attempt({ () throws(StoreError) in try store.unlock(.credential(try KeyFile.read(path, isCredential: true))) }) {
                notes.append("credential: \(note)")
            } else {
                return ""
            }
        }
        if kinds.contains(SlotSummary.Kind.keyFile.rawValue) {
            if let note = try attempt({ () throws(StoreError) in try store.unlock(.keyFile(try KeyFile.read(settings.keyFile))) }) {
                if try finishRotation(store) { return "" }
                notes.append("key file: \(note)")
            } else {
                return ""
            }
        }
        if notes.isEmpty { notes.append("no slot of the store opens without a person") }
        return notes.joined(separator: "; ")
    }

    /// `coffer slot rotate` was interrupted between the slot and the name of its new key: that key lies beside the old one, and opens.
    private func finishRotation(_ store: Store) throws(StoreError) -> Bool {
        guard KeyFile.hasDraft(settings.keyFile),
            try attempt({ () throws(StoreError) in try store.unlock(.keyFile(try KeyFile.readDraft(settings.keyFile))) }) == nil
        else { return false }
        do throws(StoreError) {
            try KeyFile.replace(settings.keyFile)
            logger.notice("brought an interrupted rotation of the key file to its end", metadata: ["key_file": "\(settings.keyFile)"])
        } catch {
            logger.warning("the store opens with the key beside its key file", metadata: ["reason": "\(error.message)"])
        }
        return true
    }

    /// - Returns: what went wrong.
    private func attempt(_ body: () throws(StoreError) -> UInt32) throws(StoreError) -> String? {
        do throws(StoreError) {
            _ = try body()
            return nil
        } catch {
            if error.code == .rolledBack || error.code == .audit { throw error }
            return error.message
        }
    }
}
