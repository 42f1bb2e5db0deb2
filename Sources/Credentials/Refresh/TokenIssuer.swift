import CofferStore

/// Hands out live tokens and keeps them alive.
public final class TokenIssuer: CredentialFollowing, Sendable {
    let context: CredentialContext
    let providers: ProviderService

    init(context: CredentialContext, providers: ProviderService) {
        self.context = context
        self.providers = providers
    }

    public func start() {}
    public func stop() {}

    func load(reader: StoreReader) throws(StoreError) {}
    func follow(_ changes: [Change], reader: StoreReader) throws(StoreError) {}
    func forget() {}
}
