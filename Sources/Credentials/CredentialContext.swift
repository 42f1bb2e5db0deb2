import CofferAccounts
import CofferStore
import CofferUpstream

/// What the services of the credentials share.
final class CredentialContext: Sendable {
    let store: Store
    let options: CredentialOptions
    let transport: any UpstreamTransport
    /// What memory knows of credentials.
    let directory = CredentialDirectory()
    /// All changes, one after the other.
    let queue = ChangeQueue(label: "coffer.credentials")

    init(store: Store, options: CredentialOptions, transport: any UpstreamTransport) {
        self.store = store
        self.options = options
        self.transport = options.rehearses ? SilentTransport() : transport
    }

    /// Unix milliseconds.
    var now: UInt64 { options.clock() }

    /// Commits and waits: on the change queue only. Memory has followed when this returns.
    @discardableResult
    func commit(_ mutations: [Mutation], dryRun: Bool = false, by principal: String) throws(CredentialError) -> Receipt {
        try CredentialError.translating { () throws(StoreError) in
            try store.commit(Batch(principal: principal, dryRun: dryRun, mutations: mutations))
        }
    }

    /// One document that is not kept in memory, read at the disk's pace: on the change queue or another thread that may block.
    func document(_ table: DocumentTable, _ name: DocumentName) throws(CredentialError) -> SecretBuffer? {
        try CredentialError.translating { () throws(StoreError) in
            try store.withWorker { (worker) throws(StoreError) in try worker.reader.document(table, name) }
        }
    }

    /// The sealed fields of a credential. As ``document(_:_:)``.
    func secrets(of number: UInt64) throws(CredentialError) -> [String: SecretBuffer] {
        guard let bytes = try document(.credentialSecrets, try .number(number)) else { return [:] }
        return try CredentialError.translating { () throws(StoreError) in try CredentialDocuments.secrets(bytes) }
    }

    /// A token as it lies in the store. As ``document(_:_:)``.
    func token(of number: UInt64, kind: String) throws(CredentialError) -> SecretBuffer? {
        guard let bytes = try document(.credentialTokens, try .token(number, kind)) else { return nil }
        return try CredentialError.translating { () throws(StoreError) in try CredentialDocuments.token(bytes, kind: kind).value }
    }
}
