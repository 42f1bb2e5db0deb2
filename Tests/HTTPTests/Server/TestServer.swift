import CofferAccounts
import CofferHTTP
import Logging
import ServiceLifecycle
import Synchronization

/// Answers with what it was asked, line by line.
struct EchoDoor: HTTPDoor {
    var id = "echo"
    var claims: [PathClaim] = [.everything]
    /// Waited for at "/wait".
    var gate: Gate?

    func route(method: String, path: String) -> HTTPRoute { HTTPRoute("\(method) /:all", isRead: method == "GET") }

    func answer(_ call: HTTPCall) async -> HTTPReply {
        switch call.path {
        case "/wait": await gate?.wait()
        case "/split": return HTTPReply(status: 200, headers: [("X-Bad", "a\r\nX-Injected: yes")], body: [], route: "GET /split")
        case "/cached":
            return HTTPReply(
                status: 200, headers: [("Cache-Control", "max-age=1"), ("Content-Length", "999"), ("Connection", "upgrade")], body: [1],
                route: "GET /cached")
        case "/empty": return HTTPReply(status: 204, route: "GET /empty")
        case "/large": return HTTPReply(status: 200, body: [UInt8](repeating: 120, count: 8 << 20), route: "GET /large")
        default: break
        }
        let text = """
            door=\(id) method=\(call.method) path=\(call.path) query=\(call.query) client=\(call.client) secure=\(call.isSecure) \
            length=\(call.body.count) id=\(call.requestID) body=\(String(decoding: call.body.prefix(64), as: UTF8.self))
            """
        return .text(200, text, route: "\(call.method) /:all", principal: "login:alice")
    }

    func refusal(_ refusal: HTTPRefusal, method: String, path: String) -> HTTPReply {
        .json(refusal.status, Array("{\"refused\":\"\(refusal)\",\"method\":\"\(method)\",\"path\":\"\(path)\"}".utf8), route: "refused")
    }
}

/// Somebody waits, somebody opens.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [CheckedContinuation<Void, Never>] = []
        var arrivals: [CheckedContinuation<Void, Never>] = []
        var arrived = 0
    }

    private let state = Mutex(State())

    func wait() async {
        await withCheckedContinuation { continuation in
            let (isOpen, arrivals) = state.withLock { state in
                state.arrived += 1
                if !state.isOpen { state.waiting.append(continuation) }
                defer { state.arrivals = [] }
                return (state.isOpen, state.arrivals)
            }
            for arrival in arrivals { arrival.resume() }
            if isOpen { continuation.resume() }
        }
    }

    /// Returns when somebody waits.
    func arrival() async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.arrived == 0 { state.arrivals.append(continuation) }
                return state.arrived > 0
            }
            if isThere { continuation.resume() }
        }
    }

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}

/// Every line of a log, with its metadata.
final class LogLines: Sendable {
    private struct Waiting: Sendable {
        let matches: @Sendable (String) -> Bool
        let continuation: CheckedContinuation<Void, Never>
    }

    private let lines = Mutex<[String]>([])
    private let waiting = Mutex<[Waiting]>([])

    var all: [String] { lines.withLock { $0 } }

    func add(_ line: String) {
        lines.withLock { $0.append(line) }
        wake(line)
    }

    /// Returns when such a line has come.
    func line(_ matches: @escaping @Sendable (String) -> Bool) async {
        await withCheckedContinuation { continuation in
            waiting.withLock { $0.append(Waiting(matches: matches, continuation: continuation)) }
            // It may have come before.
            if let line = all.first(where: matches) { wake(line) }
        }
    }

    private func wake(_ line: String) {
        let ready = waiting.withLock { waiting in
            defer { waiting.removeAll { $0.matches(line) } }
            return waiting.filter { $0.matches(line) }
        }
        for wait in ready { wait.continuation.resume() }
    }

    var logger: Logger {
        Logger(label: "test") { _ in Handler(lines: self) }
    }

    private struct Handler: LogHandler {
        let lines: LogLines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let pairs = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            lines.add("\(event.level) \(event.message) \(pairs.joined(separator: " "))")
        }
    }
}

/// A real server on ports of the kernel's choice, for the time of a closure.
struct TestServer: Sendable {
    let addresses: [HTTPServer.BoundAddress]
    let log: LogLines
    let stop: @Sendable () -> Void

    var port: Int { addresses.first?.port ?? 0 }

    static let loopback = ListenAddress(host: ClientAddress(v4: 0x7F00_0001), port: 0)

    static func run(
        _ doors: [DoorListen] = [DoorListen(door: EchoDoor(), address: loopback)], tls: TLSFiles? = nil, trustedProxies: [String] = [],
        hosts: [String] = [], health: HealthListen? = nil, limits: HTTPLimits = HTTPLimits(), audit: (any HTTPAudit)? = nil,
        _ body: @Sendable (TestServer) async throws -> Void
    ) async throws {
        let log = LogLines()
        let settings = try HTTPSettings(
            doors: doors, tls: tls, trustedProxies: trustedProxies, hosts: hosts, health: health, limits: limits, audit: audit)
        let server = try HTTPServer(settings: settings, logger: log.logger)
        var quiet = Logger(label: "group") { _ in SwiftLogNoOpLogHandler() }
        quiet.logLevel = .critical
        let group = ServiceGroup(services: [server], logger: quiet)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let addresses = try await server.listening()
            let running = TestServer(addresses: addresses, log: log, stop: { Task { await group.triggerGracefulShutdown() } })
            do {
                try await body(running)
            } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }
}
