import CofferClient
import Testing

@testable import CofferDaemon

/// The client library against the real daemon.
@Suite struct SecretEndToEndTests {
    private func bytes(_ secret: SecretBytes) -> [UInt8] { secret.withUnsafeBytes { Array($0) } }

    @Test func valuesOfEverySizeComeBack() async throws {
        try await RunningDaemon.with { daemon in
            let client = try daemon.client()
            defer { client.close() }
            for size in [0, 1, 127, 1_023, 16_384, 65_536, 1_048_576] {
                let value = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ size) }
                let put = try await client.put("sizes/\(size)", value: SecretBytes(value))
                #expect(put.version == 1)
                let secret = try await client.get("sizes/\(size)")
                #expect(bytes(secret.value) == value)
            }
            let tooLong = SecretBytes([UInt8](repeating: 0, count: 1_048_577))
            await #expect(throws: ClientError.self) { try await client.put("sizes/too-long", value: tooLong) }
            await #expect(throws: ClientError.self) { try await client.get("sizes/too-long") }
        }
    }

    @Test func manyTasksShareOneConnection() async throws {
        try await RunningDaemon.with { daemon in
            let client = try daemon.client()
            defer { client.close() }
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for task in 0..<64 {
                    tasks.addTask {
                        for round in 0..<20 {
                            let name = "many/\(task)"
                            try await client.put(name, value: SecretBytes(utf8: "\(task).\(round)"))
                            let secret = try await client.get(name)
                            #expect(secret.version == UInt64(round + 1))
                            #expect(bytes(secret.value) == Array("\(task).\(round)".utf8))
                        }
                    }
                }
                try await tasks.waitForAll()
            }
        }
    }

    /// formats.md 17: a change that was acknowledged on one loop is seen on every other.
    @Test func whatWasAnsweredIsSeenOnEveryLoop() async throws {
        try await RunningDaemon.with(adjust: { $0.loops = 3 }) { daemon in
            let writer = try daemon.client()
            let readers = [try daemon.client(), try daemon.client(), try daemon.client()]
            defer {
                writer.close()
                for reader in readers { reader.close() }
            }
            for round in 1...500 {
                let put = try await writer.put("seen", value: SecretBytes(utf8: "\(round)"))
                for reader in readers { #expect(try await reader.get("seen").version == put.version) }
            }
            try await writer.delete("seen")
            for reader in readers { await #expect(throws: ClientError.self) { try await reader.get("seen") } }
        }
    }

    @Test func aWatchTellsEveryChangeInOrder() async throws {
        try await RunningDaemon.with { daemon in
            let (watcher, writer) = (try daemon.client(), try daemon.client())
            defer {
                watcher.close()
                writer.close()
            }
            let watch = try await watcher.watch(prefix: "w/", values: true)
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask {
                    for round in 0..<300 { try await writer.put("w/\(round % 7)", value: SecretBytes(utf8: "\(round)")) }
                }
                var seen = 0
                for try await update in watch {
                    guard case .change(let change) = update else {
                        Issue.record("a resync that nobody needed")
                        break
                    }
                    #expect(change.name == Array("w/\(seen % 7)".utf8))
                    #expect(change.value.map { bytes($0) } == Array("\(seen)".utf8))
                    seen += 1
                    if seen == 300 { break }
                }
                try await tasks.waitForAll()
            }
        }
    }

    @Test func lockEndsWatchesAndAnswersLocked() async throws {
        try await RunningDaemon.with { daemon in
            let client = try daemon.client()
            defer { client.close() }
            try await client.put("x", value: SecretBytes(utf8: "1"))
            try await client.lock()
            for _ in 0..<2 {
                do {
                    _ = try await client.get("x")
                    Issue.record("a locked store answered")
                } catch let error as ClientError {
                    #expect(error.code == .locked)
                }
            }
            let entries = try await client.status().entries
            #expect(entries.contains { $0.key == "locked" && $0.value == .number(1) })
        }
    }

    @Test func everythingIsThereBehindARestart() async throws {
        try await RunningDaemon.with { daemon in
            // A second daemon on the same folders, behind the first: the helper's own one stays on its socket.
            var settings = RunningDaemon.settings(in: daemon.folder + "/second")
            settings.socket = daemon.folder + "/s2"
            for round in 1...3 {
                try await RunningDaemon.run(settings) {
                    let client = try RunningDaemon.client(daemon.folder + "/s2")
                    defer { client.close() }
                    #expect(try await client.put("kept", value: SecretBytes(utf8: "\(round)")).version == UInt64(round))
                    var names: [[UInt8]] = []
                    for try await entry in try client.list(prefix: "") { names.append(entry.name) }
                    #expect(names == [Array("kept".utf8)])
                }
            }
        }
    }
}
