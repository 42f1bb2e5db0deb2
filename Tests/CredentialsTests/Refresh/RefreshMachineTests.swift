import CofferUpstream
import Testing

@testable import CofferCredentials

@Suite struct RefreshMachineTests {
    private func attempt(_ replay: Replay = .never, token: UInt8 = 1, isLogin: Bool = false) -> RefreshAttempt {
        RefreshAttempt(
            step: "refresh", consumes: isLogin ? "" : "refresh", fingerprint: isLogin ? [] : [token], replay: replay, isLogin: isLogin,
            task: RefreshTask(kinds: ["access"]))
    }

    private func dialled(_ replay: Replay = .never, at now: UInt64 = 1_000) -> RefreshMachine {
        var machine = RefreshMachine(state: CredentialState(), journal: nil)
        #expect(machine.take(.wanted(attempt(replay), RefreshForce(), reason: "test"), at: now) == .claim)
        #expect(machine.take(.turn(fence: 1, fingerprint: [1]), at: now) == .send)
        return machine
    }

    private func answer(
        _ verdict: StepVerdict, sent: Bool = true, unused: Bool = false, gives: Set<String> = [], stored: [UInt8] = [1], other: Bool = false
    ) -> RefreshAnswer {
        RefreshAnswer(
            verdict: verdict, reason: "because", wasSent: sent, isUnused: unused || !sent, gives: gives, stored: stored, hasOtherWay: other)
    }

    @Test func wayOfASuccess() {
        var machine = dialled()
        #expect(machine.state.phase == .dialled && machine.journal?.stage == .dialled && machine.journal?.fence == 1)
        #expect(machine.take(.answered(fence: 1, answer(.ok), jitter: 0), at: 2_000) == .settle(.renewed))
        #expect(machine.state.phase == .idle && machine.journal == nil && machine.state.lastRefresh == 2_000)
        #expect(machine.state.history.map(\.to) == [.claimed, .dialled, .idle])
        // The same answer once more, or one of an older claim, changes nothing.
        let settled = machine
        #expect(machine.take(.answered(fence: 1, answer(.dead), jitter: 0), at: 3_000) == .settle(.superseded))
        #expect(machine == settled)
        #expect(machine.take(.wanted(attempt(), RefreshForce(), reason: ""), at: 4_000) == .claim)
        #expect(machine.journal?.fence == 2)
        #expect(machine.take(.turn(fence: 1, fingerprint: [1]), at: 4_000) == .plan)
        #expect(machine.take(.turn(fence: 2, fingerprint: [9]), at: 4_000) == .plan)
        #expect(machine.journal?.stage == .claimed)
    }

    @Test func claimIsTakenBack() {
        var machine = RefreshMachine(state: CredentialState(), journal: nil)
        _ = machine.take(.wanted(attempt(), RefreshForce(), reason: ""), at: 1)
        #expect(machine.take(.withdrawn(fence: 1, reason: "stopping", failed: false, jitter: 0), at: 2) == .settle(.withdrawn))
        #expect(machine.state.phase == .idle && machine.journal == nil && machine.state.fence == 1)
    }

    @Test func whatIsLeftOfADial() {
        var never = dialled(.never)
        #expect(never.take(.restarted, at: 2_000) == .settle(.needsPerson))
        #expect(never.journal == nil && never.state.doubtful == [1])
        // Not even where somebody revives without saying that the token may go out again.
        never.state.move(to: .idle, at: 3_000, why: "test")
        #expect(never.take(.wanted(attempt(), RefreshForce(), reason: ""), at: 3_000) == .settle(.needsPerson))
        #expect(never.take(.wanted(attempt(), RefreshForce(again: true), reason: ""), at: 4_000) == .claim)

        var safe = dialled(.safe)
        #expect(safe.take(.restarted, at: 2_000) == .plan)
        #expect(safe.take(.wanted(attempt(.safe), RefreshForce(), reason: ""), at: 2_000) == .claim)

        var grace = dialled(.grace(seconds: 30))
        #expect(grace.take(.restarted, at: 30_999) == .plan)
        #expect(grace.take(.wanted(attempt(.grace(seconds: 30)), RefreshForce(), reason: ""), at: 30_999) == .claim)
        #expect(grace.journal?.firstUse == 1_000 && grace.journal?.repeats == true)
        var late = dialled(.grace(seconds: 30))
        #expect(late.take(.restarted, at: 31_000) == .settle(.needsPerson))

        var claimed = RefreshMachine(state: CredentialState(), journal: nil)
        _ = claimed.take(.wanted(attempt(), RefreshForce(), reason: ""), at: 1)
        #expect(claimed.take(.restarted, at: 2) == .plan)
        #expect(claimed.take(.wanted(attempt(), RefreshForce(), reason: ""), at: 2) == .claim)
    }

