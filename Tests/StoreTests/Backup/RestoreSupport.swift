import Foundation
import Testing

@testable import CofferStore

extension Store {
    /// The lines of a backup.
    func lines() throws -> [UInt8] {
        var bytes: [UInt8] = []
        _ = try exportBackup(progress: { _, _ in }) { (piece) throws(StoreError) in bytes += piece }
        return bytes
    }

    func digest() throws -> String { try exportBackup(progress: { _, _ in }) { (_) throws(StoreError) in }.digest }

    /// Feeds the lines in pieces of a size that fits nothing.
    @discardableResult
    func restore(_ lines: [UInt8], _ options: RestoreOptions) throws -> RestoreReport {
        let restore = try beginRestore(options)
        for start in stride(from: 0, to: lines.count, by: 4_099) {
            try Array(lines[start..<min(start + 4_099, lines.count)]).withBytes { (piece) throws(StoreError) in try restore.update(piece) }
        }
        return try restore.finish()
    }
}

extension RestoreReport {
    func difference(_ kind: String) -> Difference { differences.first { $0.kind == kind } ?? Difference(kind: kind) }

    func effect(_ name: String) -> Name.Effect? { names.first { $0.name == Array(name.utf8) }?.effect }
}

extension Fixture {
    /// Everything in the store's folder: bytes of all files, and where the links point.
    func contents() throws -> [String: Data] {
        var result: [String: Data] = [:]
        let manager = FileManager.default
        for item in try manager.subpathsOfDirectory(atPath: folder.store) where item != "counter.new" {
            let path = folder.store + "/" + item
            if let target = try? manager.destinationOfSymbolicLink(atPath: path) {
                result[item] = Data(target.utf8)
            } else if item.hasSuffix("data.mdb") || item == "counter" {
                result[item] = try Data(contentsOf: URL(fileURLWithPath: path))
            } else {
                result[item] = Data()
            }
        }
        return result
    }

    /// Files and links that are not as they were, or not there, or new.
    func changes(since before: [String: Data]) throws -> [String] {
        let now = try contents()
        return Set(before.keys).union(now.keys).filter { before[$0] != now[$0] }.sorted()
    }

    /// A name of every kind, documents, and quotas.
    func furnish() throws {
        let store = store
        for number in 0..<30 { try store.set("plain/\(number)", "value \(number)") }
        for round in 1...3 { try store.set("versions", "round \(round)") }
        try store.run(.activate(name("versions"), version: 2, expected: .any))
        try store.set("deleted", "comes back")
        try store.run(.delete(name("deleted"), version: 0, expected: .any))
        for round in 1...4 { try store.set("purged", "\(round)") }
        try store.run(.destroy(name("purged"), version: 0, expected: .any))
        try store.set("one-deleted", "first")
        try store.set("one-deleted", "second")
        try store.run(.delete(name("one-deleted"), version: 1, expected: .any))
        try store.run(.put(NewVersion(
            name: name("expiring"), value: bytes("for a while"), expires: clock.now + 60_000, contentType: "text/plain",
            settings: SettingsChange(metadata: [(key: "owner", value: "äöü")], tags: ["a", "b"], keepLast: 3, deleteAfter: 90_000))))
        try store.run(.put(NewVersion(name: name("binary"), value: SecretBuffer((0...255).map { UInt8($0) }))))
        try put(.tenants, "1", Self.tenant(1, "main"))
        try put(.tenants, "2", Self.tenant(2, "second"))
        try store.set("of-tenant-2", "hidden", tenant: 2)
        try put(.sequences, "apikey", Self.sequence(7))
        try store.run(.budget(.set(document("k/7"), unlimited: false, remaining: 1_000, used: 0)))
        let limits = WindowLimits(dayPeriod: 20_231_114, dayLimit: 0, monthPeriod: 202_311, monthLimit: 0, inFlight: 0)
        for (id, amount) in [("r1", Int64(100)), ("r2", 200)] {
            try store.run(.budget(.reserve(ReservationRequest(
                budget: document("k/7"), requestID: document(id), amount: amount, expires: clock.now + 600_000, limits: limits))))
        }
        try store.run(.budget(.settle(budget: document("k/7"), requestID: document("r1"), amount: 80, line: Array(#"{"t":1}"#.utf8))))
    }

    func put(_ table: DocumentTable, _ name: String, _ bytes: [UInt8]) throws {
        try store.run(.putDocument(table, document(name), SecretBuffer(bytes), expected: .any))
    }

    static func tenant(_ number: UInt64, _ name: String) -> [UInt8] {
        var writer = FieldWriter()
        writer.u8(1)
        writer.u64(number)
        writer.text(name)
        writer.bool(false)
        writer.u64(1_700_000_000_000)
        return writer.bytes
    }

    static func sequence(_ last: UInt64) -> [UInt8] { [1] + last.bigEndianBytes }

    func stored(_ table: DocumentTable, _ name: String) throws -> [UInt8]? {
        let reader = try store.makeReader(indexed: false)
        try reader.begin()
        defer { reader.end() }
        return try reader.document(table, document(name)).map { Array($0.bytes) }
    }
}
