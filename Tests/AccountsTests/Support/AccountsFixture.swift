import CofferStore
import Foundation
import Glibc
import Synchronization

@testable import CofferAccounts

/// A clock that stands until it is moved.
final class AccountsClock: Sendable {
    private let time: Mutex<UInt64>
    init(_ start: UInt64 = 1_700_000_000_000) { time = Mutex(start) }
    var now: UInt64 { time.withLock { $0 } }
    func advance(_ milliseconds: UInt64) { time.withLock { $0 += milliseconds } }
}

/// The accounts of a real store in a folder that is gone after the test. The ticker does not run: tests call `tick`.
final class AccountsFixture: Sendable {
    let path: String
    let clock: AccountsClock
    private let options: AccountOptions
    private let storeOptions: Store.Options
    nonisolated(unsafe) private(set) var store: Store
    nonisolated(unsafe) private(set) var accounts: Accounts

    static let key = SecretBuffer([UInt8](repeating: 7, count: 32))

    /// Argon2id takes little memory here: tests are about rules, not about cost.
    init(
        _ change: (inout AccountOptions) -> Void = { _ in }, store changeStore: (inout Store.Options) -> Void = { _ in }
    ) throws {
        let clock = AccountsClock()
        var options = AccountOptions(clock: { clock.now }, passwordMemory: 64 << 10)
        change(&options)
        var storeOptions = Store.Options()
        storeOptions.mapBytes = 1 << 30
        storeOptions.indexBytes = 0
        storeOptions.clock = { clock.now }
        changeStore(&storeOptions)
        var template = Array("/tmp/coffer-accounts-test.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw AccountError(.failed, "", "no folder for a test") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        try Store.create(at: path + "/store", slot: .keyFile(Self.key, label: "key"), options: storeOptions)
        store = try Store.open(at: path + "/store", options: storeOptions)
        try store.unlock(.keyFile(Self.key))
        accounts = Accounts(store: store, options: options)
        self.clock = clock
        self.options = options
        self.storeOptions = storeOptions
    }

    deinit {
        accounts.stop()
        store.close()
        try? FileManager.default.removeItem(atPath: path)
    }

    func lock() { store.lock() }
    func unlock() throws { try store.unlock(.keyFile(Self.key)) }

    /// As after a restart.
    func reopen() throws {
        accounts.stop()
        store.close()
        store = try Store.open(at: path + "/store", options: storeOptions)
        accounts = Accounts(store: store, options: options)
        try unlock()
    }

    /// The document as it lies in the store.
    func document(_ table: DocumentTable, _ name: String) throws -> SecretBuffer? {
        let name = try DocumentName(name.utf8)
        return try store.withWorker { (worker) throws(StoreError) in try worker.reader.document(table, name) }
    }

    func user(_ name: String, role: Role = .common, email: String = "", password: String? = nil) async throws -> User {
        try await accounts.users.create(
            UserDraft(name: DocumentName(name.utf8), email: email, role: role), password: password.map { secret($0) }, by: "test")
    }
}

func secret(_ text: String) -> SecretBuffer { SecretBuffer(Array(text.utf8)) }
func documentName(_ text: String) throws -> DocumentName { try DocumentName(text.utf8) }

/// The code, and the field behind a colon, of what `body` throws; "" when it does not.
func refusal(_ body: () async throws -> Void) async -> String {
    do {
        try await body()
        return ""
    } catch let error as AccountError {
        return error.field.isEmpty ? error.code.rawValue : "\(error.code.rawValue):\(error.field)"
    } catch {
        return "\(error)"
    }
}

/// The bytes of a buffer, to compare.
func bytes(_ buffer: SecretBuffer?) -> [UInt8]? {
    buffer.map { buffer in withExtendedLifetime(buffer) { Array(buffer.bytes) } }
}

func text(_ buffer: SecretBuffer?) -> String? { bytes(buffer).map { String(decoding: $0, as: UTF8.self) } }
