import CofferStore
import Foundation
import Glibc
import Synchronization
import Testing

@testable import CofferAccounts

/// A real store with API keys, whose clock can be set and whose daemon can die.
final class KeysFixture: Sendable {
    static let start: UInt64 = 1_800_000_000_000
    static let key = SecretBuffer([UInt8](repeating: 9, count: 32))

    let path: String
    private let options: AccountOptions
    private let storeOptions: Store.Options
    nonisolated(unsafe) private(set) var store: Store
    nonisolated(unsafe) private(set) var accounts: Accounts?

    init(at start: UInt64 = start, groups: Set<String>? = nil) throws {
        let box = TimeBox(start)
        timeBox = box
        options = AccountOptions(clock: { box.now }, passwordMemory: 64 << 10, groups: groups)
        var storeOptions = Store.Options()
        storeOptions.mapBytes = 1 << 30
        storeOptions.indexBytes = 0
        storeOptions.clock = { box.now }
        self.storeOptions = storeOptions
        var template = Array("/tmp/coffer-keys-test.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw AccountError(.failed, "", "no folder for a test") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        try Store.create(at: path + "/store", slot: .keyFile(Self.key, label: "key"), options: storeOptions)
        store = try Store.open(at: path + "/store", options: storeOptions)
        try store.unlock(.keyFile(Self.key))
        accounts = Accounts(store: store, options: options)
    }

    private let timeBox: TimeBox

    deinit {
        accounts?.stop()
        store.close()
        try? FileManager.default.removeItem(atPath: path)
    }

    var now: UInt64 { timeBox.now }
    func set(_ now: UInt64) { timeBox.now = now }
    func advance(_ milliseconds: UInt64) { timeBox.now += milliseconds }

    var all: Accounts {
        get throws { try #require(accounts) }
    }
    var keys: APIKeyService {
        get throws { try all.apiKeys }
    }

    /// An orderly restart, or one after a death: nothing is given back then.
    func restart(dying: Bool = false) throws {
        if let accounts {
            if dying { store.removeListener(accounts) } else { accounts.stop() }
        }
        accounts = nil
        store.close()
        store = try Store.open(at: path + "/store", options: storeOptions)
        try store.unlock(.keyFile(Self.key))
        accounts = Accounts(store: store, options: options)
    }

    func lock() { store.lock() }
    func unlock() throws { try store.unlock(.keyFile(Self.key)) }

    // MARK: Shorthand

    func make(_ form: APIKey.Form = .sk, unlimited: Bool = false, quota: Int64 = 1_000, _ change: (inout APIKeyDraft) throws -> Void = { _ in })
        async throws -> Made
    {
        var draft = APIKeyDraft(form: form, unlimited: unlimited, quota: quota)
        try change(&draft)
        let made = try await keys.create(draft, by: "test")
        return Made(number: made.view.key.number, bytes: bytes(made.readable) ?? [])
    }

    struct Made: Sendable {
        var number: UInt64
        /// As clients of that form send it.
        var bytes: [UInt8]
    }

    func user(_ name: String) async throws -> User {
        try await all.users.create(UserDraft(name: DocumentName(name.utf8)), password: nil, by: "test")
    }

    func verify(_ key: [UInt8], cost: Int64 = 0, address: String? = nil, model: String = "") async throws -> Verdict {
        try await keys.verify(
            key: key, address: address.flatMap { ClientAddress($0) }, model: Array(model.utf8), cost: cost, mayVerify: { _, _ in true })
    }

    func reason(_ key: [UInt8], cost: Int64 = 0, address: String? = nil, model: String = "") async throws -> String {
        try await verify(key, cost: cost, address: address, model: model).reason.word
    }

    func reserve(
        _ key: [UInt8], _ amount: Int64, _ request: String, lifetime: UInt64 = 60_000, model: String = ""
    ) async throws -> ReserveAnswer {
        let keys = try keys
        let result: Result<ReserveAnswer, AccountError> = await withCheckedContinuation { continuation in
            key.withUnsafeBytes { key in
                Array(model.utf8).withUnsafeBytes { model in
                    keys.reserve(
                        key: key, address: nil, model: model, amount: amount, requestID: Array(request.utf8), lifetime: lifetime,
                        by: "test", mayReserve: { _, _ in true }
                    ) { continuation.resume(returning: $0) }
                }
            }
        }
        return try result.get()
    }

    func settle(_ number: UInt64, _ request: String, _ amount: Int64, line: UsageLine? = nil) async throws -> SettleAnswer {
        let keys = try keys
        let result: Result<SettleAnswer, AccountError> = await withCheckedContinuation { continuation in
            keys.settle(number, requestID: Array(request.utf8), amount: amount, line: line, by: "test") { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    func release(_ number: UInt64, _ request: String) async throws -> SettleAnswer {
        let keys = try keys
        let result: Result<SettleAnswer, AccountError> = await withCheckedContinuation { continuation in
            keys.release(number, requestID: Array(request.utf8), by: "test") { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    func state(_ number: UInt64) throws -> APIKeyState { try #require(keys.find(number)).state }
    func key(_ number: UInt64) throws -> APIKey { try #require(keys.find(number)).key }

    /// As the store has it.
    func budget(_ number: UInt64) throws -> Budget {
        let name = try DocumentName("k/\(number)".utf8)
        return try #require(try store.withWorker { (worker) throws(StoreError) in try worker.reader.budget(name) })
    }

    /// Waits until what was queued for the change queue is done.
    func drain() async throws { try await keys.context.queue.run {} }

    func setWallet(_ user: UInt64, _ amount: Int64) throws {
        let name = try DocumentName("u/\(user)".utf8)
        _ = try store.commit(
            Batch(principal: "test", mutations: [.budget(.set(name, unlimited: false, remaining: amount, used: nil))]))
    }
}

final class TimeBox: Sendable {
    private let time: Mutex<UInt64>
    init(_ now: UInt64) { time = Mutex(now) }
    var now: UInt64 {
        get { time.withLock { $0 } }
        set { time.withLock { $0 = newValue } }
    }
}

/// Unix milliseconds of a moment such as `2026-03-29T01:30:00Z`.
func moment(_ text: String) throws -> UInt64 {
    UInt64(try Date(text, strategy: .iso8601).timeIntervalSince1970 * 1_000)
}
