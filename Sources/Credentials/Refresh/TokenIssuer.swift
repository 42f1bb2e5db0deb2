import CofferStore
import CofferUpstream
import Synchronization

/// Hands out live tokens and keeps them alive. Everything that presents a token to an upstream comes by here.
public final class TokenIssuer: CredentialFollowing, Sendable {
    let context: CredentialContext
    let providers: ProviderService
    let engine: RefreshEngine
    private let state = Mutex(State())
    /// For those without a reader of their own.
    private let reader: SharedReader

    private struct State {
        weak var pools: (any PoolPicking)?
        var isStarted = false
        /// Credentials of which the last process, or the time before the lock, left a journal.
        var left: [UInt64] = []
    }

    init(context: CredentialContext, providers: ProviderService) {
        self.context = context
        self.providers = providers
        engine = RefreshEngine(context: context, providers: providers)
        reader = SharedReader(store: context.store)
    }

    /// Begins to bring what the last process left to its end.
    public func start() {
        state.withLock { $0.isStarted = true }
        resume()
    }

    /// Nothing is dialled any more; waits for what was, ``CredentialOptions/drain`` at most. Blocks.
    public func stop() {
        engine.stop(context.options.drain)
        reader.forget()
    }

    /// Who chooses among a pool's members; before anything is asked. Held weakly.
    func setPools(_ pools: any PoolPicking) { state.withLock { $0.pools = pools } }
    var pools: (any PoolPicking)? { state.withLock { $0.pools } }

    /// What was done since the start.
    public func counters() -> RefreshCounters { engine.counters() }

    /// Reads on the calling thread with the reader that all share.
    func reading<T: Sendable>(_ body: (StoreReader) throws(StoreError) -> T) throws(StoreError) -> T { try reader.read(body) }

    // MARK: Following the store

    func load(reader: StoreReader) throws(StoreError) {
        var numbers: [UInt64] = []
        try reader.forEachDocument(.refreshJournal) { (name, _, _) throws(StoreError) in
            numbers.append(try CredentialNames.number(name.bytes))
        }
        let left = numbers.sorted()
        state.withLock { $0.left = left }
        resume()
    }

    func follow(_ changes: [Change], reader: StoreReader) throws(StoreError) {}

    func forget() {
        state.withLock { $0.left = [] }
        reader.forget()
    }

    private func resume() {
        let left = state.withLock { state in
            guard state.isStarted else { return [UInt64]() }
            defer { state.left = [] }
            return state.left
        }
        for number in left { engine.refresh(number, RefreshWish(kinds: [], need: .rest, principal: RefreshWriter.principal)) }
    }
}
