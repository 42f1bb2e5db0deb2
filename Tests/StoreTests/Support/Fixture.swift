import Foundation
import Glibc
import Synchronization

@testable import CofferStore

/// A folder that is gone after the test, with a store's path in it.
final class Folder: Sendable {
    let path: String
    var store: String { path + "/store" }

    init() {
        var template = Array("/tmp/coffer-store-test.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { fatalError("no folder for a test: \(errno)") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { Self.remove(path) }

    static func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }
}

/// A clock that stands until it is moved.
final class ManualClock: Sendable {
    private let time: Mutex<UInt64>
    init(_ start: UInt64 = 1_700_000_000_000) { time = Mutex(start) }
    var now: UInt64 { time.withLock { $0 } }
    func advance(_ milliseconds: UInt64) { time.withLock { $0 += milliseconds } }
}

/// A store with a key-file slot, made, opened and unlocked.
final class Fixture: Sendable {
    let folder: Folder
    let clock: ManualClock
    let options: Store.Options
    nonisolated(unsafe) private(set) var store: Store

    static let key = SecretBuffer([UInt8](repeating: 7, count: 32))

    static func options(_ clock: ManualClock, _ change: (inout Store.Options) -> Void = { _ in }) -> Store.Options {
        var options = Store.Options()
        options.mapBytes = 1 << 30
        options.indexBytes = 4 << 20
        options.clock = { clock.now }
        change(&options)
        return options
    }

    init(_ change: (inout Store.Options) -> Void = { _ in }) throws {
        folder = Folder()
        clock = ManualClock()
        options = Self.options(clock, change)
        try Store.create(at: folder.store, slot: .keyFile(Self.key, label: "key"), options: options)
        store = try Store.open(at: folder.store, options: options)
        try store.unlock(.keyFile(Self.key))
    }

    deinit { store.close() }

    func reopen(_ change: (inout Store.Options) -> Void = { _ in }) throws {
        store.close()
        var options = options
        change(&options)
        store = try Store.open(at: folder.store, options: options)
        try store.unlock(.keyFile(Self.key))
    }

    /// Runs while the store is closed; opens it again afterwards, still locked.
    func whileClosed(_ body: () throws -> Void) throws {
        store.close()
        try body()
        store = try Store.open(at: folder.store, options: options)
    }
}
