import CofferStore
import Testing

@testable import CofferCredentials

@Suite struct RunSelectionTests {
    private let now: UInt64 = 1_790_000_000_000

    private func credential(_ number: UInt64, refreshed: UInt64 = 0, _ change: (inout Credential) -> Void = { _ in }) throws -> Credential {
        var credential = Credential(
            number: number, tenant: .main, name: try DocumentName("c\(number)".utf8), provider: "oauth2", created: 0, updated: 0)
        credential.state.lastRefresh = refreshed
        change(&credential)
        return credential
    }

    private func schedule(_ action: ScheduleAction = .refresh, count: UInt32 = 0) throws -> Schedule {
        Schedule(
            number: 1, tenant: .main, name: try DocumentName("s".utf8), action: action, target: .all, rule: .everyMinutes(1), timeZone: "UTC",
            count: count, created: 0, updated: 0)
    }

    @Test func theOldestFirst() throws {
        let all = try [credential(1, refreshed: 30), credential(2, refreshed: 10), credential(3), credential(4, refreshed: 20)]
        #expect(RunSelection(try schedule(count: 2), among: all, now: now).chosen == [3, 2])
        #expect(RunSelection(try schedule(), among: all, now: now).chosen == [3, 2, 4, 1])
    }

    @Test func aFailureWasATurn() throws {
        var schedule = try schedule(count: 1)
        schedule.state.turns = [1: 1_000]
        let all = try [credential(1, refreshed: 1), credential(2, refreshed: 500), credential(3, refreshed: 2_000)]
        #expect(RunSelection(schedule, among: all, now: now).chosen == [2])
    }

    @Test func anInterruptedRunIsTakenUpWhereItWas() throws {
        var schedule = try schedule(count: 3)
        schedule.state.interrupted = 1_000
        let all = try [
            credential(1, refreshed: 1_000), credential(2, refreshed: 999), credential(3, refreshed: 1_500), credential(4, refreshed: 10),
            credential(5, refreshed: 20),
        ]
        let selection = RunSelection(schedule, among: all, now: now)
        #expect(selection.chosen == [4] && selection.skipped == ["served before the interruption": 2])
        schedule.count = 0
        #expect(RunSelection(schedule, among: all, now: now).chosen == [4, 5, 2])
    }

    @Test func whoIsLeftOutTakesNoTurn() throws {
        let all = try [
            credential(1) { $0.isEnabled = false }, credential(2) { $0.state.move(to: .dead, at: 1, why: "") },
            credential(3) { $0.state.move(to: .needsPerson, at: 1, why: "") },
            credential(4) {
                $0.state.move(to: .cooling, at: 1, why: "")
                $0.state.until = now + 1
            },
            credential(5, refreshed: 99),
        ]
        let selection = RunSelection(try schedule(count: 1), among: all, now: now)
        #expect(selection.chosen == [5])
        #expect(selection.skipped == ["disabled": 1, "dead": 1, "needs-person": 1, "cooling": 1])
        // A login may bring a dead one back; one that was refused waits for a person.
        #expect(RunSelection(try schedule(.relogin), among: all, now: now).chosen == [2, 5])
        #expect(RunSelection(try schedule(), among: all, now: now + 1).chosen == [4, 5])
    }

    /// A wrong password tried every few days locks accounts.
    @Test func aRefusedLoginIsNotTriedAgain() throws {
        let all = try [credential(1) { $0.state.loginRefused = 5 }, credential(2)]
        let selection = RunSelection(try schedule(.relogin), among: all, now: now)
        #expect(selection.chosen == [2] && selection.skipped == ["the login was refused": 1])
        // What needs no login goes on.
        #expect(RunSelection(try schedule(), among: all, now: now).chosen == [1, 2])
    }

    @Test func tenMinutesBetweenTwoLiveChecks() throws {
        let all = try [
            credential(1) { $0.state.lastCheck = now - 599_999 }, credential(2) { $0.state.lastCheck = now - 600_000 }, credential(3),
            credential(4) { $0.state.lastCheck = now + 5_000 },
        ]
        let selection = RunSelection(try schedule(.check), among: all, lastChecks: [3: now - 1_000], now: now)
        #expect(selection.chosen == [2])
        #expect(selection.skippedCount == 3)
    }

