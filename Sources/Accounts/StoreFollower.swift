import CofferStore
import Synchronization

/// Keeps memory true to the store. Commits and locks are told on the writer's thread; the first load may come from another.
final class StoreFollower: Sendable {
    private let context: AccountContext
    private let apiKeys: APIKeyService
    /// Held while memory is filled, so that the first load and a commit do not mix.
    private let turn = Mutex(())
    /// Used by whoever has the turn.
    private nonisolated(unsafe) var reader: StoreReader?

    init(context: AccountContext, apiKeys: APIKeyService) {
        self.context = context
        self.apiKeys = apiKeys
    }

    /// Reads everything. What cannot be read lets nobody in.
    func load() {
        turn.withLock { _ in
            settle { () throws(StoreError) in
                let hasher = try context.store.tokenHasher()
                try reading { (reader) throws(StoreError) in
                    let state = try DirectoryLoader(reader: reader, now: context.now).load(hasher: hasher)
                    context.directory.change { $0 = state }
                    try apiKeys.load(reader: reader)
                }
            }
        }
    }

    /// Once more, where that went wrong: what failed may have been a moment's lack of memory or descriptors.
    func loadIfFailed() {
        guard context.directory.hasFailed else { return }
        load()
    }

    /// Follows a commit.
    func follow(_ changes: [Change]) {
        // Secrets and policies are none of ours.
        guard changes.contains(where: { $0.table != .secrets && $0.table != .policies }) else { return }
        turn.withLock { _ in
            // What was not loaded is not followed: the next load reads it all.
            guard !context.directory.isLocked else { return }
            settle { () throws(StoreError) in
                try reading { (reader) throws(StoreError) in
                    let events = try DirectoryLoader(reader: reader, now: context.now).events(of: changes)
                    if !events.isEmpty { context.directory.change { state in for event in events { state.apply(event) } } }
                    try apiKeys.committed(changes, reader: reader)
                }
            }
        }
    }

    /// On lock, and before the store closes: nothing stays, the reader neither.
    func forget() {
        turn.withLock { _ in
            reader = nil
            clear(.locked)
        }
    }

    private func reading(_ body: (StoreReader) throws(StoreError) -> Void) throws(StoreError) {
        if reader == nil { reader = try context.store.makeReader(indexed: false) }
        guard let reader else { return }
        try reader.begin()
        defer { reader.end() }
        try body(reader)
    }

    private func settle(_ body: () throws(StoreError) -> Void) {
        do throws(StoreError) {
            try body()
        } catch {
            reader = nil
            clear(error.code == .locked ? .locked : .failed(error))
        }
    }

    private func clear(_ phase: DirectoryState.Phase) {
        context.directory.change { state in
            state = DirectoryState()
            state.phase = phase
        }
        apiKeys.forget()
    }
}