    @Test func unjudgedDialIsNotOverwritten() {
        var machine = dialled()
        guard case .refuse(let error) = machine.take(.wanted(attempt(), RefreshForce(again: true), reason: ""), at: 2_000) else {
            Issue.record("a second dial was claimed")
            return
        }
        #expect(error.code == .busy)
        #expect(machine.journal?.stage == .dialled)
    }

    @Test func deadIsJudgedAgainstTheStore() {
        var replaced = dialled()
        #expect(replaced.take(.answered(fence: 1, answer(.dead, stored: [2]), jitter: 0), at: 2_000) == .settle(.stale))
        #expect(replaced.state.phase == .idle)
        var real = dialled()
        #expect(real.take(.answered(fence: 1, answer(.dead), jitter: 0), at: 2_000) == .settle(.dead))
        var other = dialled()
        #expect(other.take(.answered(fence: 1, answer(.dead, other: true), jitter: 0), at: 2_000) == .settle(.otherWay))
        #expect(other.state.phase == .idle)
    }

    @Test func failuresWithoutAVerdict() {
        for (replay, sent, unused, phase) in [
            (.never, true, false, .needsPerson), (.never, false, true, .cooling), (.never, true, true, .cooling),
            (.safe, true, false, .cooling), (.grace(seconds: 30), true, false, .cooling),
        ] as [(Replay, Bool, Bool, CredentialState.Phase)] {
            var machine = dialled(replay)
            _ = machine.take(.answered(fence: 1, answer(.down, sent: sent, unused: unused), jitter: 0), at: 2_000)
            #expect(machine.state.phase == phase, "\(replay) \(sent) \(unused)")
            #expect(machine.state.failures == (phase == .cooling ? 1 : 0))
        }
        var rotated = dialled()
        _ = rotated.take(.answered(fence: 1, answer(.down, gives: ["refresh"]), jitter: 0), at: 2_000)
        #expect(rotated.state.phase == .cooling && rotated.journal == nil)
    }

    @Test func coolingEndsByItselfOrByAPerson() {
        var machine = dialled()
        _ = machine.take(.answered(fence: 1, answer(.limited(retryAfter: nil), unused: true), jitter: 0), at: 2_000)
        #expect(machine.state.until == 62_000 && machine.state.isLimited)
        #expect(machine.refusal(RefreshForce(), 61_999)?.code == .limited)
        #expect(machine.refusal(RefreshForce(), 61_999)?.retryAfter == 1)
        #expect(machine.refusal(RefreshForce(), 62_000) == nil)
        #expect(machine.refusal(RefreshForce(hastens: true), 2_001) == nil)
    }

    @Test func refusedLogin() {
        var machine = RefreshMachine(state: CredentialState(), journal: nil)
        _ = machine.take(.wanted(attempt(.safe, isLogin: true), RefreshForce(), reason: ""), at: 1_000)
        #expect(machine.take(.turn(fence: 1, fingerprint: []), at: 1_000) == .send)
        #expect(machine.take(.answered(fence: 1, answer(.needsPerson, stored: []), jitter: 0), at: 2_000) == .settle(.needsPerson))
        #expect(machine.state.loginRefused == 2_000)
    }

    @Test func backOffGrowsToAQuarterOfAnHour() {
        let pauses = (1...20).map { RefreshPace.backOff(failures: UInt16($0), jitter: 0) }
        #expect(pauses.prefix(4) == [5_000, 10_000, 20_000, 40_000])
        #expect(pauses.last == 900_000 && pauses == pauses.sorted())
        #expect(RefreshPace.backOff(failures: 1, jitter: 1) == 6_250)
        #expect(RefreshPace.backOff(failures: .max, jitter: 1) == 900_000)
        #expect(RefreshPace.backOff(failures: 0, jitter: 0) == 5_000)
        #expect(RefreshPace.limited(0) == 1_000 && RefreshPace.limited(.max) == 86_400_000)
    }

    @Test func journalIsReadAsItWasWritten() throws {
        var task = RefreshTask(kinds: ["access", "share"], got: ["session"], dead: ["refresh": [1, 2, 3]], relogin: true)
        for replay in [Replay.never, .safe, .grace(seconds: 3_600)] {
            task.relogin.toggle()
            let journal = RefreshJournal(
                stage: .uncertain, fence: 7, attempt: RefreshAttempt(
                    step: "x", consumes: "refresh", fingerprint: [9], replay: replay, isLogin: true, task: task),
                claimed: 5, firstUse: 6, repeats: true)
            #expect(try CredentialDocuments.journal(CredentialDocuments.encode(journal)) == journal)
        }
    }
}
