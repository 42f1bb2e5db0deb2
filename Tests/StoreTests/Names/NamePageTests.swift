import Testing

@testable import CofferStore

@Suite("Pages of names")
struct NamePageTests {
    @Test("a page reads what it wrote, and knows its size")
    func codec() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            var places: Set<[UInt8]> = []
            for _ in 0..<Int.random(in: 1...20, using: &random) {
                places.insert(NamePage.place(tenant: .random(in: 0...2, using: &random), name: (0..<Int.random(in: 1...60, using: &random)).map { _ in .random(in: 97...99, using: &random) }))
            }
            let page = NamePage(entries: places.sorted { $0.lexicographicallyPrecedes($1) }.map { .init(place: $0, deleted: .random(using: &random)) })
            let bytes = page.encoded()
            #expect(bytes.count == page.encodedSize)
            #expect(try NamePage(decoding: bytes).entries == page.entries)
            #expect(code { try NamePage(decoding: bytes + [0]) } == .damaged)
            for count in 0..<bytes.count { #expect(code { try NamePage(decoding: Array(bytes[..<count])) } != nil) }
        }
    }

    @Test("a page out of order, or with a name twice, is damaged")
    func order() throws {
        let a = NamePage.place(tenant: 1, name: [97])
        let b = NamePage.place(tenant: 1, name: [98])
        for places in [[b, a], [a, a], [a, b, b]] {
            let page = NamePage(entries: places.map { .init(place: $0, deleted: false) })
            #expect(code { try NamePage(decoding: page.encoded()) } == .damaged)
        }
    }

    @Test("sealed pages stay within 2,000 bytes, whatever names come in whatever order")
    func capacity() throws {
        for (round, sizes) in [[1, 512], [512, 512], [3, 400, 7], [250, 1, 510]].enumerated() {
            let fixture = try Fixture()
            var random = SystemRandomNumberGenerator()
            var names: [String] = []
            for number in 0..<400 {
                // Few short names first, then long ones that share nothing with their neighbours.
                let length = number < 200 ? sizes[0] + 4 : sizes[number % sizes.count]
                var text = ""
                while text.utf8.count < length { text += text.utf8.count % 200 == 199 ? "/" : String(UnicodeScalar(UInt8.random(in: 97...122, using: &random))) }
                if text.hasSuffix("/") { text += "x" }
                names.append(String(text.utf8.prefix(512))!)
            }
            for slice in stride(from: 0, to: 400, by: 40) {
                _ = try fixture.store.commit(Batch(principal: "", mutations: names[slice..<(slice + 40)].map { mutation(put: $0, "x") }))
            }
            try Scan.check(fixture)
            #expect(try fixture.store.names() == Set(names).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }, "round \(round)")
            for text in Set(names).shuffled().prefix(300) { try fixture.store.run(.destroy(name(text), version: 0, expected: .any)) }
            try Scan.check(fixture)
        }
    }

    @Test("a few long names behind many short ones: both halves fit")
    func unevenSplit() throws {
        let fixture = try Fixture()
        func long(_ letter: String) -> String { String(repeating: letter, count: 250) + "/" + String(repeating: letter, count: 250) }
        let short = (0..<60).map { "a\($0 + 100)" }
        let texts = short + [long("x"), long("z"), long("b"), long("y"), long("c"), long("w")]
        for text in texts { try fixture.store.set(text, "v") }
        try Scan.check(fixture)
        #expect(try fixture.store.names().count == texts.count)
    }
}
