import Foundation
import Glibc
import Testing

@testable import CofferStore

/// Flipped bytes in the raw data file. LMDB trusts its pages, so a child process does the reading: it may die, but never answer with a
/// wrong value. `COFFER_DAMAGE_CYCLES`: how many files.
@Suite("Damaged data files")
struct DamageTests {
    static let names = 60

    static func value(_ number: Int) -> String { "value of \(number) " + String(repeating: "\(number % 10)", count: number * 37 % 3_000) }

    @Test("never a wrong value")
    func neverWrong() throws {
        let environment = ProcessInfo.processInfo.environment
        let cycles = Int(environment["COFFER_DAMAGE_CYCLES"] ?? "") ?? 150
        let fixture = try Fixture()
        for number in 0..<Self.names { try fixture.store.set("dir-\(number % 5)/name-\(number)", Self.value(number)) }
        fixture.store.close()
        let store = fixture.folder.store
        try FileManager.default.copyItem(atPath: store + "/current/data.mdb", toPath: fixture.folder.path + "/pristine")
        try FileManager.default.removeItem(atPath: store + "/counter")
        let progress = fixture.folder.path + "/progress"
        let verdict = fixture.folder.path + "/verdict"
        var next = 0
        var deaths = 0
        while next < cycles {
            let child = Process()
            child.executableURL = URL(fileURLWithPath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
            child.arguments = ["--testing-library", "swift-testing", "--filter", "DamageChild"]
            child.environment = environment.merging(
                ["COFFER_DAMAGE": fixture.folder.path, "COFFER_DAMAGE_FROM": "\(next)", "COFFER_DAMAGE_TO": "\(cycles)", "SWIFT_BACKTRACE": "enable=no"],
                uniquingKeysWith: { $1 })
            child.standardOutput = FileHandle.nullDevice
            child.standardError = FileHandle.nullDevice
            try child.run()
            child.waitUntilExit()
            let reached = Int((try? String(contentsOfFile: progress, encoding: .utf8)) ?? "") ?? next
            #expect(!FileManager.default.fileExists(atPath: verdict), "\((try? String(contentsOfFile: verdict, encoding: .utf8)) ?? "")")
            if child.terminationReason == .exit && child.terminationStatus == 0 {
                #expect(reached == cycles, "the child did not run")
                break
            }
            deaths += 1
            next = reached + 1
        }
        print("damaged files: \(cycles), children that died of a signal: \(deaths)")
    }
}

@Suite("DamageChild", .enabled(if: ProcessInfo.processInfo.environment["COFFER_DAMAGE"] != nil))
struct DamageChild {
    /// Small and the same everywhere, so that a cycle can be repeated.
    private struct Random: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    @Test("reads damaged files")
    func read() throws {
        let environment = ProcessInfo.processInfo.environment
        let folder = try #require(environment["COFFER_DAMAGE"])
        let from = try #require(Int(environment["COFFER_DAMAGE_FROM"] ?? ""))
        let to = try #require(Int(environment["COFFER_DAMAGE_TO"] ?? ""))
        let pristine = try Data(contentsOf: URL(fileURLWithPath: folder + "/pristine"))
        let options = Fixture.options(ManualClock())
        for seed in from..<to {
            try Data("\(seed)".utf8).write(to: URL(fileURLWithPath: folder + "/progress"))
            // A damaged page may point at itself.
            alarm(10)
            var random = Random(state: UInt64(seed))
            var bytes = pristine
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                // Every fourth in the first bytes of a page, where LMDB keeps what it trusts.
                let page = Int.random(in: 0..<(bytes.count / 4_096), using: &random) * 4_096
                let offset = page + Int.random(in: 0..<(Int.random(in: 0..<4, using: &random) == 0 ? 64 : 4_096), using: &random)
                bytes[offset] ^= UInt8.random(in: 1...255, using: &random)
            }
            try bytes.write(to: URL(fileURLWithPath: folder + "/store/current/data.mdb"))
            try? FileManager.default.removeItem(atPath: folder + "/store/counter")
            try Self.readAll(folder, options, seed)
        }
        try Data("\(to)".utf8).write(to: URL(fileURLWithPath: folder + "/progress"))
    }

    private static func readAll(_ folder: String, _ options: Store.Options, _ seed: Int) throws {
        guard let store = try? Store.open(at: folder + "/store", options: options) else { return }
        defer { store.close() }
        guard (try? store.unlock(.keyFile(Fixture.key))) != nil else { return }
        var known: Set<String> = []
        for number in 0..<DamageTests.names {
            let text = "dir-\(number % 5)/name-\(number)"
            known.insert(text)
            guard case .value(let bytes, let version)? = try? store.look(text) else { continue }
            if bytes != Array(DamageTests.value(number).utf8) || version != 1 {
                try Data("seed \(seed): \(text) is wrong".utf8).write(to: URL(fileURLWithPath: folder + "/verdict"))
            }
        }
        for text in (try? store.names()) ?? [] where !known.contains(text) {
            try Data("seed \(seed): the list has \(text)".utf8).write(to: URL(fileURLWithPath: folder + "/verdict"))
        }
        _ = try? store.set("dir-1/name-1", "changed")
        _ = try? store.set("another", "one")
    }
}
