import CofferStore

/// What happens without being asked.
public final class ScheduleService: CredentialFollowing, Sendable {
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
