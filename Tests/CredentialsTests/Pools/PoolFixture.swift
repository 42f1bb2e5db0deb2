import CofferStore
import CofferUpstream
import Foundation
import Glibc
import Synchronization

@testable import CofferCredentials

/// A clock that stands until it is moved.
final class PoolClock: Sendable {
    private let time = Mutex<UInt64>(1_700_000_000_000)
    var now: UInt64 { time.withLock { $0 } }
    func advance(_ milliseconds: UInt64) { time.withLock { $0 += milliseconds } }
}

/// Pools dial nothing: whatever comes here is down, and counted.
final class SilentTransport: UpstreamTransport {
    let calls = Atomic<Int>(0)
    func send(_ call: PreparedCall, completion: @escaping @Sendable (StepResult) -> Void) {
        calls.add(1, ordering: .relaxed)
        completion(StepResult(verdict: .down, reason: "nobody is there", wasSent: false, isUnused: true))
    }
    func stop() {}
}

/// The credentials of a real store in a folder that is gone after the test.
final class PoolFixture: Sendable {
    let path: String
    let clock = PoolClock()
    let transport = SilentTransport()
    private let options: CredentialOptions
    private let storeOptions: Store.Options
    nonisolated(unsafe) private(set) var store: Store
    nonisolated(unsafe) private(set) var all: Credentials

    var pools: PoolService { all.pools }

    static let key = SecretBuffer([UInt8](repeating: 7, count: 32))

    init() throws {
        let clock = clock
        var options = CredentialOptions()
        options.clock = { clock.now }
        var storeOptions = Store.Options()
        storeOptions.mapBytes = 1 << 30
        storeOptions.indexBytes = 0
        storeOptions.clock = { clock.now }
        var template = Array("/tmp/coffer-pools-test.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw CredentialError(.failed, "", "no folder for a test") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        try Store.create(at: path + "/store", slot: .keyFile(Self.key, label: "key"), options: storeOptions)
        store = try Store.open(at: path + "/store", options: storeOptions)
        try store.unlock(.keyFile(Self.key))
        all = Credentials(store: store, options: options, transport: transport)
        self.options = options
        self.storeOptions = storeOptions
    }

    deinit {
        all.stop()
        store.close()
        try? FileManager.default.removeItem(atPath: path)
    }

    func lock() { store.lock() }
    func unlock() throws { try store.unlock(.keyFile(Self.key)) }

    /// As after a restart.
    func reopen() throws {
        all.stop()
        store.close()
        store = try Store.open(at: path + "/store", options: storeOptions)
        all = Credentials(store: store, options: options, transport: transport)
        try unlock()
    }

    func document(_ table: DocumentTable, _ name: String) throws -> SecretBuffer? {
        let name = try DocumentName(name.utf8)
        return try store.withWorker { (worker) throws(StoreError) in try worker.reader.document(table, name) }
    }

    /// - Parameter life: milliseconds that its access token lives; 0: it has none.
    @discardableResult
    func credential(_ name: String, life: UInt64 = 86_400_000, tenant: TenantID = .main) async throws -> Credential {
        var draft = CredentialDraft(tenant: tenant, name: try DocumentName(name.utf8), provider: "oauth2")
        draft.tokens["refresh"] = SecretBuffer(Array("r-\(name)".utf8))
        if life > 0 {
            draft.tokens["access"] = SecretBuffer(Array("a-\(name)".utf8))
            draft.expiries["access"] = clock.now + life
        }
        return try await all.credentials.create(draft, by: "test")
    }

    func pool(_ name: String, _ members: [PoolMember], _ change: (inout PoolDraft) -> Void = { _ in }) async throws -> Pool {
        var draft = PoolDraft(tenant: .main, name: try DocumentName(name.utf8))
        draft.members = members
        change(&draft)
        return try await pools.create(draft, by: "test")
    }

    func request(_ pool: String, sticky: [UInt8] = [], kind: String = "access") -> TokenRequest {
        TokenRequest(tenant: .main, name: Array(pool.utf8), isPool: true, kind: kind, lease: LeaseWish(sticky: sticky))
    }

    /// The member that is picked and its lease; a pool's own token is nobody.
    func pick(_ pool: String, sticky: [UInt8] = [], excluding: Set<UInt64> = []) throws(CredentialError) -> (credential: UInt64, lease: [UInt8]) {
        switch try pools.pick(request(pool, sticky: sticky), excluding: excluding, now: clock.now) {
        case .member(let credential, let lease): return (credential, lease)
        case .own: return (0, [])
        }
    }

    func state(_ pool: Pool, _ credential: UInt64) throws -> PoolMemberState? {
        try pools.members(of: pool.number).first { $0.credential == credential }?.state
    }

    /// A fresh access token, as a refresh brings it.
    func renew(_ credential: UInt64) async throws {
        clock.advance(1)
        var change = CredentialChange()
        change.tokens["access"] = SecretBuffer(Array("a-\(clock.now)".utf8))
        change.expiries["access"] = clock.now + 86_400_000
        _ = try await all.credentials.update(credential, change, by: "test")
    }
}

/// The code, and the field behind a colon, of what `body` throws; "" when it does not.
func poolRefusal(_ body: () async throws -> Void) async -> String {
    do {
        try await body()
        return ""
    } catch let error as CredentialError {
        return error.field.isEmpty ? error.code.rawValue : "\(error.code.rawValue):\(error.field)"
    } catch {
        return "\(error)"
    }
}
