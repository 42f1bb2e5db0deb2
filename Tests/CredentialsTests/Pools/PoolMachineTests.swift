import Testing

@testable import CofferCredentials

/// Who is handed out, and how a member comes back.
@Suite struct PoolMachineTests {
    static let start: UInt64 = 1_700_000_000_000

    /// A pool whose members all have live tokens that were got at 1.
    final class Bench {
        var machine = PoolMachine()
        var random = SplitMix(state: 7)
        var now = PoolMachineTests.start

        init(_ members: [PoolMember]) {
            machine.set(members) { _ in Bench.standing(token: 1) }
        }

        convenience init(count: Int) { self.init((1...UInt64(count)).map { PoolMember(credential: $0) }) }

        static func standing(token: UInt64, expires: UInt64 = 0, refreshable: Bool = true) -> MemberStanding {
            var standing = MemberStanding()
            standing.takesPart = true
            standing.refreshFrom = refreshable ? 0 : nil
            standing.tokens = token == 0 ? [] : [TokenFact(kind: "access", expires: expires, obtained: token)]
            return standing
        }

        func pick(_ ask: PoolAsk = PoolAsk()) -> (credential: UInt64, lease: LeaseID)? {
            if case .member(let credential, let lease) = machine.pick(ask, now: now, random: &random) { return (credential, lease) }
            return nil
        }

        /// Milliseconds; `nil`: somebody was picked.
        func retryAfter(_ ask: PoolAsk = PoolAsk()) -> UInt64? {
            if case .none(let retryAfter) = machine.pick(ask, now: now, random: &random) { return retryAfter }
            return nil
        }

        func report(_ lease: LeaseID, _ verdict: ReportedVerdict) -> PoolReportResult.Effect? {
            machine.report(lease, verdict, now: now, jitter: 0)?.effect
        }

        func judge(_ lease: LeaseID, _ verdict: ReportedVerdict) -> PoolMachine.Judged? {
            machine.report(lease, verdict, now: now, jitter: 0)
        }

        func report(of credential: UInt64, _ verdict: ReportedVerdict) -> PoolReportResult.Effect? {
            machine.report(of: credential, verdict, now: now, jitter: 0)?.effect
        }

        func takeOwn() -> LeaseID? { machine.takeOwn(now: now, random: &random) }

        func picksOwn() -> Bool { machine.pick(PoolAsk(), now: now, random: &random) == .own }

        func state(_ credential: UInt64) -> PoolMemberState? { machine.member(credential)?.health.state }
    }

    @Test func requestsAreSharedByWeight() {
        let bench = Bench([PoolMember(credential: 1, weight: 1), PoolMember(credential: 2, weight: 3), PoolMember(credential: 3, weight: 6)])
        var counts: [UInt64: Int] = [:]
        for _ in 0..<20_000 { counts[bench.pick()?.credential ?? 0, default: 0] += 1 }
        // Drawn with a known seed: these hold for good. Six standard deviations are 250 to 420.
        #expect(abs(counts[1, default: 0] - 2_000) < 255 && abs(counts[2, default: 0] - 6_000) < 390)
        #expect(abs(counts[3, default: 0] - 12_000) < 416)
    }

    @Test func weightsHoldAmongThoseWhoseTokensLive() {
        let bench = Bench([PoolMember(credential: 1, weight: 1_000), PoolMember(credential: 2), PoolMember(credential: 3)])
        bench.machine.set(Bench.standing(token: 1, expires: bench.now), of: 1)
        var counts: [UInt64: Int] = [:]
        for _ in 0..<2_000 { counts[bench.pick()?.credential ?? 0, default: 0] += 1 }
        #expect(counts[1] == nil && counts[2, default: 0] > 800 && counts[3, default: 0] > 800)
    }

    @Test func onlyOneRequestGoesToWhatComesBackAndItsReportDecides() throws {
        let bench = Bench(count: 1)
        let first = try #require(bench.pick())
        #expect(bench.report(first.lease, .limited(retryAfter: 5_000)) == .taken)
        #expect(bench.retryAfter() == 5_000)
        bench.now += 4_999
        #expect(bench.retryAfter() == 1)
        bench.now += 1
        let probe = try #require(bench.pick())
        // Until its lease ends, nobody else.
        #expect(bench.retryAfter() == 60_000)
        #expect(bench.report(probe.lease, .limited(retryAfter: 9_000)) == .taken)
        #expect(bench.retryAfter() == 9_000)
        bench.now += 9_000
        let second = try #require(bench.pick())
        #expect(bench.report(second.lease, .ok) == .taken)
        #expect(bench.state(1) == .live && bench.pick() != nil && bench.pick() != nil)
    }

