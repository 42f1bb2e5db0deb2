import CofferAge
import CofferStore
import CofferWire
import Glibc
import Logging
import Synchronization

// The files of the backups: whether their folder is there, whether they hold what was written, and which ones go.
extension BackupKeeper {
    // MARK: The folder

    /// The folder as the ledger has it.
    var folderLine: String { Name.printable(configuration.folder.utf8) }

    /// Whether this store's backups lie in the folder: then it bears the mark, or its disk is away.
    var folderIsKnown: Bool {
        state.withLock { $0.ledger.folder.isEmpty ? !$0.ledger.backups.isEmpty : $0.ledger.folder == folderLine }
    }

    /// Looks whether the folder is the one that backups were written to. Where it is not, nothing of what is known of them is forgotten.
    func look() {
        let ledger = state.withLock { $0.ledger }
        let isMarked = folder.isMarked
        if ledger.folder != folderLine {
            if isMarked {
                state.withLock { $0.ledger.folder = folderLine }
            } else if !ledger.folder.isEmpty {
                // The configuration names another folder than before: a new beginning. What lies in the old one stays there.
                logger.notice("backups go to another folder", metadata: ["folder": "\(folderLine)", "before": "\(ledger.folder)"])
                state.withLock { state in
                    state.ledger.folder = ""
                    state.ledger.backups = []
                }
                save()
            } else if ledger.backups.contains(where: { folder.size(of: $0.file) != nil }) {
                // Of a version that set no marks.
                do throws(Failure) { try folder.prepare(isKnown: false) } catch {
                    logger.warning("the backups' folder cannot be marked", metadata: ["reason": "\(error.message)"])
                }
            }
        }
        let trouble = folderIsKnown && !folder.isMarked ? folder.isAway : ""
        let before = state.withLock { state in
            defer { state.trouble = trouble }
            if trouble.isEmpty, !state.trouble.isEmpty { state.ledger.history.failures = 0 }
            return state.trouble
        }
        if before.isEmpty, !trouble.isEmpty { logger.error("no backups can be taken", metadata: ["reason": "\(trouble)"]) }
        if trouble.isEmpty, !before.isEmpty {
            logger.notice("the backups' folder is there again", metadata: ["folder": "\(folderLine)"])
            proveLast()
        }
    }

    // MARK: Proof

    /// - Parameter fileKey: `nil`: the process that wrote the backup has ended, only an identity opens it.
    /// - Throws: `damaged` where it is not what was written, and then it is gone; otherwise where it cannot be said.
    func prove(_ entry: inout BackupEntry, fileKey: AgeFileKey?) throws(Failure) {
        let proof = BackupProof(folder: folder, isStopping: { [self] in isStopping })
        var problem = ""
        if let fileKey {
            do throws(Failure) { problem = try proof.check(entry, with: .fileKey(fileKey)) ?? "" } catch {
                if error.code == .damaged {
                    _ = folder.remove(entry.file)
                    forget(entry.file)
                }
                throw error
            }
            entry.proof = .fileKey
        }
        if problem.isEmpty, !configuration.rehearsalIdentity.isEmpty {
            do throws(Failure) {
                problem = try proof.check(entry, with: .identities(try BackupProof.identities(configuration.rehearsalIdentity))) ?? ""
                entry.proof = .identity
            } catch {
                // Whole it is, but whether anybody can open it is not known: no proof, and no reason to take another at once.
                if error.code == .draining { throw error }
                entry.proof = .none
                problem = "the rehearsal failed: \(error.message)"
            }
        }
        if !problem.isEmpty {
            // What no restore takes proves nothing.
            entry.proof = .none
            logger.error("backup not proven", metadata: ["file": "\(entry.file)", "reason": "\(problem)"])
        }
        let now = clock()
        if entry.proof != .none { entry.proven = now }
        let proven = entry
        state.withLock { state in
            if let index = state.ledger.backups.firstIndex(where: { $0.file == proven.file }) { state.ledger.backups[index] = proven }
            if proven.proof != .none { state.ledger.history.proven = max(proven.proven, 1) }
            state.ledger.error = problem.isEmpty ? "" : Name.printable(problem.utf8.prefix(1_000))
            if !problem.isEmpty { state.failures += 1 }
        }
        save()
    }

    /// What an earlier process wrote and did not prove any more, where there is an identity for it. Files that somebody took away are
    /// forgotten.
    func proveLast() {
        let all = state.withLock { $0.ledger.backups }
        guard folder.isMarked else { return }
        for entry in all where folder.size(of: entry.file) == nil { forget(entry.file) }
        guard var last = state.withLock({ $0.ledger.backups.last }), last.proof == .none, !configuration.rehearsalIdentity.isEmpty else { return }
        do throws(Failure) { try prove(&last, fileKey: nil) } catch { return }
    }

    /// Opens one of the folder's backups again with the rehearsal identity, because somebody wants to know.
    /// - Returns: what is known of it now, and why no restore would take it; `nil`: one would.
    /// - Throws: `notFound`; `conflict` without a rehearsal identity; `failed` where nothing can be said.
    func verify(_ file: String) throws(Failure) -> (BackupEntry, String?) {
        guard var entry = state.withLock({ $0.ledger.backups.first { $0.file == file } }) else {
            throw Failure(.notFound, "there is no scheduled backup of that name")
        }
        guard !configuration.rehearsalIdentity.isEmpty else {
            throw Failure(.conflict, "there is no 'backups.rehearsal_identity' here: 'coffer backup verify' does it where the identity is")
        }
        let identities = try BackupProof.identities(configuration.rehearsalIdentity)
        var problem: String?
        do throws(Failure) {
            problem = try BackupProof(folder: folder, isStopping: { [self] in isStopping }).check(entry, with: .identities(identities))
        } catch {
            guard error.code == .damaged else { throw error }
            problem = error.message
        }
        entry.proof = problem == nil ? .identity : .none
        if problem == nil { entry.proven = clock() }
        if let problem { logger.error("a backup does not open", metadata: ["file": "\(file)", "reason": "\(problem)"]) }
        let found = entry
        // An old backup that still opens does not make the last one any newer: the history stays as it is.
        state.withLock { state in
            if let index = state.ledger.backups.firstIndex(where: { $0.file == file }) { state.ledger.backups[index] = found }
        }
        save()
        return (found, problem)
    }

    // MARK: Old ones

    func expire() {
        for entry in BackupTiming.expired(state.withLock { $0.ledger.backups }, keep: configuration.keep) {
            guard folder.remove(entry.file) else {
                logger.warning("an old backup could not be removed", metadata: ["file": "\(entry.file)"])
                continue
            }
            forget(entry.file)
        }
        BackupFolder.synchronise(configuration.folder)
        save()
    }

    func forget(_ file: String) {
        state.withLock { state in state.ledger.backups.removeAll { $0.file == file } }
    }

    func save() {
        let ledger = state.withLock { $0.ledger }
        if !memory.write(ledger) { logger.warning("the list of scheduled backups could not be saved", metadata: ["file": "\(memory.path)"]) }
    }
}
