import CofferAccounts
import CofferStore
import CofferUpstream
import Foundation
import Glibc
import Synchronization

@testable import CofferCredentials

/// A clock that stands until it is moved.
final class StandingClock: Sendable {
    private let time: Mutex<UInt64>
    init(_ start: UInt64 = 1_790_000_000_000) { time = Mutex(start) }
    var now: UInt64 { time.withLock { $0 } }
    func advance(_ milliseconds: UInt64) { time.withLock { $0 += milliseconds } }
}

/// Schedules and sinks of a real store in a folder that is gone after the test; what schedules do is scripted. The timers of schedules do
/// not run: tests call `beat`.
final class ScheduleFixture: CommitListener, Sendable {
    let path: String
    let clock: StandingClock
    let acting = ScriptedActing()
    let transport = ScriptedHook()
    private let storeOptions: Store.Options
    private let options: CredentialOptions
    nonisolated(unsafe) private(set) var store: Store
    nonisolated(unsafe) private(set) var parts: Parts

    struct Parts {
        let context: CredentialContext
        let credentials: CredentialService
        let schedules: ScheduleService
        let sinks: SinkService
        let follower: CredentialFollower
    }

    static let key = SecretBuffer([UInt8](repeating: 7, count: 32))
    var context: CredentialContext { parts.context }
    var credentials: CredentialService { parts.credentials }
    var schedules: ScheduleService { parts.schedules }
    var sinks: SinkService { parts.sinks }

    init() throws {
        let clock = StandingClock()
        var storeOptions = Store.Options()
        storeOptions.mapBytes = 1 << 30
        storeOptions.indexBytes = 0
        storeOptions.clock = { clock.now }
        var options = CredentialOptions()
        options.clock = { clock.now }
        var template = Array("/tmp/coffer-schedule-test.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw CredentialError(.failed, "", "no folder for a test") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        try Store.create(at: path + "/store", slot: .keyFile(Self.key, label: "key"), options: storeOptions)
        store = try Store.open(at: path + "/store", options: storeOptions)
        try store.unlock(.keyFile(Self.key))
        self.clock = clock
        self.storeOptions = storeOptions
        self.options = options
        parts = Self.assemble(store, options, transport, acting)
        begin()
    }

    deinit {
        finish()
        store.close()
        try? FileManager.default.removeItem(atPath: path)
    }

    private static func assemble(
        _ store: Store, _ options: CredentialOptions, _ transport: ScriptedHook, _ acting: ScriptedActing
    ) -> Parts {
        let context = CredentialContext(store: store, options: options, transport: transport)
        let providers = ProviderService(context: context)
        let credentials = CredentialService(context: context, providers: providers)
        let sinks = SinkService(context: context, members: { acting.members(tenant: $0, pool: $1) })
        let schedules = ScheduleService(context: context, credentials: credentials, sinks: sinks, acting: acting)
        let follower = CredentialFollower(context: context, parts: [providers, schedules, sinks])
        return Parts(context: context, credentials: credentials, schedules: schedules, sinks: sinks, follower: follower)
    }

    private func begin() {
        store.addListener(self)
        parts.follower.load()
        schedules.desk.withLock { $0.isStopped = false }
        sinks.desk.withLock { $0.isStopped = false }
    }

    private func finish() {
        schedules.stop()
        sinks.stop()
        context.queue.runAndWait {}
        store.removeListener(self)
        parts.follower.forget()
    }

    /// As after a restart.
    func reopen() throws {
        finish()
        store.close()
        store = try Store.open(at: path + "/store", options: storeOptions)
        try store.unlock(.keyFile(Self.key))
        parts = Self.assemble(store, options, transport, acting)
        begin()
    }

    func committed(_ changes: [Change]) { parts.follower.follow(changes) }
    func lockChanged(locked: Bool) { if locked { parts.follower.forget() } else { parts.follower.load() } }

    // MARK: What tests are about

    /// A credential that can be refreshed without logging in.
    /// - Parameter expires: `nil`: in a year.
    func credential(
        _ name: String, tenant: TenantID = .main, expires: UInt64? = nil, tags: [String] = [], attributes: [String: String] = [:]
    ) async throws -> Credential {
        var draft = CredentialDraft(tenant: tenant, name: try DocumentName(name.utf8), provider: "oauth2")
        draft.parameters = ["token_url": "https://upstream.example/token"]
        draft.tokens = ["refresh": SecretBuffer(Array("refresh-of-\(name)".utf8)), "access": SecretBuffer(Array("access-of-\(name)".utf8))]
        draft.expiries = ["access": expires ?? clock.now + 365 * 86_400_000]
        draft.tags = tags
        draft.attributes = attributes
        return try await credentials.create(draft, by: "test")
    }

    /// Writes a credential's state as the refresh machine does.
    func state(of number: UInt64, _ change: (inout CredentialState) -> Void) throws {
        var state = credentials.find(number)?.state ?? CredentialState()
        change(&state)
        try context.commit([.putDocument(.credentialStates, try .number(number), CredentialDocuments.encode(state), expected: .any)], by: "test")
    }

    func access(of number: UInt64, _ value: String, expires: UInt64) throws {
        let fact = TokenFact(kind: "access", expires: expires, obtained: clock.now)
        try context.commit(
            [
                .putDocument(
                    .credentialTokens, try .token(number, "access"),
                    CredentialDocuments.encode(token: SecretBuffer(Array(value.utf8)), fact), expected: .any)
            ], by: "test")
    }

    func schedule(
        _ name: String, _ action: ScheduleAction = .refresh, _ rule: ScheduleRule = .everyMinutes(60), target: CredentialFilter = .all,
        _ change: (inout ScheduleDraft) -> Void = { _ in }
    ) async throws -> Schedule {
        var draft = ScheduleDraft(tenant: .main, name: try DocumentName(name.utf8), action: action, target: target, rule: rule)
        draft.timeZone = "UTC"
        change(&draft)
        return try await schedules.create(draft, by: "test")
    }
}

/// Does what a test says, and remembers what was asked.
final class ScriptedActing: ScheduleActing, Sendable {
    struct Script: Sendable {
        var calls: [String] = []
        /// What a credential's refresh or check throws.
        var failures: [UInt64: CredentialError] = [:]
        var verdicts: [UInt64: String] = [:]
        var pools: [String: Set<UInt64>] = [:]
        /// Called in the middle of each refresh or check.
        var then: (@Sendable (UInt64) -> Void)?
        var held: [CheckedContinuation<Void, Never>] = []
        var isHolding = false
    }