    @Test func whatComesBackIsTriedBeforeTheOthers() throws {
        let bench = Bench(count: 50)
        let refused = try #require(bench.pick())
        #expect(bench.report(refused.lease, .serverError) == .taken)
        bench.now += 5_000
        #expect(bench.pick()?.credential == refused.credential)
        for _ in 0..<200 { #expect(bench.pick()?.credential != refused.credential) }
    }

    @Test func anUnreportedProbeOfWhatOnlyHadToWaitBringsItBack() throws {
        let bench = Bench(count: 1)
        let first = try #require(bench.pick())
        #expect(bench.report(first.lease, .limited(retryAfter: 1_000)) == .taken)
        bench.now += 1_000
        #expect(bench.pick() != nil)
        bench.now += 60_000
        #expect(bench.pick() != nil && bench.state(1) == .live)
    }

    @Test func aProbeThatWasGivenBackLeavesTheMemberHalfOpen() throws {
        let bench = Bench(count: 1)
        let first = try #require(bench.pick())
        #expect(bench.report(first.lease, .serverError) == .taken)
        bench.now += 5_000
        let probe = try #require(bench.pick())
        bench.machine.giveBack(probe.lease, now: bench.now)
        #expect(bench.state(1) == .cooling && bench.pick() != nil && bench.report(probe.lease, .ok) == .repeated)
    }

    @Test func aFresh429IsNotOverwrittenByAnOldProbe() throws {
        let bench = Bench(count: 1)
        let first = try #require(bench.pick())
        #expect(bench.report(first.lease, .serverError) == .taken)
        bench.now += 5_000
        let probe = try #require(bench.pick())
        // While the probe runs, another caller, who has no lease any more, is told to wait.
        #expect(bench.judge(probe.lease, .limited(retryAfter: 600_000))?.effect == .taken)
        let until = bench.machine.member(1)?.health.until
        #expect(bench.report(probe.lease, .ok) == .repeated)
        #expect(bench.report(of: 1, .ok) == .outdated)
        #expect(bench.machine.member(1)?.health.until == until && bench.state(1) == .cooling)
    }

    @Test func leasesFromBeforeAFailureDoNotEndIt() throws {
        let bench = Bench(count: 1)
        let (a, b, c) = (try #require(bench.pick()), try #require(bench.pick()), try #require(bench.pick()))
        #expect(bench.report(b.lease, .limited(retryAfter: 30_000)) == .taken)
        #expect(bench.report(a.lease, .ok) == .outdated && bench.state(1) == .cooling)
        bench.now += 30_000
        let probe = try #require(bench.pick())
        #expect(bench.report(probe.lease, .ok) == .taken && bench.state(1) == .live)
        // And one from before the probe does not end what the probe found.
        #expect(bench.report(c.lease, .unauthorized) == .outdated && bench.state(1) == .live)
    }

    @Test func aReportAboutATokenThatWasReplacedSaysNothing() throws {
        let bench = Bench(count: 1)
        let old = try #require(bench.pick())
        bench.machine.set(Bench.standing(token: 2), of: 1)
        #expect(bench.report(old.lease, .unauthorized) == .outdated && bench.state(1) == .live)
    }

    @Test func aLeaseThatWaitsForARefreshIsAboutTheFreshToken() throws {
        let bench = Bench(count: 1)
        bench.machine.set(Bench.standing(token: 1, expires: bench.now), of: 1)
        let (lease, unused) = (try #require(bench.pick()), try #require(bench.pick()))
        // Its refresh brought nothing: whatever it was about, it was not a token of now.
        #expect(bench.report(unused.lease, .unauthorized) == .outdated)
        bench.machine.set(Bench.standing(token: 2), of: 1)
        #expect(bench.report(lease.lease, .unauthorized) == .taken && bench.state(1) == .suspect)
    }

    @Test func aFreshTokenLetsASuspectTryAtOnce() throws {
        let bench = Bench(count: 1)
        let lease = try #require(bench.pick())
        #expect(bench.judge(lease.lease, .unauthorized)?.needsAttention == true)
        #expect(bench.retryAfter() == 30_000)
        bench.machine.set(Bench.standing(token: 2), of: 1)
        let probe = try #require(bench.pick())
        // Ten minutes must pass before it is looked after again, whatever callers say.
        #expect(bench.judge(probe.lease, .unauthorized)?.needsAttention == false)
        bench.now += 600_000
        let late = try #require(bench.pick())
        #expect(bench.report(late.lease, .unauthorized) == .taken)
        #expect(bench.state(1) == .dead && bench.retryAfter() == 0)
    }

    @Test func aCheckClearsASuspectUnlessSomethingNewerIsKnown() throws {
        let bench = Bench(count: 1)
        let lease = try #require(bench.pick())
        #expect(bench.report(lease.lease, .unauthorized) == .taken)
        let known = bench.machine.knowledge(of: 1)
        bench.machine.cleared(1, since: known - 1, now: bench.now)
        #expect(bench.retryAfter() == 30_000)
        bench.machine.cleared(1, since: known, now: bench.now)
        #expect(bench.pick() != nil && bench.state(1) == .suspect)
    }

    @Test func limitsHoldAndSayWhenRoomComes() throws {
        let bench = Bench([PoolMember(credential: 1, inFlightLimit: 2)])
        let first = try #require(bench.pick())
        bench.now += 10_000
        #expect(bench.pick() != nil)
        #expect(bench.retryAfter() == 50_000)
        #expect(bench.report(first.lease, .ok) == .taken)
        #expect(bench.pick() != nil)
        bench.now += 60_000
        #expect(bench.pick() != nil && bench.pick() != nil && bench.pick() == nil)
    }

    @Test func aStickyKeyKeepsItsMember() throws {
        let bench = Bench(count: 20)
        let ask = PoolAsk(sticky: [1, 2, 3])
        let member = try #require(bench.pick(ask)?.credential)
        for _ in 0..<50 {
            bench.now += 59_000
            #expect(bench.pick(ask)?.credential == member)
        }
        #expect(bench.report(of: member, .limited(retryAfter: 30_000)) == .taken)
        let other = try #require(bench.pick(ask)?.credential)
        #expect(other != member)
        bench.now += 30_000
        #expect(bench.pick()?.credential == member)
        #expect(bench.pick(ask)?.credential == other)
    }

    @Test func keysAreNotRememberedWithoutBound() {
        let bench = Bench(count: 1)
        for number in 0..<(PoolMachine.maximumBindings + 10) {
            _ = bench.pick(PoolAsk(sticky: withUnsafeBytes(of: number) { Array($0) }))
        }
        #expect(bench.machine.bindings.count == PoolMachine.maximumBindings && bench.machine.leases.count == PoolMachine.maximumLeases)
        #expect(bench.machine.member(1)?.inFlight == UInt32(PoolMachine.maximumLeases))
        bench.now += 60_000
        _ = bench.pick(PoolAsk(sticky: [1]))
        #expect(bench.machine.bindings.count == 1 && bench.machine.leases.count == 1)
    }

    @Test func allWaitForTheRefreshOfTheFirst() {
        let bench = Bench(count: 3)
        for credential: UInt64 in 1...3 { bench.machine.set(Bench.standing(token: 0), of: credential) }
        for _ in 0..<64 { #expect(bench.pick()?.credential == 1) }
        #expect(bench.pick(PoolAsk(avoiding: [1]))?.credential == 2)
        #expect(bench.retryAfter(PoolAsk(avoiding: [1, 2, 3])) == 0)
        bench.machine.set(Bench.standing(token: 5), of: 3)
        #expect(bench.pick()?.credential == 3)
    }

    @Test func whoDoesNotTakePartIsNobody() {
        let bench = Bench(count: 2)
        bench.machine.set(MemberStanding(), of: 1)
        for _ in 0..<50 { #expect(bench.pick()?.credential == 2) }
        bench.machine.set(MemberStanding(), of: 2)
        #expect(bench.retryAfter() == 0)
    }

    @Test func aPoolWithoutMembersHasNobody() {
        let bench = Bench([])
        #expect(bench.retryAfter() == 0)
        #expect(bench.retryAfter(PoolAsk(kind: Pool.ownKind)) == 0)
        #expect(bench.report(of: 1, .ok) == nil)
    }

    @Test func theOwnTokenGoesFirstUntilItFails() throws {
        let bench = Bench(count: 1)
        bench.machine.set(own: TokenFact(kind: Pool.ownKind, expires: 0, obtained: 1))
        #expect(bench.picksOwn())
        // A share token is a member's.
        bench.machine.set(Bench.standing(token: 1), of: 1)
        let lease = try #require(bench.takeOwn())
        #expect(bench.report(lease, .unauthorized) == .taken)
        #expect(bench.pick()?.credential == 1)
        #expect(bench.retryAfter(PoolAsk(kind: Pool.ownKind)) == 30_000)
        bench.machine.set(own: TokenFact(kind: Pool.ownKind, expires: 0, obtained: 2))
        #expect(bench.picksOwn())
    }

    @Test func whoLeavesAndComesBackIsLiveAndOwesNothing() throws {
        let bench = Bench([PoolMember(credential: 1, inFlightLimit: 1), PoolMember(credential: 2)])
        let lease = try #require(bench.pick(PoolAsk(avoiding: [2])))
        bench.machine.set([PoolMember(credential: 2)]) { _ in Bench.standing(token: 1) }
        bench.machine.set([PoolMember(credential: 1, inFlightLimit: 1)]) { _ in Bench.standing(token: 1) }
        #expect(bench.pick() != nil)
        #expect(bench.report(lease.lease, .unauthorized) == .outdated)
        #expect(bench.machine.member(1)?.inFlight == 1 && bench.state(1) == .live)
    }

    @Test func aClockThatWasSetBackEndsLeasesAndNothingElse() throws {
        let bench = Bench([PoolMember(credential: 1, inFlightLimit: 1)])
        let lease = try #require(bench.pick())
        bench.now -= 86_400_000
        #expect(bench.pick() != nil)
        #expect(bench.report(lease.lease, .ok) == nil)
    }
}
