import CofferStore

/// Files that are rendered from the store.
public final class SinkService: CredentialFollowing, Sendable {
    let context: CredentialContext

    init(context: CredentialContext) {
        self.context = context
    }

    public func start() {}
    public func stop() {}

    func load(reader: StoreReader) throws(StoreError) {}
    func follow(_ changes: [Change], reader: StoreReader) throws(StoreError) {}
    func forget() {}
}