    @Test func aDeadOneIsCheckedAgainOnlyToBePruned() throws {
        let dead = try credential(1) { $0.state.move(to: .dead, at: now - 3_600_000, why: "over") }
        var schedule = try schedule(.check)
        #expect(RunSelection(schedule, among: [dead], now: now).chosen.isEmpty)
        schedule.prune = .remove
        #expect(RunSelection(schedule, among: [dead], now: now).chosen == [1])
    }
}

@Suite struct PruneRuleTests {
    private func isConfirmed(
        _ phase: CredentialState.Phase, since: UInt64 = 0, suspect: UInt64 = 0, checked: UInt64 = 0
    ) throws -> Bool {
        var credential = Credential(number: 1, tenant: .main, name: try DocumentName("c".utf8), provider: "p", created: 0, updated: 0)
        credential.state.phase = phase
        credential.state.since = since
        credential.state.suspectSince = suspect
        credential.state.lastCheck = checked
        #expect(!PruneRule.reason(for: credential).isEmpty)
        return PruneRule.isConfirmed(credential)
    }

    @Test func onlyTwoVerdictsTenMinutesApart() throws {
        #expect(try isConfirmed(.dead, since: 700_000, suspect: 100_000, checked: 700_000))
        #expect(try !isConfirmed(.dead, since: 699_999, suspect: 100_000, checked: 699_999))
        // A refresh was told that it is over: one verdict.
        #expect(try !isConfirmed(.dead, since: 700_000))
        #expect(try !isConfirmed(.dead, since: 700_000, checked: 9_000_000))
        // And a check said the same, later.
        #expect(try isConfirmed(.dead, since: 700_000, suspect: 2_000_000, checked: 2_000_000))
        #expect(try !isConfirmed(.dead, since: 700_000, suspect: 800_000, checked: 800_000))
    }

    @Test(arguments: [CredentialState.Phase.idle, .claimed, .dialled, .cooling, .needsPerson])
    func neverOnUnknown(phase: CredentialState.Phase) throws {
        #expect(try !isConfirmed(phase, since: 9_000_000, suspect: 1, checked: 9_000_000))
    }
}

@Suite struct CredentialFilterTests {
    @Test(arguments: [
        ("*", "anything/at all", true), ("a*", "abc", true), ("a*", "bc", false), ("*c", "abc", true), ("a*c", "ac", true), ("a*c", "a", false),
        ("ab*ba", "aba", false), ("a*b*c", "a1b2c", true), ("a*b*c", "a1c", false), ("*b*", "abc", true), ("abc", "abc", true), ("abc", "abcd", false),
        ("**", "x", true), ("a*a*a", "aa", false),
    ])
    func names(pattern: String, name: String, isCovered: Bool) {
        #expect(NamePattern(pattern).matches(Array(name.utf8)) == isCovered)
    }

    @Test func allThatIsGivenMustHold() throws {
        var credential = Credential(number: 4, tenant: .main, name: try DocumentName("a1".utf8), provider: "oauth2", created: 0, updated: 0)
        credential.tags = ["gold"]
        credential.attributes = ["tokenstool.pool": "1"]
        #expect(!CredentialFilter().covers(credential))
        #expect(CredentialFilter(pattern: "a*", tag: "gold", provider: "oauth2", attributes: ["tokenstool.pool": "1"]).covers(credential))
        #expect(!CredentialFilter(pattern: "a*", tag: "silver").covers(credential))
        #expect(!CredentialFilter(provider: "openai").covers(credential))
        #expect(!CredentialFilter(attributes: ["tokenstool.pool": "2"]).covers(credential))
        #expect(!CredentialFilter(pool: "p").covers(credential))
        #expect(!CredentialFilter(pool: "p").covers(credential, members: [5]))
        #expect(CredentialFilter(pool: "p").covers(credential, members: [4]))
    }

    @Test func nobodyIsNotEverybody() async {
        #expect(await scheduleRefusal { try CredentialFilter().check() } == "invalidArgument:target")
        #expect(await scheduleRefusal { try CredentialFilter(tag: "a*").check() } == "invalidArgument:target")
        #expect(await scheduleRefusal { try CredentialFilter(pattern: "a\u{202E}b").check() } == "invalidArgument:target")
        #expect(await scheduleRefusal { try CredentialFilter(pattern: String(repeating: "a", count: 256)).check() } == "invalidArgument:target")
        #expect(await scheduleRefusal { try CredentialFilter.all.check() } == "")
    }
}
