import Foundation
import Glibc
import Testing

@testable import CofferStore

/// The look at a data file before LMDB gets it.
@Suite("Examination of data files")
struct ExaminationTests {
    private func examine(_ fixture: Fixture) throws(StoreError) -> StoreExamination {
        try StoreExamination(folder: fixture.folder.store + "/current", alive: {})
    }

    @Test("finds nothing in stores that were used")
    func good() throws {
        let fixture = try Fixture { $0.sealLimit = 1 << 12 }
        var random = SmallRandom(state: 5)
        for round in 0..<12 {
            for _ in 0..<20 {
                var steps: [Mutation] = []
                for _ in 0..<Int.random(in: 1...60, using: &random) {
                    let text = "dir-\(Int.random(in: 0..<9, using: &random))/" + String(repeating: "n", count: Int.random(in: 1...200, using: &random))
                        + "\(Int.random(in: 0..<150, using: &random))"
                    switch Int.random(in: 0..<10, using: &random) {
                    case 0: steps.append(.putDocument(.credentials, document("d\(round)"), bytes(String(repeating: "d", count: Int.random(in: 0..<20_000, using: &random))), expected: .any))
                    default: steps.append(mutation(put: text, String(repeating: "v", count: Int.random(in: 0...9, using: &random) == 0 ? 60_000 : 90)))
                    }
                }
                _ = try fixture.store.commit(Batch(principal: "uid:0", mutations: steps))
            }
            for name in try fixture.store.names() where Int.random(in: 0..<3, using: &random) == 0 {
                try fixture.store.run(.destroy(Name(trusted: Array(name.utf8)), version: 0, expected: .any))
            }
            fixture.store.close()
            let found = try examine(fixture)
            #expect(found.records > 0 && found.pages > 30)
            try fixture.reopen()
            #expect(try fixture.store.scrub().isGood)
        }
    }

    @Test("finds nothing in a store that was just made")
    func fresh() throws {
        let fixture = try Fixture()
        fixture.store.close()
        _ = try examine(fixture)
    }

    /// The claim that everything else rests on: what passes the examination can be used by LMDB, in this very process, for reading and
    /// for writing, and gives no wrong value. `COFFER_EXAMINE_CYCLES`: how many files.
    @Test("a file with a flipped byte is refused, or can be used")
    func flips() throws {
        let cycles = Int(ProcessInfo.processInfo.environment["COFFER_EXAMINE_CYCLES"] ?? "") ?? 60
        let fixture = try LivedInStore.make()
        for number in 0..<200 { try fixture.store.set("more/\(number)", LivedInStore.value(number)) }
        fixture.store.close()
        let file = fixture.folder.store + "/current/data.mdb"
        let pristine = try Data(contentsOf: URL(fileURLWithPath: file))
        let counter = try Data(contentsOf: URL(fileURLWithPath: fixture.folder.store + "/counter"))
        var refused = 0, locked = 0, named = 0, untouched = 0
        for seed in 0..<cycles {
            var random = SmallRandom(state: UInt64(seed))
            var bytes = pristine
            for _ in 0..<(seed % 10 == 0 ? 2 : 1) {
                // Every other among the first bytes of a page, where LMDB keeps what it trusts.
                let page = Int.random(in: 0..<(bytes.count / 4_096), using: &random) * 4_096
                let offset = page + Int.random(in: 0..<(Bool.random(using: &random) ? 48 : 4_096), using: &random)
                bytes[offset] ^= UInt8.random(in: 1...255, using: &random)
            }
            try bytes.write(to: URL(fileURLWithPath: file))
            try counter.write(to: URL(fileURLWithPath: fixture.folder.store + "/counter"))
            do throws(StoreError) { _ = try examine(fixture) } catch {
                #expect([.damaged, .unknownFormat].contains(error.code), "seed \(seed): \(error)")
                refused += 1
                continue
            }
            switch try use(fixture, seed) {
            case .locked: locked += 1
            case .named: named += 1
            case .untouched: untouched += 1
            }
        }
        print("flipped files: \(refused) refused, \(locked) not unlocked, \(named) named by the scrub, \(untouched) untouched")
        #expect(refused > 0 && untouched > 0)
    }

    private enum Outcome { case locked, named, untouched }

    private func use(_ fixture: Fixture, _ seed: Int) throws -> Outcome {
        let store: Store
        do throws(StoreError) {
            store = try Store.open(at: fixture.folder.store, options: fixture.options)
        } catch {
            return .locked
        }
        defer { store.close() }
        do throws(StoreError) { try store.unlock(.keyFile(Fixture.key)) } catch {
            #expect([.damaged, .unlockFailed, .rolledBack, .unknownFormat, .unknownKey].contains(error.code), "seed \(seed): \(error)")
            return .locked
        }
        let report = try store.scrub()
        var isWhole = true
        for number in 0..<200 {
            let read = try store.look("more/\(number)")
            if read == .text(LivedInStore.value(number), 1) { continue }
            switch read {
            case .failure, .missing, .versionNotFound: isWhole = false
            default: Issue.record("seed \(seed): more/\(number) is \(read)")
            }
        }
        #expect(isWhole || !report.isGood, "seed \(seed): something is gone, and the scrub does not see it")
        // Writing goes over all that the file says of itself, its free list included.
        for round in 0..<3 {
            let steps = (0..<20).map { mutation(put: "new/\($0 + round * 20)", LivedInStore.value($0)) }
            _ = try? store.commit(Batch(principal: "uid:0", mutations: steps))
        }
        if report.isGood { #expect(try store.scrub().isGood, "seed \(seed): writing broke it") }
        return report.isGood ? .untouched : .named
    }
}

/// Small and the same everywhere, so that a cycle can be repeated.
struct SmallRandom: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
