import CofferAudit
import CofferClient
import CofferStore
import Glibc

/// A restore into a store whose daemon is stopped, or into a new one.
struct StoppedRestore {
    let place: StoppedStore.Place
    let options: RestoreOptions

    private var store: String { place.folder }
    private var keyFile: String { place.keyFile }

    /// - Parameter read: gives the plaintext of the backup to what it gets.
    func run(_ read: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void) throws -> RestoreVerdict {
        try prepare()
        return try StoppedStore.with(place) { stopped in
            let report = try stopped.recorded(.backup, .restore, note: RestoreNotes.begun("\(options.mode)", dryRun: options.dryRun)) { store in
                let restore = try store.beginRestore(options)
                do {
                    try read { try restore.update($0) }
                    return try restore.finish()
                } catch {
                    restore.abandon()
                    throw error
                }
            }
            if !options.dryRun {
                stopped.note(RestoreNotes.record(
                    of: report.revision, incarnation: report.incarnation, by: StoppedStore.who, at: Store.systemClock()))
            }
            var verdict = RestoreVerdict(report)
            if !options.dryRun { verdict.noteCopy(storeID: Hex.text(stopped.store.storeID)) }
            return verdict
        }
    }

    /// Where neither store nor key file is (decisions 26), both are made.
    private func prepare() throws {
        var status = stat()
        let hasKey = lstat(keyFile, &status) == 0
        if Store.exists(at: store) {
            guard hasKey else {
                throw CommandFailure.badInput("there is a store in '\(Printable.text(store))', but no key file '\(Printable.text(keyFile))'")
            }
            return
        }
        guard !hasKey else {
            throw CommandFailure.cannotCreate(
                "there is a key file '\(Printable.text(keyFile))' but no store in '\(Printable.text(store))': name another key file")
        }
        guard !options.dryRun else {
            throw CommandFailure.badInput(
                "there is no store in '\(Printable.text(store))' to compare with; 'coffer backup verify' says what the backup holds")
        }
        let (store, keyFile) = (Path.resolved(store), Path.resolved(folderOf: keyFile))
        guard !Path.isInside(keyFile, folder: store) else {
            throw CommandFailure.usage("the key file must lie outside of the store's folder: whoever copies one would have both")
        }
        let key = try KeyFile.draw()
        try Path.makeFolders(Path.folder(of: keyFile))
        try Path.makeFolders(Path.folder(of: store))
        try KeyFile.create(keyFile, key)
        do {
            try Store.create(at: store, slot: .keyFile(SlotAccess.buffer(key), label: "key file"))
        } catch {
            KeyFile.discard(keyFile)
            throw error
        }
        Interrupts.finished(keyFile)
        Output.remark("coffer: a new store was made in \(Printable.text(store)); its key file is \(Printable.text(keyFile)): keep a copy apart")
    }
}
