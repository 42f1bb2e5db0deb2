import Testing

@testable import CofferAudit

/// Nobody fills the log by asking, and nothing of what they asked is uncounted.
@Suite struct LimiterTests {
    private static func act(
        _ who: AuditWho, _ action: AuditAction = .put, bytes: Int = 200, route: String = "", time: UInt64 = 1
    ) -> RecordLimiter.Act {
        RecordLimiter.Act(
            who: who, noun: .secret, action: action, result: 10, tenant: 1, route: Array(route.utf8), first: time, last: time, bytes: bytes)
    }

    /// How many of `count` equal acts get a record of their own.
    private static func admitted(_ limiter: inout RecordLimiter, _ count: Int, _ act: RecordLimiter.Act, now: UInt64) -> Int {
        var admitted = 0
        for _ in 0..<count where limiter.admits(act, now: now) { admitted += 1 }
        return admitted
    }

    @Test func someAtOnceAndSomeEachSecond() {
        var limiter = RecordLimiter(.refusals)
        let who = AuditWho(selector: "uid:9", uid: 9, pid: 4)
        let first = Self.admitted(&limiter, 200, Self.act(who), now: 1_000)
        #expect(first == 50 && limiter.due == 2_000)
        let early = limiter.takeCounted(now: 1_999)
        #expect(early.isEmpty)
        let second = Self.admitted(&limiter, 200, Self.act(who, time: 7), now: 2_000)
        #expect(second == 10)
        let records = limiter.takeCounted(now: 2_000)
        #expect(records.map(\.count) == [340])
        #expect(records[0].who.uid == 9 && records[0].who.pid == 0 && records[0].result == 10 && records[0].action == .put)
        #expect(records[0].name.isEmpty && records[0].time == 1 && records[0].last == 7)
        #expect(limiter.due == nil)
        let later = Self.admitted(&limiter, 200, Self.act(who), now: 1_000_000)
        #expect(later == 50, "all of it comes back")
    }

    @Test func oneCallerTakesNothingOfAnothers() {
        var limiter = RecordLimiter(.refusals)
        let (loud, quiet) = (AuditWho(selector: "uid:9", uid: 9, pid: 1), AuditWho(selector: "uid:10", uid: 10))
        _ = Self.admitted(&limiter, 100_000, Self.act(loud), now: 5)
        let (ofQuiet, again) = (
            Self.admitted(&limiter, 1, Self.act(quiet), now: 5),
            // Another process of the loud one is the loud one.
            Self.admitted(&limiter, 1, Self.act(AuditWho(selector: "uid:9", uid: 9, pid: 2)), now: 5)
        )
        #expect(ofQuiet == 1 && again == 0)
    }

    @Test func theAddressesOfANetworkAreOneCaller() {
        var limiter = RecordLimiter(.refusals)
        var admitted = 0
        for number in 0..<1_000 {
            let who = AuditWho(selector: "door:newapi", door: "newapi", address: "2001:db8::\(number)", network: "2001:db8::")
            admitted += Self.admitted(&limiter, 1, Self.act(who), now: 5)
        }
        #expect(admitted == 50)
    }

    @Test func longNamesTakeMore() {
        var limiter = RecordLimiter(.refusals)
        let who = AuditWho(selector: "uid:9", uid: 9)
        let admitted = Self.admitted(&limiter, 200, Self.act(who, bytes: 1_300), now: 1_000)
        #expect(admitted == 16)
    }

    /// Whoever asks for whatever, from wherever: a megabyte a minute, and each act in it.
    @Test func aCrowdIsBoundedAndCounted() {
        var limiter = RecordLimiter(.refusals)
        let actions: [AuditAction] = [.get, .put, .list, .info, .delete, .export]
        var (bytes, seen, made) = (0, UInt64(0), UInt64(0))
        for second in 0..<60 as Range<UInt64> {
            for number in 0..<3_000 as Range<UInt32> {
                let who = AuditWho(selector: "uid:\(number)", uid: number)
                let act = Self.act(who, actions[Int(number + UInt32(second)) % actions.count], bytes: 1_000, time: second)
                made += 1
                guard limiter.admits(act, now: second * 1_000) else { continue }
                (bytes, seen) = (bytes + 1_000, seen + 1)
            }
            for record in limiter.takeCounted(now: second * 1_000 + 999, isForced: false) {
                (bytes, seen) = (bytes + record.bytes, seen + UInt64(record.count))
            }
        }
        for record in limiter.takeCounted(now: 60_000, isForced: true) { seen += UInt64(record.count) }
        #expect(seen == made)
        #expect(bytes < 1 << 20, "\(bytes)")
    }

    @Test func routesAreKept() {
        var limiter = RecordLimiter(.acts)
        let who = AuditWho(selector: "login:ada", door: "newapi", address: "192.0.2.1")
        for number in 0..<1_000 { _ = limiter.admits(Self.act(who, route: number % 2 == 0 ? "GET /a" : "GET /b"), now: 1) }
        let records = limiter.takeCounted(now: 1, isForced: true)
        #expect(Set(records.map { String(decoding: $0.name, as: UTF8.self) }) == ["GET /a", "GET /b"])
        #expect(records.allSatisfy { $0.count == 400 && $0.who.selector == "login:ada" && $0.who.address == "192.0.2.1" })
    }

    @Test func anAllowanceIsWholeAgain() {
        var allowance = Allowance()
        let rate = Allowance.Rate(atOnce: 3, perSecond: 2)
        let taken = [10_000, 10_000, 10_000, 10_000, 10_499, 10_500].map { allowance.take(1, rate, now: $0) }
        #expect(taken == [true, true, true, false, false, true])
        #expect(!allowance.isWhole(11_999) && allowance.isWhole(12_000))
        let tooMuch = allowance.take(4, rate, now: 1_000_000)
        #expect(!tooMuch, "never more than all of it")
    }
}
