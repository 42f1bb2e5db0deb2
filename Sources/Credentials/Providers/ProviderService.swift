import CofferAccounts
import CofferStore
import CofferUpstream
import Synchronization

/// The providers of a store: those that are built in, and those that were applied from files.
public final class ProviderService: CredentialFollowing, Sendable {
    let context: CredentialContext
    /// By name, base URLs replaced as the configuration says.
    private let known: Mutex<[String: Provider]>
    private let builtIn: [String: Provider]

    init(context: CredentialContext) {
        self.context = context
        var all: [String: Provider] = [:]
        for provider in Provider.builtIn { all[provider.name] = Self.replaced(provider, context.options) }
        builtIn = all
        known = Mutex(all)
    }

    /// Ascending by name.
    public func list() -> [Provider] { known.withLock { $0.values.sorted { $0.name < $1.name } } }
    public func find(_ name: String) -> Provider? { known.withLock { $0[name] } }

    /// Takes a provider file over; one of the same name gives way, a built-in one too.
    /// - Throws: ``ProviderErrors`` with the lines of everything that is wrong in the file; ``CredentialError`` of the store.
    public func apply(_ source: String, dryRun: Bool, by principal: String) async throws -> Provider {
        let provider = try Provider.read(source)
        let context = context
        try await context.queue.run { () throws(CredentialError) in
            try context.directory.requireReady()
            let name = try DocumentName.checked(provider.name, field: "provider")
            try context.commit(
                [.putDocument(.providers, name, CredentialDocuments.encode(provider: source), expected: .any)], dryRun: dryRun, by: principal)
        }
        return provider
    }

    /// Takes an applied provider away; where it had replaced a built-in one, that is back.
    /// - Throws: `notFound`; `conflict` while credentials name it and no built-in one takes its place.
    public func delete(_ name: String, by principal: String) async throws(CredentialError) {
        let context = context
        let isBuiltIn = builtIn[name] != nil
        try await context.queue.run { () throws(CredentialError) in
            try context.directory.requireReady()
            let document = try DocumentName.checked(name, field: "provider")
            guard try context.document(.providers, document) != nil else {
                throw CredentialError(.notFound, "provider", isBuiltIn ? "this provider is built in" : "there is no provider of this name")
            }
            let users = context.directory.read { memory in memory.credentials.values.count { $0.deleted == 0 && $0.provider == name } }
            guard isBuiltIn || users == 0 else {
                throw CredentialError(.conflict, "provider", "this provider still has credentials (\(users))")
            }
            try context.commit([.deleteDocument(.providers, document, expected: .any)], by: principal)
        }
    }

    private static func replaced(_ provider: Provider, _ options: CredentialOptions) -> Provider {
        guard let bases = options.bases[provider.name] else { return provider }
        // The configuration was checked against the built-in ones before; of an applied one, bases that it does not have say nothing.
        return (try? provider.replacing(bases: bases)) ?? provider
    }

    // MARK: Following the store

    func load(reader: StoreReader) throws(StoreError) {
        var all = builtIn
        try reader.forEachDocument(.providers) { (name, bytes, _) throws(StoreError) in
            if let provider = try Self.read(bytes) { all[provider.name] = Self.replaced(provider, context.options) }
        }
        let loaded = all
        known.withLock { $0 = loaded }
    }

    func follow(_ changes: [Change], reader: StoreReader) throws(StoreError) {
        guard changes.contains(where: { $0.table == .providers }) else { return }
        try load(reader: reader)
    }

    func forget() { known.withLock { $0 = builtIn } }

    /// One that this version does not understand any more is left out: its credentials say that their provider is missing.
    private static func read(_ bytes: SecretBuffer) throws(StoreError) -> Provider? {
        let source = try CredentialDocuments.provider(bytes)
        return try? Provider.read(source)
    }
}

extension CredentialDocuments {
    static func encode(provider source: String) -> SecretBuffer { write { $0.bytes32(Array(source.utf8)) } }

    static func provider(_ bytes: SecretBuffer) throws(StoreError) -> String {
        try read(bytes, "a provider") { (reader) throws(StoreError) in
            guard let text = String(validating: try reader.slice32(), as: UTF8.self) else { throw damaged("a provider") }
            return text
        }
    }
}
