import Testing

@testable import CofferStore

@Suite("Backups that are refused")
struct BackupRefusalTests {
    /// A small valid backup, as lines without the last.
    private static func lines() throws -> [String] {
        let fixture = try Fixture()
        try fixture.store.set("app/one", "first")
        try fixture.store.set("app/one", "second")
        try fixture.store.set("app/two", "x")
        try fixture.store.run(.budget(.make("k", 5)))
        return try Exported(fixture.store).lines
    }

    /// With a last line that is true to what the lines are.
    private static func closed(_ lines: [String]) -> String {
        var digest = LineDigest()
        var counts = BackupCounts()
        var content: UInt64 = 0
        for line in lines.dropFirst() {
            Array(line.utf8).withUnsafeBytes { digest.add($0) }
            content += 1
            let kinds: [(String, BackupCounts.Kind)] = [
                ("{\"key\"", .keys), ("{\"secret\"", .secrets), ("{\"value_of\"", .versions), ("{\"budget\"", .budgets),
                ("{\"counters\"", .counters), ("{\"document\":\"sequences\"", .documents(.sequences)),
            ]
            if let kind = kinds.first(where: { line.hasPrefix($0.0) })?.1 { counts[kind] += 1 }
        }
        let output = LineBuffer()
        BackupLineWriter(output: output).trailer(BackupTrailer(lines: content, counts: counts, digest: digest.hex))
        return (lines + [String(decoding: output.bytes, as: UTF8.self)]).joined(separator: "\n") + "\n"
    }

