import Foundation
import Testing

@testable import CofferStore

/// A measurement, not a test of the usual run: `COFFER_MILLION=1` (another number: so many secrets). Figures are of release builds.
@Suite("A million secrets", .enabled(if: ProcessInfo.processInfo.environment["COFFER_MILLION"] != nil))
struct MillionTests {
    private static func text(_ number: Int) -> String {
        // 40 bytes.
        let digits = String(number)
        return "production/service-\(10 + number % 90)/secret/" + String(repeating: "0", count: 11 - digits.utf8.count) + digits
    }

    @Test("import, open and unlock, read all, list")
    func million() throws {
        let asked = Int(ProcessInfo.processInfo.environment["COFFER_MILLION"] ?? "") ?? 1
        let count = asked > 1 ? asked : 1_000_000
        let fixture = try Fixture {
            $0.mapBytes = 1 << 40
            $0.indexBytes = 320 << 20
        }
        let clock = ContinuousClock()
        func report(_ what: String, _ time: Duration) { print("\(what): \(time)") }
        #expect(Self.text(1).utf8.count == 40)
        report("import of \(count), 10,000 a batch", try clock.measure {
            for start in stride(from: 0, to: count, by: 10_000) {
                let mutations = (start..<min(start + 10_000, count)).map { number in
                    Mutation.put(NewVersion(name: name(Self.text(number)), value: SecretBuffer([UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 128))))
                }
                _ = try fixture.store.commit(Batch(principal: "import", mutations: mutations))
            }
        })
        fixture.store.close()
        var store: Store?
        let openTime = try clock.measure {
            store = try Store.open(at: fixture.folder.store, options: fixture.options)
            try store?.unlock(.keyFile(Fixture.key))
            _ = try store?.look(Self.text(count / 2))
        }
        report("open, unlock, first answer", openTime)
        let reopened = try #require(store)
        report("until the list of names stands", try clock.measure { _ = try reopened.names("nothing") })
        #expect(openTime < .seconds(1))
        var reader: StoreReader? = try reopened.makeReader()
        var wrong = 0
        report("read all, first time", try clock.measure { wrong += try Self.readAll(#require(reader), count) })
        let numbers = reopened.statistics()
        print("index: \(numbers.indexBytes) bytes, \(numbers.indexEntries) entries; directory: \(numbers.nameDirectoryBytes) bytes, \(numbers.namePages) pages; file: \(numbers.fileBytes) bytes")
        #expect(numbers.indexBytes <= 320 << 20)
        report("read all, again", try clock.measure { wrong += try Self.readAll(#require(reader), count) })
        #expect(wrong == 0)
        report("1,000 pages of 100 names by prefix", try clock.measure {
            for number in 0..<1_000 {
                let prefix = Array("production/service-\(10 + number % 90)/".utf8)
                let page = try reopened.withWorker { (worker) throws(StoreError) in
                    try worker.names(tenant: .main, prefix: prefix, after: nil, limit: 100, includeDeleted: false)
                }
                #expect(page.entries.count == min(100, count / 90))
            }
        })
        report("1,000 single puts in order", try clock.measure {
            for number in 0..<1_000 { try reopened.set(Self.text(number * (count / 1_000)), "new") }
        })
        reader = nil
        reopened.close()
    }

    private static func readAll(_ reader: StoreReader, _ count: Int) throws -> Int {
        var wrong = 0
        var output = [UInt8](repeating: 0, count: 4_096)
        for start in stride(from: 0, to: count, by: 1_000) {
            try reader.begin()
            defer { reader.end() }
            for number in start..<min(start + 1_000, count) {
                let outcome = output.withUnsafeMutableBytes { output in
                    Array(Self.text(number).utf8).withUnsafeBytes { reader.readActive(tenant: .main, name: $0, now: 0, into: output) }
                }
                guard case .value(let value) = outcome, value.valueLength == 128, output[0] == UInt8(truncatingIfNeeded: number) else {
                    wrong += 1
                    continue
                }
            }
        }
        return wrong
    }
}
