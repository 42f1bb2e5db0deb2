import Foundation
import Testing

@testable import CofferStore

/// What a merge refuses because numbers mean other things, and that looking stops nobody.
@Suite("Merging a backup")
struct RestoreMergeTests {
    private static func user(_ number: UInt64, _ name: String, created: UInt64) -> [UInt8] {
        var writer = FieldWriter()
        writer.u8(1)
        writer.u64(number)
        for text in [name, "", ""] { writer.text(text) }
        writer.u8(1)
        writer.bool(true)
        writer.u64(1)
        writer.text("")
        writer.u64(0)
        writer.text("")
        writer.bool(false)
        writer.u64(created)
        writer.u64(created)
        return writer.bytes
    }

    /// The id of a store's first key for hashes.
    private static let hashKey: UInt32 = {
        guard let fixture = try? Fixture() else { return 0 }
        return withExtendedLifetime(fixture) { (try? Array("x".utf8).withUnsafeBytes { try fixture.store.tokenHasher().hash($0, .apiKey) })?.keyID ?? 0 }
    }()

    private static func apiKey(_ number: UInt64, _ name: String, created: UInt64) -> [UInt8] {
        var writer = FieldWriter()
        writer.u8(1)
        for value in [number, 1, 1] { writer.u64(value) }
        writer.u8(1)
        writer.text(name)
        writer.u8(1)
        writer.i64(-1)
        writer.bool(true)
        writer.u16(2)
        for model in ["gpt", "claude"] { writer.text(model) }
        writer.bytes32(Array("10.0.0.0/8".utf8))
        writer.text("")
        writer.u16(0)
        writer.u32(0)
        writer.u64(0)
        writer.u64(0)
        writer.text("UTC")
        writer.u32(0)
        for value in [created, created, 0, 0] { writer.u64(value) }
        for _ in 0..<5 { writer.bool(false) }
        writer.u32(hashKey)
        writer.raw([UInt8](repeating: 7, count: 32))
        writer.bool(false)
        return writer.bytes
    }

    private static func credential(_ number: UInt64, _ name: String, created: UInt64) -> [UInt8] {
        var writer = FieldWriter()
        writer.u8(1)
        writer.u64(number)
        writer.u64(1)
        for text in [name, "oauth2", "", ""] { writer.text(text) }
        writer.u16(1)
        writer.text("tag")
        writer.text("")
        writer.bool(true)
        writer.u16(1)
        for text in ["token_url", "https://id.example"] { writer.text(text) }
        writer.u16(0)
        writer.u16(0)
        writer.text("")
        for value in [created, created, 0] { writer.u64(value) }
        return writer.bytes
    }

    /// A backup, and the store that it was taken of, which then lost the number and gave it again.
    private static func diverged(_ table: DocumentTable, _ then: [UInt8], _ now: [UInt8]) throws -> (Fixture, [UInt8]) {
        let fixture = try Fixture()
        try fixture.put(.tenants, "1", Fixture.tenant(1, "main"))
        try fixture.put(table, "5", then)
        let lines = try fixture.store.lines()
        // What was taken in by another backup's restore: one store by its id, with numbers that another history gave.
        try fixture.put(table, "5", now)
        return (fixture, lines)
    }

    @Test("two histories of one store: a number that was given to another thing is refused, by name; a new name of the same thing is not")
    func twoHistories() throws {
        let cases: [(DocumentTable, (UInt64, String, UInt64) -> [UInt8])] = [
            (.users, { Self.user($0, $1, created: $2) }), (.apiKeys, { Self.apiKey($0, $1, created: $2) }),
            (.credentials, { Self.credential($0, $1, created: $2) }),
        ]
        for (table, make) in cases {
            let (fixture, lines) = try Self.diverged(table, make(5, "anna", 1_000), make(5, "bert", 2_000))
            let before = try fixture.store.digest()
            let error = #expect(throws: StoreError.self) { try fixture.store.restore(lines, RestoreOptions(mode: .merge)) }
            #expect(error?.code == .conflict, "\(table)")
            for part in ["number 5", Table(table).name, "anna", "bert"] { #expect(error?.message.contains(part) == true, "\(table): \(part)") }
            #expect(try fixture.store.digest() == before)
            let (same, old) = try Self.diverged(table, make(5, "anna", 1_000), make(5, "anna", 2_000))
            #expect(code { try same.store.restore(old, RestoreOptions(mode: .merge)) } == .conflict, "\(table)")
            let (renamed, earlier) = try Self.diverged(table, make(5, "anna", 1_000), make(5, "anne", 1_000))
            #expect(try renamed.store.restore(earlier, RestoreOptions(mode: .merge)).difference(Table(table).name).kept == 1, "\(table)")
        }
    }

    @Test("two stores: API keys of one number are two keys, whatever they are labelled")
    func labels() throws {
        let source = try Fixture()
        try source.put(.apiKeys, "1", Self.apiKey(1, "ci", created: 1_000))
        let target = try Fixture()
        try target.put(.apiKeys, "1", Self.apiKey(1, "ci", created: 2_000))
        #expect(code { try target.store.restore(try source.store.lines(), RestoreOptions(mode: .merge)) } == .conflict)
    }

    @Test("looking at a merge stops no change, and is told by the store as it was at that moment")
    func dryRun() throws {
        let fixture = try Fixture()
        try fixture.furnish()
        let store = fixture.store
        let lines = try store.lines()
        try store.run(.destroy(name("plain/1"), version: 0, expected: .any))
        try store.set("own", "1")
        let restore = try store.beginRestore(RestoreOptions(mode: .merge, dryRun: true))
        try store.set("own", "2")
        try store.set("plain/2", "went on")
        try lines.withBytes { (bytes) throws(StoreError) in try restore.update(bytes) }
        for round in 0..<50 { try store.set("meanwhile", "\(round)") }
        let report = try restore.finish()
        #expect(report.difference("secrets").added == 1 && report.difference("secrets").removed == 0 && report.difference("secrets").changed == 0)
        #expect(report.effect("plain/1") == .added && report.effect("own") == nil)
        #expect(try store.look("own") == .text("2", 2) && store.look("plain/1") == .missing)
        try store.set("own", "3")
        try Scan.check(fixture)
        try fixture.reopen()
        #expect(try fixture.store.look("own") == .text("3", 3))
    }

    @Test("a revision that no store comes to is refused")
    func revisions() throws {
        let source = try Fixture()
        try source.store.set("a", "1")
        let text = String(decoding: try source.store.lines(), as: UTF8.self)
        let revision = try #require(text.firstMatch(of: /"revision":([0-9]+)/)).1
        for (claim, isGood) in [(UInt64(1) << 60, false), ((1 << 61) - 1, false), ((1 << 60) - 1, true)] {
            let claimed = text.replacingOccurrences(of: "\"revision\":\(revision)}\n", with: "\"revision\":\"\(claim)\"}\n")
            #expect(claimed != text)
            let target = try Fixture()
            let found = code { try target.store.restore(Array(claimed.utf8), RestoreOptions(mode: .intoEmpty)) }
            #expect(found == (isGood ? nil : .damaged), "\(claim)")
        }
    }
}
