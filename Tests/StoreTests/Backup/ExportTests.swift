import Foundation
import Testing

@testable import CofferStore

@Suite("Writing and reading backups")
struct ExportTests {
    @Test("everything goes out and comes back to the byte, in pieces of any length")
    func roundTrip() throws {
        let fixture = try Fixture()
        try fixture.store.fillForBackup()
        let backup = try Exported(fixture.store)
        #expect(try verify(backup.bytes) == backup.summary)
        for size in [1, 7, 4_096] { #expect(try items(backup.bytes, size: size).summary == backup.summary) }
        let read = try items(backup.bytes)
        #expect(try written(read.items) == backup.bytes)
        let counts = backup.summary.counts.map { "\($0.kind) \($0.count)" }
        #expect(
            counts == [
                "keys 3", "secrets 8", "versions 9", "doors 1", "sequences 1", "counters 1", "budgets 3", "reservations 3",
                "usage-lines 2",
            ])
        #expect(backup.summary.count("versions") == 9 && backup.summary.count("users") == 0)
        #expect(backup.summary.lines == UInt64(backup.lines.count - 2) && backup.summary.bytes == UInt64(backup.bytes.count))
        #expect(backup.summary.revision == fixture.store.revision && backup.summary.incarnation == fixture.store.incarnation)
        #expect(backup.summary.storeID == fixture.store.storeID && backup.summary.created == fixture.clock.now)
    }

    @Test("lines look as the format's description says")
    func looks() throws {
        let fixture = try Fixture()
        try fixture.store.fillForBackup()
        let lines = try Exported(fixture.store).lines
        func has(_ text: String) -> Bool { lines.contains { $0.contains(text) } }
        #expect(lines[0].hasPrefix(#"{"coffer":"backup","version":1,"created":1700000000000,"daemon":"0.1.0","store":""#))
        #expect(lines[1].hasPrefix(#"{"key":1,"purpose":"api-key-hash","state":"sealing","key64":""#))
        #expect(has(#"{"value_of":"app/0","tenant":1,"version":1,"revision":1,"value":"value 0\n\"quoted\\\""}"#))
        #expect(has(#"{"value_of":"bin/ary","tenant":1,"version":1,"revision":6,"value64":"AP8B"}"#))
        #expect(has(#"{"value_of":"empty","tenant":1,"version":1,"revision":7,"value":""}"#))
        #expect(has(#""metadata":{"owner":"team","Größe":"\u0001"},"tags":["blue"],"versions":[{"version":1,"#))
        #expect(has(#"{"secret":"app/3","tenant":1,"active":0,"latest":1,"deleted":0,"purged":true,"#))
        #expect(has(#"{"secret":"other/tenant","tenant":7,"#))
        #expect(has(#"{"document":"sequences","name":"user","revision":17,"fields":{"last":"18446744073709551615"}}"#))
        #expect(has(#"{"document":"doors","name":"newapi/price","revision":18,"fields":{"changed":5,"value":"7.3"}}"#))
        #expect(has(#"{"budget":"k/2","serial":2,"unlimited":true,"remaining":-5,"#) || has(#"{"budget":"k/2","serial":3,"unlimited":true,"remaining":-5,"#))
        #expect(has(#"{"reservation_of":"k/1","request":"r-1","wallet":"u/1","#) && has(#""state":"open","finished":null}"#))
        #expect(has(#""state":"settled","finished":0}"#) && has(#""line64":"CQk="}"#) && has(#"{"usage_of":"k/1","number":0,"#))
        #expect(lines.last?.hasPrefix(#"{"coffer":"end","lines":31,"counts":{"keys":3,"secrets":8,"#) == true)
    }

    @Test("another program comes to the same digest, and writes each line the same")
    func otherProgram() throws {
        let fixture = try Fixture()
        try fixture.store.fillForBackup()
        let backup = try Exported(fixture.store)
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Tools/backup_digest.py").standardized
        let file = fixture.folder.path + "/lines"
        try Data(backup.bytes).write(to: URL(filePath: file))
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", script.path]
        process.standardInput = try FileHandle(forReadingFrom: URL(filePath: file))
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let answer = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(String(decoding: answer, as: UTF8.self) == backup.summary.digest + "\n")
    }

