import ArgumentParser
import CofferWire
import Glibc

/// Loads a server over its Unix socket from one thread and prints one line of JSON.
@main
struct Bench: ParsableCommand {
    enum ServerKind: String, ExpressibleByArgument { case coffer, redis }
    enum Operation: String, ExpressibleByArgument { case get, verify, token }

    static let configuration = CommandConfiguration(
        commandName: "coffer-bench",
        abstract: "Measure reads and writes of cofferd or redis-server over a Unix socket.",
        discussion: """
            Each connection keeps --depth requests unanswered. Every answer is checked: its status, its length and \
            that the value belongs to the key. Wrong answers are counted in "errors" and named in "error_names" and \
            on stderr; with any, the exit code is 2.
            """)

    @Option(help: "coffer or redis.") var target: ServerKind
    @Option(help: "The server's socket.") var socket: String
    @Option(help: "The tenant to work in (coffer).") var tenant = "main"
    @Option(help: "Connections.") var connections = 1
    @Option(help: "Requests of a connection that are unanswered at once (coffer: at most 256).") var depth = 1
    @Option(help: "Bytes of a value.") var valueSize = 128
    @Option(help: "Different keys.") var keys: UInt64 = 100_000
    @Option(help: "So many of a hundred requests are reads, the others writes.") var reads: UInt64 = 100
    @Option(help: "What a read is: get, verify of an API key whose readable form and name are a key's name, or token of a credential of that name (coffer).")
    var operation = Operation.get
    @Option(help: "The IPv4 address that presents the API keys (verify).") var address: String?
    @Option(help: "The model that the API keys are to be used for (verify).") var model = ""
    @Option(help: "Seconds to measure; 0 with --load: only load.") var durationSeconds = 5.0
    @Option(help: "Seconds to run before measuring.") var warmupSeconds = 1.0
    @Option(help: "Measure so many operations instead of a duration.") var count: UInt64?
    @Option(help: "The server's process, for its CPU time per operation.") var serverPid: Int32?
    @Option(help: "The server's MALLOCCOUNT_FILE: adds the allocations it made while measured.") var allocationFile: String?
    @Flag(help: "Write all keys first, pipelined.") var load = false
    @Option(help: "Keep the generator on this CPU.") var pinCpu: Int?
    @Option(help: "Seed of the random keys.") var seed: UInt64 = 0x9E37_79B9_7F4A_7C15

    func validate() throws {
        guard connections >= 1, connections <= 10_000 else { throw ValidationError("--connections: 1 to 10,000") }
        guard depth >= 1, depth <= (target == .coffer ? Limits.requestsInFlight : 100_000) else {
            throw ValidationError("--depth: 1 to \(Limits.requestsInFlight) (redis: to 100,000)")
        }
        guard valueSize >= 0, valueSize <= Limits.value else { throw ValidationError("--value-size: 0 to \(Limits.value)") }
        guard keys >= 1, keys < 1_000_000_000_000 else { throw ValidationError("--keys: 1 to 10^12-1") }
        guard reads <= 100 else { throw ValidationError("--reads: 0 to 100") }
        guard durationSeconds >= 0, durationSeconds <= 86_400, warmupSeconds >= 0, warmupSeconds <= 86_400 else {
            throw ValidationError("--duration-seconds, --warmup-seconds: 0 to 86,400")
        }
        if operation == .token {
            guard target == .coffer, !load else {
                throw ValidationError("--operation token: of coffer only, and the credentials must be there (coffer import --from credentials)")
            }
        }
        if operation == .verify {
            guard target == .coffer, !load else {
                throw ValidationError("--operation verify: of coffer only, and the API keys must be there (coffer import --from newapi)")
            }
        } else if address != nil || !model.isEmpty {
            throw ValidationError("--address, --model: only with --operation verify")
        }
        guard model.utf8.count <= Limits.model else { throw ValidationError("--model: at most \(Limits.model) bytes") }
        if let address, bytes(ofAddress: address) == nil { throw ValidationError("--address: an IPv4 address") }
        guard durationSeconds > 0 || count != nil || load else { throw ValidationError("nothing to do") }
    }

    func run() throws {
        if let pinCpu { pin(to: pinCpu) }
        switch target {
        case .coffer:
            let bytes = address.flatMap(bytes(ofAddress:)) ?? []
            try measure(CofferTarget(valueSize: valueSize, tenant: tenant, address: bytes, model: model))
        case .redis: try measure(RedisTarget(valueSize: valueSize))
        }
    }