    let script = Mutex(Script())

    var calls: [String] { script.withLock { $0.calls } }
    func forgetCalls() { script.withLock { $0.calls = [] } }

    func release() {
        let held = script.withLock { script in
            script.isHolding = false
            defer { script.held = [] }
            return script.held
        }
        for continuation in held { continuation.resume() }
    }

    private func called(_ what: String, _ number: UInt64) async throws(CredentialError) {
        let (failure, then) = script.withLock { script in
            script.calls.append("\(what) \(number)")
            return (script.failures[number], script.then)
        }
        await withCheckedContinuation { continuation in
            let isHeld = script.withLock { script in
                if script.isHolding { script.held.append(continuation) }
                return script.isHolding
            }
            if !isHeld { continuation.resume() }
        }
        then?(number)
        if let failure { throw failure }
    }

    func refresh(_ number: UInt64, relogin: Bool, kinds: [String], by principal: String) async throws(CredentialError) {
        try await called(relogin ? "relogin" : "refresh", number)
    }

    func check(_ number: UInt64, by principal: String) async throws(CredentialError) -> CheckOutcome {
        try await called("check", number)
        let word = script.withLock { $0.verdicts[number] } ?? "live"
        return CheckOutcome(isLive: word == "live", word: word)
    }

    func pools(tenant: TenantID, matching filter: CredentialFilter) -> [UInt64] { [7, 8] }
    func renewPool(_ number: UInt64, by principal: String) async throws(CredentialError) { try await called("pool", number) }
    func members(tenant: TenantID, pool: String) -> Set<UInt64>? { script.withLock { $0.pools[pool] } }
}

/// Answers each call at once.
final class ScriptedHook: UpstreamTransport, Sendable {
    let calls = Mutex<[String]>([])
    let verdict = Mutex<StepVerdict>(.ok)

    func send(_ call: PreparedCall, completion: @escaping @Sendable (StepResult) -> Void) {
        let url = String(decoding: Array(call.url.bytes), as: UTF8.self)
        withExtendedLifetime(call) { calls.withLock { $0.append("\(call.method) \(url)") } }
        completion(StepResult(verdict: verdict.withLock { $0 }, reason: "scripted", wasSent: true, isUnused: false))
    }

    func stop() {}
}

/// The code, and the field behind a colon, of what `body` throws; "" when it does not.
func scheduleRefusal(_ body: () async throws -> Void) async -> String {
    do {
        try await body()
        return ""
    } catch let error as CredentialError {
        return error.field.isEmpty ? error.code.rawValue : "\(error.code.rawValue):\(error.field)"
    } catch {
        return "\(error)"
    }
}

/// Waits until something holds that another task brings about; 20 seconds at most.
func eventually(_ holds: () -> Bool) async -> Bool {
    for _ in 0..<20_000 {
        if holds() { return true }
        try? await Task.sleep(for: .milliseconds(1))
    }
    return false
}

/// Unix milliseconds of a moment in UTC: `utc("2026-03-29T01:00")`.
func utc(_ text: String) -> UInt64 {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.timeZone = .gmt
    formatter.dateFormat = "yyyy-MM-dd'T'HH:mm"
    return formatter.date(from: text).map { UInt64($0.timeIntervalSince1970 * 1_000) } ?? 0
}
