import CofferAccounts
import CofferStore
import Foundation
import Testing

@testable import CofferHTTP

/// The accounts of a real store behind a real server; the folder is gone after the test.
final class NewAPIFixture: Sendable {
    static let key = SecretBuffer([UInt8](repeating: 11, count: 32))
    static let password = "correct horse battery"
    let clock = StandingClock()
    let store: Store
    let accounts: Accounts
    let log = LogLines()
    private let path: String

    init(groups: Set<String>? = nil) throws {
        let clock = clock
        var storeOptions = Store.Options()
        storeOptions.mapBytes = 1 << 30
        storeOptions.indexBytes = 0
        storeOptions.clock = { clock.now }
        path = FileManager.default.temporaryDirectory.appendingPathComponent("coffer-newapi-test.\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try Store.create(at: path + "/store", slot: .keyFile(Self.key, label: "key"), options: storeOptions)
        store = try Store.open(at: path + "/store", options: storeOptions)
        try store.unlock(.keyFile(Self.key))
        accounts = Accounts(store: store, options: AccountOptions(clock: { clock.now }, passwordMemory: 64 << 10, groups: groups))
    }

    deinit {
        accounts.stop()
        store.close()
        try? FileManager.default.removeItem(atPath: path)
    }

    func door(_ settings: NewAPISettings, backoff: LoginBackoff = LoginBackoff()) -> NewAPIDoor {
        let store = store
        let clock = clock
        return NewAPIDoor(
            accounts: accounts, settings: settings, backoff: backoff, logger: log.logger, version: "v0-test",
            signingKey: { () throws(StoreError) in try store.signingKey("newapi__") }, clock: { clock.now })
    }

    /// Runs the door at a port of its own, without rate limits unless they are asked for.
    func run(
        _ profile: NewAPISettings.Profile = .document, _ change: (inout NewAPISettings) -> Void = { _ in },
        _ body: @escaping @Sendable (NewAPIClient) async throws -> Void
    ) async throws {
        var settings = NewAPISettings()
        settings.profile = profile
        settings.rateLimits = false
        change(&settings)
        try await TestServer.run([DoorListen(door: door(settings), address: TestServer.loopback)]) { server in
            try await body(NewAPIClient(port: server.port, serverLog: server.log))
        }
    }

    @discardableResult
    func user(_ name: String, password: String = NewAPIFixture.password, home: TenantID = .main) async throws -> User {
        try await accounts.users.create(
            UserDraft(name: DocumentName(name.utf8), home: home), password: SecretBuffer(Array(password.utf8)), by: "test")
    }

    /// An access token of this user.
    func accessToken(_ user: User) async throws -> String {
        let token = TokenService.random(prefix: "", characters: 32)
        _ = try await accounts.tokens.issue(
            token, user: user.number, kind: .newapiAccess, name: .empty, expires: 0, replacing: true, by: "test")
        return token.text
    }

    /// A key made behind the door's back.
    @discardableResult
    func token(
        _ user: User, _ name: String = "n", unlimited: Bool = true, form: APIKey.Form = .sk,
            _ change: (inout APIKeyDraft) throws -> Void = { _ in }
    ) async throws -> (view: APIKeyView, key: String) {
        var draft = APIKeyDraft(tenant: user.home, owner: user.number, form: form, name: try Label(name), unlimited: unlimited)
        try change(&draft)
        let made = try await accounts.apiKeys.create(draft, by: "test")
        return (made.view, made.readable.text)
    }

    /// Everything that a refused request could have changed.
    var everything: [APIKeyView] { accounts.apiKeys.match(.init()) { _ in true } }
}
