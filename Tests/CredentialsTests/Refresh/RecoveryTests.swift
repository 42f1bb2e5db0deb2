import CofferStore
import CofferUpstream
import Foundation
import Synchronization
import Testing

@testable import CofferCredentials

/// A kill after each commit of a refresh, and in the middle of its dial: the store as it was then is opened by a new process.
@Suite struct RecoveryTests {
    /// What a new process makes of a store: the journal is judged, then somebody asks.
    struct Aftermath {
        var phase: CredentialState.Phase
        var refresh: String?
        var previous: String?
        var access: String?
        /// Refresh tokens that the new process presented.
        var presented: [String]
        var journal: RefreshJournal?
        var reason: String
        var hasLive: Bool
    }

    /// One whole refresh with a snapshot after each commit.
    /// - Returns: the snapshots with the number of dials that had gone out by then.
    private func refreshed(rotation: String, clock: ManualClock) async throws -> (Snapshots, [Int], CredentialsFixture) {
        let upstream = RotatingUpstream(clock)
        let dials = Mutex<[Int]>([])
        let transport = ScriptedTransport { upstream.answer($0) }
        let fixture = try CredentialsFixture(transport, clock: clock)
        _ = try await fixture.credential(rotation: rotation, access: "old", expires: clock.now + 1_000_000)
        let snapshots = try Snapshots(of: fixture.store, at: fixture.path + "/store")
        let counting = Counting { dials.withLock { $0.append(upstream.seen.dials) } }
        fixture.store.addListener(counting)
        #expect(try await fixture.tokens.refresh(1, by: "uid:1").isRenewed)
        fixture.store.removeListener(snapshots)
        fixture.store.removeListener(counting)
        return (snapshots, dials.withLock { $0 }, fixture)
    }

    private final class Counting: CommitListener {
        private let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        func committed(_ changes: [Change]) { body() }
        func lockChanged(locked: Bool) {}
    }

    private func aftermath(
        of copy: String, clock: ManualClock, _ answer: @escaping @Sendable (ScriptedTransport.Call) -> StepResult
    ) async throws -> Aftermath {
        let transport = ScriptedTransport { answer($0) }
        let fixture = try CredentialsFixture(transport, clock: clock, copy: copy)
        fixture.credentials.start()
        while fixture.tokens.counters().running > 0 { await Task.yield() }
        let asked = try? await fixture.tokens.live(request(left: 2_000_000), deadline: 0)
        let credential = try fixture.now(1)
        return Aftermath(
            phase: credential.state.phase, refresh: try fixture.token(1, "refresh"),
            previous: text(try fixture.service.secret(1, "previous_refresh")), access: try fixture.token(1, "access"),
            presented: transport.calls.compactMap { $0.field("refresh_token") }, journal: try fixture.journal(1),
            reason: credential.state.reason, hasLive: asked != nil)
    }

    @Test func killAfterEachCommitWithASingleUseToken() async throws {
        let clock = ManualClock()
        let (snapshots, dials, _) = try await refreshed(rotation: "rotating", clock: clock)
        // Claimed, dialled, saved. The commit of the dial is there before the dial.
        #expect(dials == [0, 0, 1])
        let all = snapshots.all
        try #require(all.count == 3)

        // Claimed: nothing was sent; it starts over by itself.
        let fresh = RotatingUpstream(clock)
        let claimed = try await aftermath(of: all[0], clock: clock) { fresh.answer($0) }
        #expect(claimed.presented == ["refresh-0"] && claimed.phase == .idle && claimed.refresh == "refresh-1" && claimed.hasLive)

        // Dialled, and killed before the answer, which the upstream has given: never again with the same token.
        let used = RotatingUpstream(clock, state: .init(number: 1, dials: 1))
        let dialled = try await aftermath(of: all[1], clock: clock) { used.answer($0) }
        #expect(dialled.presented.isEmpty && dialled.phase == .needsPerson && !used.seen.isDead)
        #expect(dialled.refresh == "refresh-0" && dialled.access == "old" && dialled.journal == nil)
        #expect(dialled.reason == RefreshMachine.interrupted)

        // Saved: nothing is to be done.
        let saved = try await aftermath(of: all[2], clock: clock) { used.answer($0) }
        #expect(saved.presented.isEmpty && saved.phase == .idle && saved.refresh == "refresh-1" && saved.access == "access-1")
        #expect(saved.previous == "refresh-0" && saved.hasLive && saved.journal == nil)
    }

    @Test func killWhileDialledWithATokenThatMayBeUsedAgain() async throws {
        let clock = ManualClock()
        let (snapshots, _, _) = try await refreshed(rotation: "static", clock: clock)
        try #require(snapshots.all.count == 3)
        let safe = try await aftermath(of: snapshots.all[1], clock: clock) { _ in
            .ok(["access": "access-1"], expires: ["access": clock.now + 3_600_000])
        }
        #expect(safe.presented == ["refresh-0"] && safe.phase == .idle && safe.hasLive && safe.refresh == "refresh-0")
    }

