import CofferAccounts
import CofferStore
import CofferUpstream

/// Everything about tokens of others: providers, credentials, pools, schedules, sinks.
///
/// Follows the store's commits: memory is what the store holds before a change is answered. A locked store has no credentials.
public final class Credentials: CommitListener, Sendable {
    public let providers: ProviderService
    public let credentials: CredentialService
    public let tokens: TokenIssuer
    public let pools: PoolService
    public let schedules: ScheduleService
    public let sinks: SinkService

    let context: CredentialContext
    private let follower: CredentialFollower
    let sweeper: CredentialSweeper

    /// Loads at once when the store is unlocked, on the calling thread; otherwise when it is.
    public init(store: Store, options: CredentialOptions = CredentialOptions(), transport: any UpstreamTransport) {
        context = CredentialContext(store: store, options: options, transport: transport)
        providers = ProviderService(context: context)
        credentials = CredentialService(context: context, providers: providers)
        sweeper = CredentialSweeper(service: credentials)
        tokens = TokenIssuer(context: context, providers: providers)
        pools = PoolService(context: context, tokens: tokens)
        let acting = IssuerActing(tokens: tokens, pools: pools)
        sinks = SinkService(context: context, members: acting.members)
        schedules = ScheduleService(context: context, credentials: credentials, sinks: sinks, acting: acting)
        // Each sees what stands before it.
        follower = CredentialFollower(context: context, parts: [providers, tokens, pools, schedules, sinks])
        store.addListener(self)
        if !store.isLocked { follower.load() }
    }

    /// Whether nothing happens by itself and nothing leaves (``CredentialOptions/rehearses``).
    public var rehearses: Bool { context.options.rehearses }

    /// Whether nothing can be asked: the store is locked, or what it holds could not be read.
    public var isLocked: Bool { context.directory.isLocked }

    /// - Throws: `locked` while the store is locked or what it holds is still being read; `failed` where that went wrong.
    public func requireReady() throws(CredentialError) { try context.directory.requireReady() }

    // MARK: Following the store, on its writer's thread

    public func committed(_ changes: [Change]) { follower.follow(changes) }

    public func lockChanged(locked: Bool) {
        if locked { follower.forget() } else { follower.load() }
    }

    /// Whether the store is open and what it holds could not be read.
    public var hasFailed: Bool { context.directory.hasFailed }

    /// Reads again where that went wrong. Blocks for the disk.
    public func readAgainIfFailed() { follower.loadIfFailed() }

    // MARK: What happens by itself

    /// Begins to keep tokens alive: journals of the last run are judged, schedules run. What was deleted long ago goes, once a day.
    /// In a rehearsal nothing of it does.
    public func start() {
        guard !rehearses else { return }
        tokens.start()
        pools.start()
        schedules.start()
        sinks.start()
        sweeper.start()
    }

    /// Ends what happens by itself, waits for what was dialled, lets go of the store. Before the store closes; blocks.
    public func stop() {
        sweeper.stop()
        schedules.stop()
        sinks.stop()
        tokens.stop()
        pools.stop()
        context.transport.stop()
        // Whoever is in the middle of a change comes to its end.
        context.queue.runAndWait {}
        context.store.removeListener(self)
        follower.forget()
    }
}
