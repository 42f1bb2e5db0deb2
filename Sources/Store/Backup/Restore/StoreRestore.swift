/// A restore under way: takes the lines of a backup, builds a new generation from them beside the present one, and switches to it at the
/// end (formats.md 20). Until then the store is as it was; who lets go of it, or is killed, has changed nothing.
///
/// One thread at a time; everything blocks.
public final class StoreRestore: @unchecked Sendable {
    private let store: Store
    private let options: RestoreOptions

    init(store: Store, options: RestoreOptions) {
        self.store = store
        self.options = options
    }

    /// - Parameter bytes: the next bytes of the backup's lines, decrypted, in pieces of any length.
    /// - Throws: what is wrong with them, or with writing them; the restore is over then.
    public func update(_ bytes: UnsafeRawBufferPointer) throws(StoreError) {
        throw StoreError(.failed, "not there yet")
    }

    /// Checks that all of it came, and switches.
    /// - Throws: `not-empty`, `newer`, `damaged`, `locked`, `store-full`, …; the store is as it was.
    public func finish() throws(StoreError) -> RestoreReport {
        throw StoreError(.failed, "not there yet")
    }

    /// Idempotent; without effect behind a ``finish()`` that has returned.
    public func abandon() {}
}

extension Store {
    /// Begins to put a backup back. Blocks for the disk.
    /// - Throws: `busy` while another restore is under way; `locked`, `not-empty`, `invalid-argument` (a pattern), `store-full`, …
    public func beginRestore(_ options: RestoreOptions) throws(StoreError) -> StoreRestore {
        throw StoreError(.failed, "not there yet")
    }
}
