import CofferStore
import Synchronization

/// Somebody who keeps memory of their own: pools, schedules, the refresh machine. Called while memory is filled or follows, on the
/// thread that holds `reader`; must not block.
protocol CredentialFollowing: Sendable {
    /// Reads everything; what was there before is forgotten.
    func load(reader: StoreReader) throws(StoreError)
    /// Memory has followed already.
    func follow(_ changes: [Change], reader: StoreReader) throws(StoreError)
    func forget()
}

/// Keeps memory true to the store. Commits and locks are told on the writer's thread; the first load may come from another.
final class CredentialFollower: Sendable {
    private let context: CredentialContext
    private let parts: [any CredentialFollowing]
    /// Held while memory is filled, so that the first load and a commit do not mix.
    private let turn = Mutex(())
    /// Used by whoever has the turn.
    private nonisolated(unsafe) var reader: StoreReader?

    init(context: CredentialContext, parts: [any CredentialFollowing]) {
        self.context = context
        self.parts = parts
    }

    func load() {
        turn.withLock { _ in
            settle { () throws(StoreError) in
                try reading { (reader) throws(StoreError) in
                    let memory = try CredentialLoader(reader: reader).load()
                    context.directory.change { $0 = memory }
                    for part in parts { try part.load(reader: reader) }
                }
            }
        }
    }

    /// Once more, where that went wrong: what failed may have been a moment's lack of memory or descriptors.
    func loadIfFailed() {
        guard context.directory.hasFailed else { return }
        load()
    }

    func follow(_ changes: [Change]) {
        guard changes.contains(where: { Self.isOurs($0.table) }) else { return }
        turn.withLock { _ in
            // What was not loaded is not followed: the next load reads it all.
            guard !context.directory.isLocked else { return }
            settle { () throws(StoreError) in
                try reading { (reader) throws(StoreError) in
                    let events = try CredentialLoader(reader: reader).events(of: changes)
                    if !events.isEmpty { context.directory.change { memory in for event in events { memory.apply(event) } } }
                    for part in parts { try part.follow(changes, reader: reader) }
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

    private static func isOurs(_ table: Change.Table) -> Bool {
        switch table {
        case .credentials, .credentialStates, .credentialSecrets, .credentialTokens, .refreshJournal, .pools, .poolStates, .poolTokens,
            .providers, .schedules, .sinks, .sequences: true
        default: false
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

    private func clear(_ phase: CredentialMemory.Phase) {
        context.directory.change { memory in
            memory = CredentialMemory()
            memory.phase = phase
        }
        for part in parts { part.forget() }
    }
}
