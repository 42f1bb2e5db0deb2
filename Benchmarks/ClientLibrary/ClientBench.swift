import ArgumentParser
import CofferClient
import Glibc

/// Reads through the client library from concurrent tasks that share one connection, and prints one line of JSON.
///
/// The keys and values are those of coffer-bench, which has to have written them; every answer is checked.
@main
struct ClientBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coffer-bench-client", abstract: "Measure reads through the Swift client library.")

    @Option(help: "The daemon's socket.") var socket: String
    @Option(help: "Tasks that read at once, one after the other each.") var tasks = 1
    @Option(help: "Different keys.") var keys: UInt64 = 100_000
    @Option(help: "Bytes of a value.") var valueSize = 128
    @Option(help: "Seconds to measure.") var durationSeconds = 2.0
    @Option(help: "Seconds to run before measuring.") var warmupSeconds = 0.3
    @Option(help: "Seed of the random keys.") var seed: UInt64 = 1

    func validate() throws {
        guard tasks >= 1, tasks <= 10_000 else { throw ValidationError("--tasks: 1 to 10,000") }
        guard keys >= 1, keys <= 10_000_000 else { throw ValidationError("--keys: 1 to 10,000,000") }
        guard durationSeconds > 0, durationSeconds <= 3_600, warmupSeconds >= 0, warmupSeconds <= 3_600 else {
            throw ValidationError("--duration-seconds, --warmup-seconds: at most 3,600")
        }
    }

    func run() async throws {
        let client = try CofferClient(ClientConfiguration(socketPath: socket, clientName: "coffer-bench-client"))
        defer { client.close() }
        // Not what is to be measured.
        let names = (0..<keys).map(Self.name)
        if warmupSeconds > 0 { _ = try await read(client, names, seconds: warmupSeconds) }
        let began = Self.now()
        let times = try await read(client, names, seconds: durationSeconds).sorted()
        let seconds = Double(Self.now() - began) / 1e9
        func percentile(_ share: Double) -> Double { Double(times[min(times.count - 1, Int(Double(times.count) * share))]) / 1e3 }
        print(
            "{\"tasks\": \(tasks), \"ops\": \(times.count), \"ops_per_second\": \(Double(times.count) / seconds), \"p50_us\": \(percentile(0.5)), "
                + "\"p99_us\": \(percentile(0.99)), \"p999_us\": \(percentile(0.999))}")
    }

    /// - Returns: how long each read took, in nanoseconds.
    private func read(_ client: CofferClient, _ names: [String], seconds: Double) async throws -> [UInt64] {
        let end = Self.now() + UInt64(seconds * 1e9)
        return try await withThrowingTaskGroup(of: [UInt64].self) { group in
            for task in 0..<tasks {
                group.addTask {
                    var times: [UInt64] = []
                    times.reserveCapacity(1 << 16)
                    var random = seed &+ UInt64(task) &* 0x9E37_79B9_7F4A_7C15
                    var time = Self.now()
                    while time < end {
                        let key = Self.next(&random) % keys
                        let secret = try await client.get(names[Int(key)])
                        guard secret.value.count == valueSize, valueSize < 8 || secret.value.withUnsafeBytes({ $0.loadUnaligned(as: UInt64.self) }) == key
                        else { throw ValidationError("another value than that of key \(key)") }
                        let done = Self.now()
                        times.append(done - time)
                        time = done
                    }
                    return times
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }

    private static func name(_ key: UInt64) -> String {
        let digits = String(key)
        return "bench/" + String(repeating: "0", count: 34 - digits.count) + digits
    }

    /// SplitMix64.
    private static func next(_ state: inout UInt64) -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    private static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }
}
