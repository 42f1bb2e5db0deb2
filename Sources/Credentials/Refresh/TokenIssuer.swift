import CofferStore
import CofferUpstream

/// Hands out live tokens and keeps them alive. Everything that presents a token to an upstream comes by here.
public final class TokenIssuer: CredentialFollowing, Sendable {
    let context: CredentialContext
    let providers: ProviderService

    init(context: CredentialContext, providers: ProviderService) {
        self.context = context
        self.providers = providers
    }

    public func start() {}
    public func stop() {}

    /// Who chooses among a pool's members; before anything is asked. Held weakly.
    func setPools(_ pools: any PoolPicking) {}

    // MARK: Handing out

    /// A live token from the store, at once. Waits at most for the disk; takes a lock, so not on event loops.
    /// - Returns: `nil`: there is no live one now; ``live(_:deadline:)`` gets one, or says why not.
    public func present(_ request: TokenRequest, now: UInt64) -> LiveToken? { nil }

    /// The same for an event loop, with the loop's own reader: no lock is held, nothing waits.
    /// - Parameter reader: between begin and end.
    public func present(_ request: TokenRequest, now: UInt64, reader: StoreReader) throws(StoreError) -> LiveToken? { nil }

    /// A live token. Where none is there, waits for the one refresh that runs, or starts it; where one is there and due, it is handed out
    /// and the refresh begins behind it.
    /// - Parameters:
    ///   - deadline: Unix milliseconds; 0: none. What was begun goes on behind it.
    ///   - completion: called once, on any thread, perhaps before this returns; must not block.
    public func live(
        _ request: TokenRequest, deadline: UInt64, completion: @escaping @Sendable (Result<LiveToken, CredentialError>) -> Void
    ) {
        completion(.failure(CredentialError(.failed, "", "not yet")))
    }

    /// The same, waiting. A cancelled task waits no longer (`timedOut`); the refresh goes on.
    /// - Throws: `notFound`, `denied` (disabled), `needsPerson`, `dead`, `limited`, `upstream`, `noLiveMember`, `timedOut`, `busy`, `locked`, …
    public func live(_ request: TokenRequest, deadline: UInt64) async throws(CredentialError) -> LiveToken {
        throw CredentialError(.failed, "", "not yet")
    }

    // MARK: Asking upstreams

    /// Gets tokens anew now; joins a refresh that runs (decisions 14).
    /// - Returns: also where it was dialled in vain: see ``RefreshReport/error``.
    /// - Throws: where nothing was dialled: `notFound`, `needsPerson`, `dead`, `limited` while cooling, `busy`, `locked`, …
    public func refresh(_ number: UInt64, options: RefreshOptions = RefreshOptions(), by principal: String) async throws(CredentialError) -> RefreshReport {
        throw CredentialError(.failed, "", "not yet")
    }

    /// Runs one step of purpose check, info, share, unshare, summary, reload, quota or other. Tokens that it gives are saved, its result is
    /// recorded.
    /// - Parameter values: of this call alone; they go before what the credential has.
    /// - Throws: `invalidArgument` for a step of another purpose or without what it needs, `notFound`, `busy`, `locked`, …
    public func perform(
        _ number: UInt64, step: String, values: [String: SecretBuffer] = [:], by principal: String
    ) async throws(CredentialError) -> StepResult {
        throw CredentialError(.failed, "", "not yet")
    }

    /// Asks the upstream whether the credential lives.
    /// - Throws: `invalidArgument` where the provider has no check that the credential has the tokens for, `notFound`, `busy`, `locked`, …
    public func check(_ number: UInt64, by principal: String) async throws(CredentialError) -> CheckReport {
        throw CredentialError(.failed, "", "not yet")
    }

    /// What was done since the start.
    public func counters() -> RefreshCounters { RefreshCounters() }

    // MARK: Following the store

    func load(reader: StoreReader) throws(StoreError) {}
    func follow(_ changes: [Change], reader: StoreReader) throws(StoreError) {}
    func forget() {}
}
