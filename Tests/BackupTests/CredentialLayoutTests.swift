import CofferStore
import CofferUpstream
import Testing

@testable import CofferCredentials

@Suite("Documents of credentials in a backup")
struct CredentialLayoutTests {
    /// Nothing is dialled here.
    private struct NoTransport: UpstreamTransport {
        func send(_ call: PreparedCall, completion: @escaping @Sendable (StepResult) -> Void) { Issue.record("a call was sent") }
        func stop() {}
    }

    @Test("what the services write goes out and comes back")
    func services() async throws {
        let fixture = try DocumentStore()
        var options = CredentialOptions()
        options.clock = { DocumentStore.now }
        let credentials = Credentials(store: fixture.store, options: options, transport: NoTransport())
        defer { credentials.stop() }
        var draft = CredentialDraft(tenant: .main, name: try named("one"), provider: "oauth2")
        draft.parameters = ["token_url": "https://id.example/token", "rotation": "rotating"]
        draft.secrets = ["client_secret": SecretBuffer([0, 1, 255]), "password": secret("p\nq")]
        draft.tokens = ["refresh": secret("refresh-0"), "access": secret("access-0")]
        draft.expiries = ["access": DocumentStore.now + 1]
        draft.tags = ["a", "b"]
        draft.attributes = ["x.y": "ä"]
        let credential = try await credentials.credentials.create(draft, by: "test")
        var pool = PoolDraft(tenant: .main, name: try named("pool"))
        pool.members = [PoolMember(credential: credential.number, weight: 3, inFlightLimit: 4)]
        pool.ownToken = secret("pk-1")
        _ = try await credentials.pools.create(pool, by: "test")
        _ = try await credentials.providers.apply(Self.provider, dryRun: false, by: "test")
        var schedule = ScheduleDraft(tenant: .main, name: try named("nightly"), action: .check, target: .all, rule: .daily(at: .one))
        schedule.prune = .sink(try named("out"))
        _ = try await credentials.schedules.create(schedule, by: "test")
        _ = try await credentials.sinks.create(
            SinkDraft(
                tenant: .main, name: named("out"), content: .template(SinkTemplate(encoding: .json, header: "[", element: "{name}", footer: "]")),
                path: fixture.path + "/tokens.json"), by: "test")
        let (tables, text) = try fixture.check { (table, name, bytes) throws(StoreError) in try CredentialDocumentCheck.judge(table, name, bytes) }
        #expect(
            tables.isSuperset(of: [
                .credentials, .credentialSecrets, .credentialTokens, .pools, .poolTokens, .providers, .schedules, .sinks, .sequences,
            ]))
        #expect(text.contains(#""token":"refresh-0""#) && text.contains(#"{"name":"client_secret","value64":"AAH/"}"#))
        #expect(text.contains(#""prune":"sink:out""#) && text.contains(#""content":{"template":{"encoding":"json","#))
    }

    private static let provider = """
        provider: own
        steps:
          - name: refresh
            purpose: refresh
            consumes: refresh
            replay: never
            method: POST
            url: "https://id.example/token"
            form: { refresh_token: "{refresh}" }
            take: { access: /access_token }
        """

    @Test("each state, journal, rule and action")
    func cases() throws {
        let fixture = try DocumentStore()
        var state = CredentialState()
        for phase in CredentialState.Phase.allCases { state.move(to: phase, at: 5, why: "because") }
        state.doubtful = [0, 1, 2]
        for phase in CredentialState.Phase.allCases {
            state.phase = phase
            try fixture.put(.credentialStates, "\(phase.rawValue)", CredentialDocuments.encode(state))
        }
        for stage: RefreshJournal.Stage in [.claimed, .dialled, .uncertain] {
            for (index, replay) in [Replay.never, .safe, .grace(seconds: 3_600)].enumerated() {
                var task = RefreshTask(kinds: ["access", "refresh"])
                task.dead = ["refresh": [1, 2], "session": []]
                task.got = ["access"]
                let attempt = RefreshAttempt(step: "s", consumes: "refresh", fingerprint: [UInt8](0..<32), replay: replay, isLogin: true, task: task)
                let journal = RefreshJournal(stage: stage, fence: .max, attempt: attempt, claimed: 1, firstUse: 2, repeats: true)
                try fixture.put(.refreshJournal, "\(stage.rawValue)\(index)", CredentialDocuments.encode(journal))
            }
        }
        for member in PoolMemberState.allCases {
            let health = MemberHealth(state: member, until: 1, since: 2, failures: 3, reason: "r", verdict: "v")
            try fixture.put(.poolStates, "1/\(member.rawValue)", PoolDocuments.encode(health))
        }
        let rules: [ScheduleRule] = [.daily(at: .one), .everyDays(3, at: .one), .everyMinutes(5)]
        let actions: [ScheduleAction] = [.refresh, .relogin, .check, .poolRefresh, .job("j")]
        for (index, rule) in rules.enumerated() {
            for (place, action) in actions.enumerated() {
                let number = UInt64(index * 10 + place)
                let filter = CredentialFilter(pattern: "a*", tag: "t", provider: "p", pool: "q", attributes: ["k": "v"])
                let schedule = Schedule(
                    number: number, tenant: 1, name: try named("s\(number)"), action: action, target: filter, rule: rule, timeZone: "UTC",
                    kinds: ["access"], prune: place == 0 ? nil : .disable, created: 1, updated: 2)
                try fixture.put(.schedules, "\(number)", schedule.encoded)
                var state = ScheduleState()
                state.turns = [1: 2, 3: 4]
                try fixture.put(.schedules, "\(number)/state", state.encoded)
            }
        }
        let contents: [SinkContent] = SinkTemplate.Encoding.allCases.map { .template(SinkTemplate(encoding: $0, element: "e")) } + [.renderer("r")]
        let sinkActions: [SinkAction] = [.nothing, .call(method: .post, url: "https://a.example", timeout: 5), .signal(.hangup, pidFile: "/run/p")]
        for (index, content) in contents.enumerated() {
            for (place, action) in sinkActions.enumerated() {
                let number = UInt64(index * 10 + place)
                let sink = Sink(
                    number: number, tenant: 1, name: try named("k\(number)"), content: content, path: "/x", target: .all, action: action, created: 1,
                    updated: 2)
                try fixture.put(.sinks, "\(number)", sink.encoded)
                var state = SinkState()
                state.digest = [UInt8](0..<32)
                try fixture.put(.sinks, "\(number)/state", state.encoded)
            }
        }
        let (tables, text) = try fixture.check()
        #expect(tables == [.credentialStates, .refreshJournal, .poolStates, .schedules, .sinks])
        for word in CredentialState.Phase.allCases.map(\.word) + PoolMemberState.allCases.map(\.word) + ["daily", "days", "minutes", "uncertain"] {
            #expect(text.contains("\"\(word)\""), "\(word)")
        }
        #expect(text.contains(#""action":{"nothing":true}"#) && text.contains(#""content":{"renderer":"r"}"#))
    }
}
