/// A restore under way: takes the lines of a backup, builds a new generation from them beside the present one, and switches to it at the
/// end (formats.md 20). Until then the store is as it was; who lets go of it, or is killed, has changed nothing.
///
/// One thread at a time; everything blocks.
public final class StoreRestore: @unchecked Sendable {
    /// `nil`: it is over.
    private var work: RestoreWork?
    private var failure: StoreError?

    init(_ work: RestoreWork) { self.work = work }

    deinit { abandon() }

    /// - Parameter bytes: the next bytes of the backup's lines, decrypted, in pieces of any length.
    /// - Throws: what is wrong with them, or with writing them; the restore is over then.
    public func update(_ bytes: UnsafeRawBufferPointer) throws(StoreError) {
        try attempt { (work) throws(StoreError) in
            try work.update(bytes)
        }
    }

    /// Checks that all of it came, and switches.
    /// - Throws: `not-empty`, `newer`, `damaged`, `locked`, `store-full`, …; the store is as it was.
    public func finish() throws(StoreError) -> RestoreReport {
        let report = try attempt { (work) throws(StoreError) in
            try work.finish()
        }
        abandon()
        return report
    }

    /// Idempotent; without effect behind a ``finish()`` that has returned.
    public func abandon() {
        work?.end()
        work = nil
    }

    private func attempt<T>(_ body: (RestoreWork) throws(StoreError) -> T) throws(StoreError) -> T {
        if let failure { throw failure }
        guard let work else { throw StoreError(.failed, "the restore is over") }
        do throws(StoreError) {
            return try body(work)
        } catch {
            failure = error
            abandon()
            throw error
        }
    }
}

extension Store {
    /// Begins to put a backup back. Blocks for the disk; with ``RestoreOptions/Mode/merge`` and ``RestoreOptions/only`` for a copy of the
    /// store, from which on changes are answered `busy` until the restore is over.
    /// - Throws: `busy` while another restore is under way; `locked`, `not-empty`, `invalid-argument` (a pattern), `store-full`, …
    public func beginRestore(_ options: RestoreOptions) throws(StoreError) -> StoreRestore {
        StoreRestore(try RestoreWork(self, options))
    }
}