    @Test("truncated anywhere, doubled, empty, foreign, newer")
    func whole() throws {
        let lines = try Self.lines()
        let text = lines.joined(separator: "\n") + "\n"
        #expect(refusal(text) == "")
        #expect(Self.closed(Array(lines.dropLast())) == text)
        let bytes = Array(text.utf8)
        for length in 0..<bytes.count { #expect(throws: StoreError.self) { try verify(Array(bytes[..<length])) } }
        #expect(refusal("") == "unknown-format: this is no backup of Coffer: it is empty")
        #expect(refusal(text + text) == "damaged: line \(lines.count + 1) of the backup: stands behind the last line")
        #expect(refusal(text + "\n").hasPrefix("damaged: line \(lines.count + 1) of the backup"))
        #expect(refusal(lines.dropLast().joined(separator: "\n") + "\n").contains("without its last line"))
        #expect(refusal("{\"hello\":1}\n").hasPrefix("unknown-format: line 1 of the backup"))
        #expect(refusal("PK\u{3}\u{4}\n").hasPrefix("unknown-format: line 1"))
        #expect(refusal("\n").hasPrefix("unknown-format: line 1"))
        #expect(refusal(String(repeating: "x", count: 5 << 20)).hasPrefix("unknown-format: line 1 of the backup is longer than 4194304"))
        let newer = text.replacing("\"version\":1,\"created\"", with: "\"version\":2,\"created\"")
        #expect(refusal(newer) == "unknown-format: line 1 of the backup, field 'version': is 2; this version of Coffer knows 1")
        #expect(refusal(text.replacing("\n", with: "\r\n")).contains("line 1"))
    }

    @Test("a line of 100 MB is refused while it is read, and not held")
    func longLine() throws {
        let header = try Self.lines()[0] + "\n"
        let reader = BackupLineReader()
        try Array(header.utf8).withBytes { (bytes) throws(StoreError) in try reader.update(bytes) { (_) throws(StoreError) in } }
        let piece = [UInt8](repeating: UInt8(ascii: "a"), count: 1 << 20)
        var taken = 0
        let refused = code {
            for _ in 0..<100 {
                try piece.withBytes { (bytes) throws(StoreError) in try reader.update(bytes) { (_) throws(StoreError) in } }
                taken += 1
            }
        }
        #expect(refused == .damaged && taken == 4)
        #expect(code { try reader.finish() } == .damaged)
    }

    @Test("lines that are missing, doubled, changed or out of order")
    func order() throws {
        let lines = Array(try Self.lines().dropLast())
        let place = { (prefix: String) in try #require(lines.firstIndex { $0.hasPrefix(prefix) }) }
        #expect(refusal(Self.closed(lines)) == "")
        func changed(_ change: (inout [String]) throws -> Void) rethrows -> String {
            var copy = lines
            try change(&copy)
            return refusal(Self.closed(copy))
        }
        // Values before their name, without it, or one too few or too many.
        #expect(try changed { $0.swapAt(try place("{\"secret\""), try place("{\"value_of\"")) }.contains("'value_of': does not stand behind its secret"))
        #expect(try changed { $0.remove(at: try place("{\"value_of\":\"app/one\"")) }.contains("'version': is not the next of the secret before"))
        #expect(try changed { $0.remove(at: try place("{\"value_of\":\"app/two\"")) }.contains("a version of the secret before is missing"))
        #expect(try changed { $0.insert(lines[try place("{\"value_of\":\"app/two\"")], at: try place("{\"budget\"")) }.contains("'value_of'"))
        #expect(try changed { $0.insert(lines[try place("{\"budget\"")], at: try place("{\"secret\"")) }.contains("stands behind lines of a later kind"))
        #expect(try changed { $0.remove(at: try place("{\"key\":1")) }.contains("'key': is not the next number"))
        #expect(changed { $0.remove(at: 3) }.contains("'key': is missing for a purpose"))
        #expect(changed { $0.insert($0[0], at: 1) }.contains("is a second first line"))
        #expect(changed { $0.remove(at: 0) }.contains("this is no backup of Coffer"))
        #expect(changed { $0[1] = $0[1].replacing("api-key-hash", with: "records") }.contains("'purpose'"))
        let second = lines[1].replacing("{\"key\":1", with: "{\"key\":2")
        #expect(changed { $0[2] = second }.contains("'state': is that of another key"))
        // The last line must be true.
        var text = lines.joined(separator: "\n") + "\n" + (try Self.lines().last ?? "") + "\n"
        #expect(refusal(text).contains("'digest'"))
        text = Self.closed(lines).replacing("\"versions\":3", with: "\"versions\":2")
        #expect(refusal(text).contains("'counts': says 2 versions, but 3 came"))
        text = Self.closed(lines).replacing("\"end\",\"lines\":", with: "\"end\",\"lines\":1")
        #expect(refusal(text).contains("'lines'"))
    }

    @Test(
        "a line that says the same in other words, or something that cannot be",
        arguments: [
            ("\"tenant\":1,\"active\"", "\"tenant\": 1,\"active\""), ("\"tenant\":1,\"active\"", "\"tenant\":01,\"active\""),
            ("\"tenant\":1,\"active\"", "\"tenant\":1.0,\"active\""), ("\"tenant\":1,\"active\"", "\"tenant\":\"1\",\"active\""),
            ("\"tenant\":1,\"active\"", "\"tenant\":-1,\"active\""), ("\"tenant\":1,\"active\"", "\"tenant\":9007199254740992,\"active\""),
            ("\"tenant\":1,\"active\"", "\"tenant\":\"99999999999999999999\",\"active\""),
            ("\"tenant\":1,\"active\"", "\"tenant\":1,\"tenant\":1,\"active\""), ("\"tenant\":1,\"active\"", "\"active\""),
            ("\"purged\":false", "\"purged\":0"), ("\"purged\":false", "\"purged\":false,\"more\":1"), ("\"tags\":[]", "\"tags\":[,]"),
            ("\"tags\":[]", "\"tags\":[\"a\",]"), ("\"tags\":[]", "\"tags\":[1]"), ("\"tags\":[]", "\"tags\":{}"),
            ("\"metadata\":{}", "\"metadata\":{\"a\":\"1\",\"a\":\"2\"}"), ("\"metadata\":{}", "\"metadata\":null"),
            ("\"value\":\"second\"", "\"value\":\"\\u0073econd\""), ("\"value\":\"second\"", "\"value64\":\"c2Vjb25k\""),
            ("\"value\":\"second\"", "\"value\":\"secon\\d\""), ("\"value\":\"second\"", "\"value\":\"secon\u{1}\""),
            ("\"value\":\"second\"", "\"value\":\"secon\\u0001\""), ("\"value\":\"second\"", "\"value\":\"seconds\""),
            ("\"value\":\"second\"", "\"value\":\"second\",\"value64\":\"\""), ("\"value\":\"second\"", "\"value\":null"),
            ("\"value\":\"second\"", "\"value64\":\"/////////w=\""), ("\"value\":\"second\"", "\"value64\":\"//////9=\""),
            ("\"value\":\"second\"", "\"value\":\"second"), ("\"size\":6", "\"size\":7"), ("\"size\":6", "\"size\":4294967296"),
            ("{\"secret\":\"app/two\"", "{\"secret\":\"app//two\""), ("{\"secret\":\"app/two\"", "{\"secret\":\"\""),
            ("{\"secret\":\"app/two\"", "{\"secret\":\"app/tw\u{202e}\""), ("\"keep_last\":10", "\"keep_last\":0"),
            ("\"active\":2,\"latest\":2", "\"active\":9,\"latest\":2"), ("\"active\":2,\"latest\":2", "\"active\":2,\"latest\":1"),
            ("{\"budget\":\"k\"", "{\"budget\":\"\""), ("{\"budget\":\"k\"", "{\"balance\":\"k\""), ("{\"budget\":\"k\"", "{\"budget\":\"a*\""),
            ("\"remaining\":5", "\"remaining\":-1"), ("\"remaining\":5", "\"remaining\":500000000000001"),
            ("\"used\":0", "\"used\":-1"), ("\"reserved\":0", "\"reserved\":\"9223372036854775807\""),
            ("\"unlimited\":false", "\"unlimited\":\"false\""), ("\"remaining\":5", "\"remaining\":-0"),
            ("\"remaining\":5", "\"remaining\":\"9223372036854775808\""), ("\"lines\":0}", "\"lines\":0} "), ("\"lines\":0}", "\"lines\":0}{}"),
            ("\"key64\":\"", "\"key64\":\"AAAA"), ("\"store\":\"", "\"store\":\"AB"), ("\"store\":\"", "\"store\":\""),
            ("\"daemon\":\"0.1.0\"", "\"daemon\":\"0.1.0\",\"x\":1"),
        ])
    func spelling(_ change: (from: String, to: String)) throws {
        let lines = Array(try Self.lines().dropLast())
        let text = lines.map { $0.replacing(change.from, with: change.to, maxReplacements: 1) }
        try #require(change.from == change.to || text != lines)
        let refused = refusal(Self.closed(text))
        if change.from == change.to { #expect(refused == "") } else { #expect(refused.hasPrefix("damaged: line "), "\(refused)") }
        #expect(!refused.contains("second"))
    }

    @Test(
        "amounts of a reservation that would overflow later",
        arguments: [("amount", "\"-9223372036854775808\""), ("amount", "-1"), ("charged", "-1"), ("shortfall", "\"9223372036854775807\"")])
    func reservations(_ field: String, _ value: String) throws {
        let fixture = try Fixture()
        try fixture.store.fillForBackup()
        var lines = Array(try Exported(fixture.store).lines.dropLast())
        let place = try #require(lines.firstIndex { $0.hasPrefix("{\"reservation_of\"") })
        let parts = lines[place].split(separator: "\"\(field)\":", maxSplits: 1)
        let rest = try #require(parts.last?.firstIndex(of: ",").map { parts[1][$0...] })
        lines[place] = parts[0] + "\"\(field)\":\(value)" + rest
        #expect(refusal(Self.closed(lines)).hasSuffix("field '\(field)': is out of range"))
    }

    @Test("a document that names a key that did not come, or that is too large")
    func documents() throws {
        let fixture = try Fixture()
        let hash = [UInt8](repeating: 7, count: 32)
        var writer = FieldWriter()
        writer.u8(1)
        for number: UInt64 in [4, 2] { writer.u64(number) }
        writer.u8(1)
        writer.text("token")
        for _ in 0..<3 { writer.u64(0) }
        writer.u32(3)
        writer.bytes16(hash)
        try fixture.store.run(.putDocument(.accessTokens, document("4"), SecretBuffer(writer.bytes), expected: .any))
        let backup = try Exported(fixture.store)
        #expect(backup.text.contains("\"hash_key\":1,\"hash64\":\"BwcHB"))
        #expect(refusal(backup.text.replacing("\"hash_key\":1", with: "\"hash_key\":2")).contains("'hash_key': names a key that did not come before"))
        // A reader that gave the key another id gets documents that name that one.
        let reader = BackupLineReader()
        var found: [UInt8] = []
        try backup.bytes.withBytes { (bytes) throws(StoreError) in
            try reader.update(bytes) { (item) throws(StoreError) in
                if case .key(let key) = item, key.purpose == .apiKeyHash { reader.setKeyID(77, of: key.number) }
                if case .document(let document) = item { found = Array(document.bytes.bytes) }
            }
        }
        #expect(found == Array(writer.bytes[..<(writer.bytes.count - 38)]) + [0, 0, 0, 77, 0, 32] + hash)
        // The store's own id of the key stays at home: it is 3 here.
        var other = writer.bytes
        other[other.count - 35] = 99
        try fixture.store.run(.putDocument(.accessTokens, document("4"), SecretBuffer(other), expected: .any))
        #expect(code { try Exported(fixture.store) } == .damaged)
    }
}