    @Test("the digest knows nothing of the order, the moment and the sealing")
    func digest() throws {
        let fixture = try Fixture()
        try fixture.store.fillForBackup()
        let first = try Exported(fixture.store)
        fixture.clock.advance(1_000)
        try fixture.reopen()
        let second = try Exported(fixture.store, daemon: "9")
        #expect(first.summary.digest == second.summary.digest && first.summary != second.summary)
        // Sections stay in order; what is in one may come in any.
        var lines = first.lines
        let places = lines.indices.filter { lines[$0].hasPrefix("{\"budget\"") }
        lines.swapAt(places[0], places[2])
        #expect(try verify(Array((lines.joined(separator: "\n") + "\n").utf8)).digest == first.summary.digest)
        try fixture.store.set("one", "more")
        #expect(try Exported(fixture.store).summary.digest != first.summary.digest)
    }

    @Test("a locked store, and a sink that fails")
    func ends() throws {
        let fixture = try Fixture()
        try fixture.store.set("one", "value")
        #expect(code { try fixture.store.exportBackup(progress: { _, _ in }, to: { (_) throws(StoreError) in throw StoreError(.full, "no") }) } == .full)
        fixture.store.lock()
        #expect(code { try Exported(fixture.store) } == .locked)
    }

    @Test("what does not fit its layout ends the backup and is named; damage too")
    func misfits() throws {
        let fixture = try Fixture()
        try fixture.store.run(.putDocument(.users, document("12"), bytes("no user"), expected: .any))
        do {
            _ = try Exported(fixture.store)
            Issue.record("it was written")
        } catch let error as StoreError {
            #expect(error.code == .unknownFormat && error.message == "'12' of table users: has a format that this version does not know")
        }
        try fixture.store.run(.putDocument(.users, document("12"), SecretBuffer([1, 0, 0]), expected: .any))
        do {
            _ = try Exported(fixture.store)
            Issue.record("it was written")
        } catch let error as StoreError {
            #expect(error.code == .damaged && error.message == "'12' of table users, field 'number': is cut off")
        }
        try fixture.store.run(.deleteDocument(.users, document("12"), expected: .any))
        try fixture.store.set("gone", "value")
        _ = try Exported(fixture.store)
        try fixture.whileClosed {
            let raw = try RawStore(fixture.folder)
            defer { raw.close() }
            try raw.delete(.values, try raw.records(.values)[0].key)
        }
        try fixture.store.unlock(.keyFile(Fixture.key))
        #expect(code { try Exported(fixture.store) } == .damaged)
    }

    @Test("a record that nothing leads to is not left out silently")
    func orphans() throws {
        let fixture = try Fixture()
        try fixture.store.set("one", "value")
        try fixture.store.set("two", "value")
        try fixture.whileClosed {
            let raw = try RawStore(fixture.folder)
            defer { raw.close() }
            try raw.delete(.secrets, try raw.records(.secrets)[0].key)
        }
        try fixture.store.unlock(.keyFile(Fixture.key))
        #expect(code { try Exported(fixture.store) } == .damaged)
    }

    @Test("progress ends where it should, and a long value crosses no limit")
    func progress() throws {
        let fixture = try Fixture()
        let value = String(repeating: "\"", count: 1_048_576)
        try fixture.store.set("long", value)
        for index in 0..<20 { try fixture.store.set("n/\(index)", "v") }
        var last: (UInt64, UInt64) = (0, 0)
        var largest = 0
        _ = try fixture.store.exportBackup(progress: { last = ($0, $1) }, to: { (piece) throws(StoreError) in largest = max(largest, piece.count) })
        #expect(last.0 == last.1 && last.0 == 42)
        #expect(largest > 2 << 20 && largest < 3 << 20)
        #expect(try verify(Exported(fixture.store).bytes).count("versions") == 21)
    }
}