    @Test(arguments: [(29_999, true), (30_000, false)] as [(UInt64, Bool)])
    func killWhileDialledWithAGraceTime(_ pause: UInt64, _ isWithin: Bool) async throws {
        let clock = ManualClock()
        let (snapshots, _, _) = try await refreshed(rotation: "grace:30", clock: clock)
        try #require(snapshots.all.count == 3)
        clock.advance(pause)
        let after = try await aftermath(of: snapshots.all[1], clock: clock) { _ in
            .ok(["access": "access-1", "refresh": "refresh-1"], expires: ["access": clock.now + 3_600_000])
        }
        if isWithin {
            #expect(after.presented == ["refresh-0"] && after.phase == .idle && after.refresh == "refresh-1")
        } else {
            #expect(after.presented.isEmpty && after.phase == .needsPerson && after.refresh == "refresh-0")
        }
        #expect(after.journal == nil)
    }

    @Test func lostAnswerIsAskedForAgainWithinTheGraceTime() async throws {
        let clock = ManualClock()
        let transport = ScriptedTransport()
        let fixture = try CredentialsFixture(transport, clock: clock)
        let number = try await fixture.credential(rotation: "grace:30").number
        let tokens = fixture.tokens
        let asker = Task { await refusal { _ = try await tokens.live(request(), deadline: 0) } }
        await transport.until(1)
        transport.calls[0].answer(.down())
        #expect(await asker.value == "upstream")
        #expect(try fixture.journal(number)?.stage == .uncertain)
        // By itself, before the time is over.
        await clock.until(1)
        clock.advance(1_000)
        await transport.until(2)
        #expect(transport.calls[1].field("refresh_token") == "refresh-0")
        transport.calls[1].answer(.ok(["access": "a", "refresh": "refresh-1"], expires: ["access": clock.now + 60_000]))
        #expect(text(try await tokens.live(request(), deadline: 0).value) == "a")
        #expect(try fixture.journal(number) == nil)
        #expect(transport.count == 2)
    }

    @Test func graceTimeThatPassesByNeedsAPerson() async throws {
        let clock = ManualClock()
        let transport = ScriptedTransport { _ in .down() }
        let fixture = try CredentialsFixture(transport, clock: clock)
        let number = try await fixture.credential(rotation: "grace:30").number
        _ = try? await fixture.tokens.live(request(), deadline: 0)
        for _ in 0..<40 {
            while fixture.tokens.counters().running > 0 { await Task.yield() }
            clock.advance(1_000)
        }
        while fixture.tokens.counters().running > 0 { await Task.yield() }
        #expect(try fixture.now(number).state.phase == .needsPerson)
        #expect(try fixture.journal(number) == nil)
        let dials = transport.count
        #expect(dials > 1)
        #expect(await refusal { _ = try await fixture.tokens.live(request(), deadline: 0) } == "needsPerson")
        #expect(transport.count == dials)
    }

    @Test func stopGivesUpWhatIsDialledAndTheNextStartJudgesIt() async throws {
        let clock = ManualClock()
        let transport = ScriptedTransport()
        let fixture = try CredentialsFixture(transport, clock: clock) { $0.drain = 50 }
        let number = try await fixture.credential(access: "old", expires: clock.now + 1_000).number
        let tokens = fixture.tokens
        let asker = Task { await refusal { _ = try await tokens.refresh(number, by: "uid:1") } }
        await transport.until(1)
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            // Blocks: not on a thread of the tasks.
            Thread.detachNewThread { continuation.resume(with: Result { try fixture.reopen() }) }
        }
        _ = await asker.value
        #expect(try fixture.now(number).state.phase == .dialled)
        #expect(await refusal { _ = try await tokens.live(request(), deadline: 0) } != "")
        fixture.credentials.start()
        while fixture.tokens.counters().running > 0 { await Task.yield() }
        #expect(try fixture.now(number).state.phase == .needsPerson)
        #expect(text(fixture.tokens.present(request(), now: clock.now)?.value) == "old")
        #expect(transport.count == 1)
    }

    @Test func disabledOneIsNotPursuedAfterARestart() async throws {
        let clock = ManualClock()
        let (snapshots, _, _) = try await refreshed(rotation: "static", clock: clock)
        try #require(snapshots.all.count == 3)
        let transport = ScriptedTransport()
        let fixture = try CredentialsFixture(transport, clock: clock, copy: snapshots.all[1])
        var change = CredentialChange()
        change.isEnabled = false
        _ = try await fixture.service.update(1, change, by: "uid:0")
        fixture.credentials.start()
        while fixture.tokens.counters().running > 0 { await Task.yield() }
        #expect(try fixture.now(1).state.phase == .idle)
        #expect(try fixture.journal(1) == nil)
        #expect(transport.count == 0)
    }
}
