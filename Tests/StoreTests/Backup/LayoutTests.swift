import Testing

@testable import CofferStore

@Suite("Layouts of stored things")
struct LayoutTests {
    static let layouts: [(name: String, layout: Layout)] =
        DocumentTable.allCases.flatMap { table in
            ["1", "1/state"].map { ("\(Table(table).name) \($0)", Layout.of(table, document($0))) }
        } + [
            ("name record", .nameRecord), ("budget", .budget), ("reservation", .reservation), ("usage line", .usageLine),
            ("counters", .budgetCounters), ("request line", .requestLine),
        ]

    private static func json(_ bytes: [UInt8], _ layout: Layout) throws(LineFault) -> [UInt8] {
        let output = LineBuffer()
        try bytes.withBytes { (bytes) throws(LineFault) in
            try LayoutWriter.write(bytes, layout, to: output, keyNumbers: [70: 1, 71: 2])
        }
        return Array(output.bytes)
    }

    private static func bytes(_ json: [UInt8], _ layout: Layout) throws(LineFault) -> [UInt8] {
        let output = LineBuffer()
        try json.withBytes { (json) throws(LineFault) in
            guard JSONText.isUTF8(json) else { throw LineFault(field: "", reason: "is not UTF-8") }
            var parser = LineParser(json)
            try LayoutReader.read(&parser, layout, to: output, keyIDs: [1: 70, 2: 71])
            try parser.finish()
        }
        return Array(output.bytes)
    }

    @Test("any bytes that fit come back to the bit")
    func roundTrip() throws {
        var maker = LayoutBytes(hashKeys: [70, 71])
        for (name, layout) in Self.layouts {
            for _ in 0..<60 {
                let made = maker.make(layout)
                let json = try Self.json(made, layout)
                #expect(try Self.bytes(json, layout) == made, "\(name): \(String(decoding: json, as: UTF8.self))")
            }
        }
    }

    @Test("whatever changed JSON is accepted is written the same again")
    func canonical() throws {
        var maker = LayoutBytes(generator: SeededGenerator(seed: 2), hashKeys: [70, 71])
        var accepted = 0
        let pieces = ["\"", ",", "{", "}", "0", "1", "9", "-", "\\u0041", "\\u001F", "\\/", " ", "\"\":", "null", "true", "[", "]", "=", "\\u0001", "64", "é"]
        for (name, layout) in Self.layouts {
            for _ in 0..<60 {
                var json = try Self.json(maker.make(layout), layout)
                let place = maker.number(json.count + 1)
                let piece = Array(pieces[maker.number(pieces.count)].utf8)
                if maker.number(2) == 0 {
                    json.insert(contentsOf: piece, at: place)
                } else {
                    json.replaceSubrange(place..<min(json.count, place + piece.count), with: piece)
                }
                guard let made = try? Self.bytes(json, layout) else { continue }
                accepted += 1
                #expect(try Self.json(made, layout) == json, "\(name): \(String(decoding: json, as: UTF8.self))")
            }
        }
        // Digits and letters of texts may change; otherwise the test would show nothing.
        #expect(accepted > 50)
    }

    @Test("bytes that are cut off or too many are refused")
    func misfits() throws {
        var maker = LayoutBytes(generator: SeededGenerator(seed: 3), hashKeys: [70, 71])
        for (name, layout) in Self.layouts {
            let made = maker.make(layout)
            for length in 0..<made.count {
                guard let json = try? Self.json(Array(made[..<length]), layout) else { continue }
                // Only where the last field takes what is left.
                #expect(try Self.bytes(json, layout) == Array(made[..<length]), "\(name)")
            }
            if let json = try? Self.json(made + [0], layout) { #expect(try Self.bytes(json, layout) == made + [0], "\(name)") }
        }
        #expect(throws: LineFault.self) { try Self.json([2] + UInt64(1).bigEndianBytes, .sequence) }
        #expect(throws: LineFault.self) { try Self.json([1] + UInt64(1).bigEndianBytes + [0], .sequence) }
        #expect(throws: LineFault.self) { try Self.json([], .sequence) }
    }

    @Test("the line of a secret is what its layout says, though it is written without it")
    func secrets() throws {
        var maker = LayoutBytes(generator: SeededGenerator(seed: 4), hashKeys: [70])
        for _ in 0..<200 {
            let fields = maker.make(.nameRecord)
            let record = try NameRecord(decoding: fields + UInt64(7).bigEndianBytes + [0, 3] + Array("a/b".utf8))
            let output = LineBuffer()
            BackupLineWriter(output: output).secret(record)
            let json = String(decoding: try Self.json(fields, .nameRecord), as: UTF8.self)
            #expect(String(decoding: output.bytes, as: UTF8.self) == "{\"secret\":\"a/b\",\"tenant\":7,\(json)}")
        }
    }

    @Test("field names of a layout are there once, and none is taken for its base64 form")
    func names() {
        func check(_ fields: [LayoutField], _ name: String) {
            let names = fields.map(\.name)
            #expect(Set(names).count == names.count, "\(name)")
            #expect(names.allSatisfy { !names.contains($0 + "64") }, "\(name)")
            for field in fields { check(field.type, name) }
        }
        func check(_ type: LayoutType, _ name: String) {
            switch type {
            case .list(_, let element):
                if case .bytes = element { Issue.record("\(name): bytes without a name") }
                check(element, name)
            case .optional(let type): check(type, name)
            case .record(let fields): check(fields, name)
            case .cases(let cases):
                #expect(Set(cases.map(\.code)).count == cases.count && Set(cases.map(\.field.name)).count == cases.count, "\(name)")
                for one in cases { check(one.field.type, name) }
            case .word(let words): #expect(Set(words.map(\.code)).count == words.count && Set(words.map(\.word)).count == words.count, "\(name)")
            case .embedded(_, let layout): check(layout.fields, name)
            default: break
            }
        }
        for (name, layout) in Self.layouts { check(layout.fields, name) }
    }
}
