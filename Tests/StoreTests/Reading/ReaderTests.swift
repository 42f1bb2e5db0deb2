import Atomics
import Synchronization
import Testing

@testable import CofferStore

@Suite("Readers")
struct ReaderTests {
    @Test("random puts, deletes and reads through a small index against a dictionary")
    func model() throws {
        let fixture = try Fixture { $0.indexBytes = 1 << 20 }
        let store = fixture.store
        let reader = try store.makeReader()
        var random = SystemRandomNumberGenerator()
        var model: [Int: (text: String, version: UInt64)] = [:]
        var versions: [Int: UInt64] = [:]
        for step in 0..<2_500 {
            var mutations: [Mutation] = []
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let number = Int.random(in: 0..<400, using: &random)
                if Int.random(in: 0..<5, using: &random) == 0 {
                    guard model[number] != nil else { continue }
                    mutations.append(.destroy(name("n\(number)"), version: 0, expected: .any))
                    model[number] = nil
                } else {
                    let text = "\(step)/\(number)/" + String(repeating: "v", count: [10, 300, 5_000, 20_000].randomElement(using: &random)!)
                    mutations.append(mutation(put: "n\(number)", text))
                    versions[number, default: 0] += 1
                    model[number] = (text, versions[number]!)
                }
            }
            _ = try store.commit(Batch(principal: "", mutations: mutations))
            try reader.begin()
            for _ in 0..<8 {
                let number = Int.random(in: 0..<400, using: &random)
                let found = reader.look(name("n\(number)"), now: 0)
                let expected = model[number].map { Read.text($0.text, $0.version) } ?? .missing
                guard found == expected else {
                    Issue.record("n\(number): \(found) instead of \(expected) in step \(step)")
                    return
                }
            }
            reader.end()
        }
        let numbers = store.statistics()
        #expect(numbers.indexBytes <= 1 << 20 && numbers.indexEntries > 10)
    }

    @Test("what was acknowledged on one thread is read on another at once: 100,000 times, two readers")
    func acknowledged() throws {
        let fixture = try Fixture()
        let store = fixture.store
        // The writer's thread says what is true from the acknowledgement on; readers look at it before they begin.
        let acknowledged = ManagedAtomic<UInt64>(0)
        let stop = ManagedAtomic<Bool>(false)
        let wrong = Mutex<[String]>([])
        let checks = ManagedAtomic<Int>(0)
        let wanted = 100_000
        try store.set("x", "1")
        acknowledged.store(1, ordering: .sequentiallyConsistent)
        onThreads(3) { number in
            if number == 0 {
                var version: UInt64 = 1
                while checks.load(ordering: .relaxed) < wanted && version < 1_000_000 {
                    // Every third time the name goes, and comes back.
                    if version % 3 == 0 {
                        _ = try? store.run(.destroy(name("x"), version: 0, expected: .any))
                        acknowledged.store(version << 1 | 1, ordering: .sequentiallyConsistent)
                    }
                    version += 1
                    _ = try? store.set("x", "\(version)")
                    acknowledged.store(version << 1, ordering: .sequentiallyConsistent)
                }
                stop.store(true, ordering: .sequentiallyConsistent)
                return
            }
            guard let reader = try? store.makeReader() else { return wrong.withLock { $0.append("no reader") } }
            while !stop.load(ordering: .relaxed) {
                let before = acknowledged.load(ordering: .sequentiallyConsistent)
                guard (try? reader.begin()) != nil else { return wrong.withLock { $0.append("begin") } }
                let found = reader.look(name("x"), now: 0)
                reader.end()
                let after = acknowledged.load(ordering: .sequentiallyConsistent)
                checks.wrappingIncrement(ordering: .relaxed)
                switch found {
                case .value(let bytes, let version):
                    let right = bytes == Array("\(version)".utf8) && version >= before >> 1 + (before & 1)
                    if !right { wrong.withLock { $0.append("version \(version), acknowledged \(before >> 1) \(before & 1)") } }
                case .missing:
                    // Only between a destroy and the put behind it.
                    if before == after && before & 1 == 0 && before >> 1 % 3 != 0 { wrong.withLock { $0.append("missing at \(before >> 1)") } }
                default: wrong.withLock { $0.append("\(found)") }
                }
                if wrong.withLock({ $0.count > 5 }) { break }
            }
        }
        #expect(wrong.withLock { $0 } == [])
        #expect(checks.load(ordering: .relaxed) >= wanted)
    }

    @Test("changes that are applied inside a transaction do not let an older one fill the index")
    func appliedInside() throws {
        let fixture = try Fixture()
        let store = fixture.store
        let reader = try store.makeReader()
        try store.set("a", "1")
        try reader.begin()
        try store.run(.destroy(name("a"), version: 0, expected: .any))
        reader.applyPending()
        #expect(reader.look(name("a"), now: 0) == .missing)
        reader.end()
        try reader.begin()
        #expect(reader.look(name("a"), now: 0) == .missing)
        reader.end()
    }

    @Test("a reader that slept through very many changes starts over")
    func backlog() throws {
        let fixture = try Fixture()
        let store = fixture.store
        let reader = try store.makeReader()
        for text in ["a", "b", "gone"] { try store.set(text, "old") }
        try reader.begin()
        for text in ["a", "b", "gone"] { #expect(reader.look(name(text), now: 0) == .text("old", 1)) }
        reader.end()
        try store.run(.destroy(name("gone"), version: 0, expected: .any), mutation(put: "a", "new"))
        _ = try store.commit(Batch(principal: "", mutations: (0..<21_000).map { mutation(put: "n\($0)", "x") }))
        try store.set("b", "newer")
        let big = SecretBuffer([UInt8](repeating: 1, count: 16_000))
        for round in 0..<3 {
            _ = try store.commit(Batch(principal: "", mutations: (0..<500).map { .put(NewVersion(name: name("big\($0)-\(round)"), value: big)) }))
        }
        try reader.begin()
        #expect(reader.look(name("gone"), now: 0) == .missing)
        #expect(reader.look(name("a"), now: 0) == .text("new", 2))
        #expect(reader.look(name("b"), now: 0) == .text("newer", 2))
        #expect(reader.look(name("n20999"), now: 0) == .text("x", 1))
        reader.end()
    }

    @Test("outputs that are too small are told how much they need; content type and times come along")
    func outputs() throws {
        let fixture = try Fixture()
        let store = fixture.store
        let expires = fixture.clock.now + 5_000
        try store.run(.put(NewVersion(name: name("a"), value: bytes("value"), expires: expires, contentType: "text/plain")))
        for indexed in [true, false] {
            let reader = try store.makeReader(indexed: indexed)
            for _ in 0..<2 {
                try reader.begin()
                defer { reader.end() }
                var output = [UInt8](repeating: 0, count: 200)
                var needed = 0
                for count in 0..<200 {
                    let outcome = output.withUnsafeMutableBytes { output in
                        name("a").bytes.withUnsafeBytes {
                            reader.readActive(tenant: .main, name: $0, now: 0, into: UnsafeMutableRawBufferPointer(rebasing: output[..<count]))
                        }
                    }
                    switch outcome {
                    case .tooSmall(let bytes):
                        needed = bytes
                        #expect(count < bytes)
                    case .value(let value):
                        #expect(count >= needed && value.writtenLength == needed && value.expires == expires && value.revision == 1)
                        #expect(String(decoding: output[..<(value.valueLength + value.contentTypeLength)], as: UTF8.self) == "valuetext/plain")
                    default: Issue.record("\(outcome)")
                    }
                }
                #expect(needed == 5 + 10 + ValueTrailer.fixedSize + 1)
            }
        }
        // Reading outside of begin and end is an error, not a crash.
        let reader = try store.makeReader(indexed: false)
        #expect(reader.look(name("a"), now: 0) == .failure(.locked))
        try reader.begin()
        reader.end()
        #expect(reader.look(name("a"), now: 0) == .failure(.failed))
        #expect(code { try reader.info(tenant: .main, name: name("a"), now: 0) } == .failed)
    }
}
