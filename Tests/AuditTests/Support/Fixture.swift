import CofferStore
import Foundation
import Glibc
import Synchronization

@testable import CofferAudit

/// A clock that stands until it is moved.
final class ManualClock: Sendable {
    private let time: Mutex<UInt64>
    init(_ start: UInt64 = 1_700_000_000_000) { time = Mutex(start) }
    var now: UInt64 { time.withLock { $0 } }
    func advance(_ milliseconds: UInt64) { time.withLock { $0 += milliseconds } }
    func putBack(_ milliseconds: UInt64) { time.withLock { $0 -= milliseconds } }
}

/// A folder with a store and its log; gone after the test.
final class Fixture: @unchecked Sendable {
    let path: String
    /// Of the machine.
    let clock = ManualClock()
    /// That nobody sets.
    let ticks = ManualClock(1_000)
    let key = SecretBuffer([UInt8](repeating: 7, count: 32))
    var store: Store
    var log: AuditLog
    var options: AuditOptions
    private let sealLimit: UInt64

    var storePath: String { path + "/store" }
    var logPath: String { path + "/store/audit" }
    var headPath: String { path + "/store/audit.head" }

    init(sealLimit: UInt64 = 1 << 30, _ change: (inout AuditOptions) -> Void = { _ in }) throws {
        var template = Array("/tmp/coffer-audit-test.XXXXXX".utf8CString)
        _ = mkdtemp(&template)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        options = AuditOptions()
        change(&options)
        self.sealLimit = sealLimit
        try Store.create(at: path + "/store", slot: .keyFile(key, label: ""), options: Self.storeOptions(clock, sealLimit))
        (store, log) = try Self.open(path + "/store", options, clock, ticks, sealLimit)
        try store.unlock(.keyFile(key))
    }

    deinit {
        store.close()
        log.close()
        try? FileManager.default.removeItem(atPath: path)
    }

    private static func storeOptions(_ clock: ManualClock, _ sealLimit: UInt64) -> Store.Options {
        var options = Store.Options()
        options.sealLimit = sealLimit
        options.mapBytes = 64 << 20
        options.clock = { clock.now }
        return options
    }

    private static func open(
        _ path: String, _ options: AuditOptions, _ clock: ManualClock, _ ticks: ManualClock, _ sealLimit: UInt64
    ) throws -> (Store, AuditLog) {
        let store = try Store.open(at: path, options: storeOptions(clock, sealLimit))
        let log = try AuditLog(
            folder: path + "/audit", headFile: path + "/audit.head", options: options, clock: { clock.now }, ticks: { ticks.now })
        store.setWitness(log)
        return (store, log)
    }

    /// Closes both, lets `body` do something to the files, and opens both again. The store may refuse to be unlocked.
    func reopen(unlocking: Bool = true, _ body: () throws -> Void = {}) throws {
        store.close()
        log.close()
        try body()
        (store, log) = try Self.open(storePath, options, clock, ticks, sealLimit)
        if unlocking { try store.unlock(.keyFile(key)) }
    }

    /// Inside ``reopen(unlocking:_:)``: the store without anybody who writes its log.
    func withStoreAlone<T>(_ body: () throws -> T) throws -> T {
        store = try Store.open(at: storePath, options: Self.storeOptions(clock, sealLimit))
        try store.unlock(.keyFile(key))
        defer { store.close() }
        return try body()
    }

    // MARK: Files

    func files() -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: logPath)) ?? []).sorted().map { logPath + "/" + $0 }
    }

    static func read(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }
    static func write(_ path: String, _ bytes: [UInt8]) throws { try Data(bytes).write(to: URL(fileURLWithPath: path)) }

    // MARK: Reading

    func records(_ change: (inout AuditQuery) -> Void = { _ in }) throws -> [AuditRecord] {
        var query = AuditQuery()
        change(&query)
        var records: [AuditRecord] = []
        var cursor: UInt64 = 0
        while true {
            let page = try log.reading().ascending(query, after: cursor, limit: 100_000)
            records += page.records
            guard page.more else { return records }
            cursor = page.cursor
        }
    }

    func stored() throws -> [UInt8]? { try store.withWorker { (worker) throws(StoreError) in try worker.witnessHead() } }

    func verify() throws -> AuditVerdict { try log.reading().verify(stored: try stored()) }

    /// As if nobody wrote the log, against the file that keeps its end.
    func verifyStopped() throws -> AuditVerdict {
        try AuditReading(folder: logPath, keys: store.auditKeys(), storeID: store.storeID).verify(
            stored: try stored(), headFile: headPath, incarnation: store.incarnation, revision: store.revision)
    }

    func repair(by who: AuditWho = AuditWho(selector: "uid:0")) throws -> String { try log.repair(by: who, stored: try stored()) }

    /// Returns when everything that was recorded before is durable.
    func flush() throws { try log.require(AuditRecord(time: clock.now, who: .daemon, noun: .daemon, action: .check)) }
}

func name(_ text: String) throws -> Name { try Name(Array(text.utf8)) }

extension Store {
    @discardableResult
    func change(_ mutations: Mutation..., principal: String = "uid:1001") throws(StoreError) -> Receipt {
        try commit(Batch(principal: principal, mutations: mutations))
    }
}

func code<T>(_ body: () throws -> T) -> StoreError.Code? {
    do {
        _ = try body()
        return nil
    } catch {
        return (error as? StoreError)?.code
    }
}
