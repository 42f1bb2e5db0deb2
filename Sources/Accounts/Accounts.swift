import CofferStore
import Dispatch
import Synchronization

/// All nouns of the accounts together: tenants, users, access tokens, API keys, the doors' settings.
///
/// Follows the store's commits: memory is what the store holds before a change is answered. A locked store has no accounts.
public final class Accounts: CommitListener, Sendable {
    public let tenants: TenantService
    public let users: UserService
    public let tokens: TokenService
    public let apiKeys: APIKeyService
    public let doors: DoorSettingsService

    private let context: AccountContext
    private let follower: StoreFollower
    private let ticker = Mutex<Ticker?>(nil)

    /// Loads at once when the store is unlocked, on the calling thread; otherwise when it is.
    public init(store: Store, options: AccountOptions = AccountOptions()) {
        context = AccountContext(store: store, options: options)
        apiKeys = APIKeyService(context: context)
        tenants = TenantService(context: context, apiKeys: apiKeys)
        users = UserService(context: context, apiKeys: apiKeys)
        tokens = TokenService(context: context)
        doors = DoorSettingsService(context: context)
        follower = StoreFollower(context: context, apiKeys: apiKeys)
        store.addListener(self)
        if !store.isLocked {
            follower.load()
            afterLoad()
        }
    }

    /// Whether nothing can be asked: the store is locked, or what it holds could not be read.
    public var isLocked: Bool { context.directory.isLocked }

    /// - Throws: `locked` while the store is locked or what it holds is still being read; `failed` where that went wrong.
    public func requireReady() throws(AccountError) { try context.directory.requireReady() }

    // MARK: Following the store, on its writer's thread

    public func committed(_ changes: [Change]) { follower.follow(changes) }

    public func lockChanged(locked: Bool) {
        if locked {
            follower.forget()
        } else {
            follower.load()
            afterLoad()
        }
    }

    /// Whether the store is open and what it holds could not be read.
    public var hasFailed: Bool { context.directory.hasFailed }

    /// Reads again where that went wrong. Blocks for the disk.
    public func readAgainIfFailed() {
        guard hasFailed else { return }
        follower.loadIfFailed()
        afterLoad()
    }

    /// The writer's thread cannot wait for a commit.
    private func afterLoad() {
        let tenants = tenants
        context.queue.run { () throws(AccountError) in tenants.makeMain() } completion: { _ in }
    }

    // MARK: What happens by itself

    /// Starts the ticker: reservations and sessions end, usage is written, once a second.
    public func start() {
        apiKeys.start()
        ticker.withLock { ticker in
            if ticker == nil { ticker = Ticker { [weak self] in self?.tick() } }
        }
    }

    /// Stops the ticker, gives blocks back, writes usage, lets go of the store. Before the store closes; blocks for commits.
    public func stop() {
        ticker.withLock { ticker in
            defer { ticker = nil }
            return ticker
        }?.stop()
        context.queue.runAndWait { tokens.sweep(now: context.now, interval: 0) }
        apiKeys.stop()
        // Whoever is in the middle of a change comes to its end.
        context.queue.runAndWait {}
        context.store.removeListener(self)
        follower.forget()
    }

    /// One beat. Blocks for commits.
    func tick() {
        guard !isLocked else { return }
        let now = context.now
        context.queue.runAndWait { tokens.sweep(now: now) }
        apiKeys.tick(now: now)
    }
}
