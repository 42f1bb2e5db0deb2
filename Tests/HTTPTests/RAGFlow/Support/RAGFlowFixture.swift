import CofferAccounts
import CofferStore
import Foundation
import Synchronization

@testable import CofferHTTP

/// A clock that stands until it is moved.
final class StandingClock: Sendable {
    private let time = Mutex<UInt64>(1_700_000_000_000)
    var now: UInt64 { time.withLock { $0 } }
    func advance(_ milliseconds: UInt64) { time.withLock { $0 += milliseconds } }
}

/// The accounts of a real store behind a real server; the folder is gone after the test.
final class RAGFlowFixture: Sendable {
    static let key = SecretBuffer([UInt8](repeating: 9, count: 32))
    static let day: UInt64 = 86_400_000
    let clock = StandingClock()
    let store: Store
    let accounts: Accounts
    let log = LogLines()
    private let path: String

    init() throws {
        let clock = clock
        var storeOptions = Store.Options()
        storeOptions.mapBytes = 1 << 30
        storeOptions.indexBytes = 0
        storeOptions.clock = { clock.now }
        path = FileManager.default.temporaryDirectory.appendingPathComponent("coffer-ragflow-test.\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try Store.create(at: path + "/store", slot: .keyFile(Self.key, label: "key"), options: storeOptions)
        store = try Store.open(at: path + "/store", options: storeOptions)
        try store.unlock(.keyFile(Self.key))
        accounts = Accounts(store: store, options: AccountOptions(clock: { clock.now }, passwordMemory: 64 << 10))
    }

    deinit {
        accounts.stop()
        store.close()
        try? FileManager.default.removeItem(atPath: path)
    }

    func settings(_ change: (inout RAGFlowSettings) -> Void = { _ in }) async throws -> RAGFlowSettings {
        let clock = clock
        var settings = RAGFlowSettings()
        settings.version = "v0.0-test"
        settings.loginKey = try await LoginKeyPair.shared.loginKey()
        settings.clock = { clock.now }
        change(&settings)
        return settings
    }

    /// Runs the door at a port of its own.
    func run(
        _ change: (inout RAGFlowSettings) -> Void = { _ in }, backoff: LoginBackoff = LoginBackoff(),
        signingKey: (@Sendable () throws(StoreError) -> SecretBuffer)? = nil,
        _ body: @escaping @Sendable (RAGFlowClient) async throws -> Void
    ) async throws {
        let store = store
        let settings = try await settings(change)
        let door = RAGFlowDoor(accounts: accounts, settings: settings, backoff: backoff, logger: log.logger) { () throws(StoreError) in
            if let signingKey { return try signingKey() }
            return try store.signingKey("ragflow_")
        }
        try await TestServer.run([DoorListen(door: door, address: TestServer.loopback)]) { server in
            try await body(RAGFlowClient(port: server.port, serverLog: server.log))
        }
    }

    /// A user of RAGFlow with a tenant of its own.
    func user(_ email: String, password: String = "123") async throws -> User {
        try await accounts.users.register(
            name: DocumentName(email.utf8), email: email, password: SecretBuffer(Array(password.utf8)), by: "test")
    }

    /// A key made behind the door's back, as import makes one.
    func addKey(_ readable: String, to user: User, beta: String? = nil, created: UInt64? = nil) async throws -> APIKey {
        var draft = APIKeyDraft(tenant: user.home, owner: user.number, form: .ragflow)
        draft.unlimited = true
        draft.readable = SecretBuffer(Array(readable.utf8))
        draft.beta = beta.map { SecretBuffer(Array($0.utf8)) }
        draft.created = created
        return try await accounts.apiKeys.create(draft, by: "test").view.key
    }
}