    private func measure<T: Target>(_ server: T) throws {
        let generator = Generator(
            path: socket, connections: connections, depth: depth, target: server, clock: serverPid.map(ServerClock.init), seed: seed)
        var loaded: Measurement?
        if load {
            loaded = write(generator)
            if durationSeconds == 0, count == nil { return try report(loaded!, generator.histogram, phase: "load") }
        }
        let work = Generator<T>.Work.random(keys: keys, readPercent: reads, read: kind)
        if warmupSeconds > 0 { _ = generator.run(work, limit: .nanoseconds(UInt64(warmupSeconds * 1e9))) }
        let limit = count.map(Generator<T>.Limit.operations) ?? .nanoseconds(UInt64(durationSeconds * 1e9))
        let counter = allocationFile.map(AllocationCounter.init)
        let before = counter?.read()
        var result = generator.run(work, limit: limit)
        if let before, let after = counter?.read() { result.allocations = (after.calls - before.calls, after.bytes - before.bytes) }
        try report(result, generator.histogram, phase: "measure")
    }

    private var kind: Kind {
        switch operation {
        case .get: .get
        case .verify: .verify
        case .token: .token
        }
    }

    /// Writes each key once. What a busy server refused is written again, a few times.
    private func write<T: Target>(_ generator: Generator<T>) -> Measurement {
        var result = Measurement()
        var rest = Array(0..<keys)
        for _ in 0..<10 where !rest.isEmpty {
            let part = generator.run(.write(rest), limit: .operations(UInt64(rest.count)))
            result.operations += part.operations
            result.nanoseconds += part.nanoseconds
            result.ownNanoseconds += part.ownNanoseconds
            result.serverNanoseconds = part.serverNanoseconds.map { $0 + (result.serverNanoseconds ?? 0) }
            result.errors.merge(part.errors, uniquingKeysWith: +)
            rest = part.failedKeys
        }
        guard rest.isEmpty else { fail("\(rest.count) of \(keys) keys could not be written: \(names(result.errors))") }
        if !result.errors.isEmpty { note("while loading, answered by trying again: \(names(result.errors))") }
        return result
    }

    private func report(_ result: Measurement, _ histogram: Histogram, phase: String) throws {
        let seconds = Double(result.nanoseconds) / 1e9
        let perOperation = result.serverNanoseconds.map { rounded(Double($0) / Double(max(1, result.operations)), 1) } ?? "null"
        let errors = result.errors.values.reduce(0, +)
        let list = result.errors.sorted { $0.key < $1.key }.map { "\(quoted($0.key)): \($0.value)" }.joined(separator: ", ")
        var fields = [
            "\"target\": \"\(target.rawValue)\"", "\"operation\": \"\(operation.rawValue)\"", "\"phase\": \"\(phase)\"",
            "\"connections\": \(connections)", "\"depth\": \(depth)",
            "\"value_size\": \(valueSize)", "\"keys\": \(keys)", "\"reads\": \(phase == "load" ? 0 : reads)",
            "\"ops\": \(result.operations)", "\"seconds\": \(rounded(seconds, 6))",
            "\"ops_per_second\": \(rounded(seconds > 0 ? Double(result.operations) / seconds : 0, 1))",
            "\"p50_us\": \(rounded(histogram.percentile(0.5), 2))", "\"p99_us\": \(rounded(histogram.percentile(0.99), 2))",
            "\"p999_us\": \(rounded(histogram.percentile(0.999), 2))", "\"server_cpu_ns_per_op\": \(perOperation)",
            "\"generator_cpu_ns_per_op\": \(rounded(Double(result.ownNanoseconds) / Double(max(1, result.operations)), 1))",
            "\"errors\": \(errors)", "\"error_names\": {\(list)}",
        ]
        if let (calls, bytes) = result.allocations {
            fields.append("\"server_allocations\": \(calls), \"server_allocated_bytes\": \(bytes)")
        }
        print("{" + fields.joined(separator: ", ") + "}")
        // Loading has already tried again and fails by itself where that did not help.
        if errors > 0, phase != "load" {
            note("\(errors) of \(result.operations) answers were wrong: \(names(result.errors))")
            throw ExitCode(2)
        }
    }

    private func names(_ errors: [String: Int]) -> String {
        errors.sorted { $0.key < $1.key }.map { "\($0.value) × \($0.key)" }.joined(separator: ", ")
    }

    private func note(_ message: String) {
        let line = "coffer-bench: " + message + "\n"
        _ = line.withCString { Glibc.write(2, $0, strlen($0)) }
    }

    /// A fixed number of decimals without Foundation.
    private func rounded(_ value: Double, _ decimals: Int) -> String {
        let scale = (0..<decimals).reduce(1.0) { scale, _ in scale * 10 }
        let whole = UInt64((value * scale).rounded())
        let digits = String(whole % UInt64(scale))
        return "\(whole / UInt64(scale))." + String(repeating: "0", count: decimals - digits.count) + digits
    }

    private func quoted(_ text: String) -> String {
        let escaped = text.unicodeScalars.map { scalar in
            scalar == "\"" || scalar == "\\" ? "\\\(scalar)" : scalar.value < 0x20 ? " " : String(scalar)
        }
        return "\"" + escaped.joined() + "\""
    }
}
