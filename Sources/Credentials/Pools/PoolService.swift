import CofferStore

/// Named groups of credentials; asking one gives one live token.
public final class PoolService: CredentialFollowing, Sendable {
    let context: CredentialContext
    let tokens: TokenIssuer

    init(context: CredentialContext, tokens: TokenIssuer) {
        self.context = context
        self.tokens = tokens
    }

    public func start() {}
    public func stop() {}

    func load(reader: StoreReader) throws(StoreError) {}
    func follow(_ changes: [Change], reader: StoreReader) throws(StoreError) {}
    func forget() {}
}
