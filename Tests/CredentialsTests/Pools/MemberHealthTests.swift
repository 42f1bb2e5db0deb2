import Testing

@testable import CofferCredentials

/// What follows upon what, one member alone.
@Suite struct MemberHealthTests {
    let now: UInt64 = 1_700_000_000_000

    func evidence(
        _ verdict: ReportedVerdict, after time: UInt64 = 0, newer: Bool = true, sure: Bool = true, token: UInt64 = 1, jitter: UInt64 = 0
    ) -> MemberHealth.Evidence {
        .init(verdict: verdict, isNewer: newer, isAttributed: sure, generation: token, now: now + time, jitter: jitter)
    }

    @Test func limitedWaitsAsLongAsTheUpstreamSaysAndAMinuteWhereItSaysNothing() {
        var health = MemberHealth()
        #expect(health.take(evidence(.limited(retryAfter: 7_000))))
        #expect(health.state == .cooling && health.until == now + 7_000 && !health.isOpen(at: now + 6_999) && health.isOpen(at: now + 7_000))
        health = MemberHealth()
        #expect(health.take(evidence(.limited())))
        #expect(health.until == now + 60_000)
        // Nobody is believed for longer than a day.
        health = MemberHealth()
        #expect(health.take(evidence(.limited(retryAfter: .max))))
        #expect(health.until == now + 86_400_000)
    }

    @Test func serverErrorsBackOffTo15MinutesAndNeverKill() {
        var health = MemberHealth()
        var waits: [UInt64] = []
        for _ in 0..<70_000 {
            #expect(health.take(evidence(.serverError)))
            waits.append(health.until - now)
        }
        #expect(Array(waits.prefix(9)) == [5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 320_000, 640_000, 900_000])
        #expect(waits.last == 900_000 && health.state == .cooling && health.failures == .max)
    }

    @Test func paymentRequiredWaitsUntilTheGivenTimeOrAnHourDoublingToADay() {
        var health = MemberHealth()
        #expect(health.take(evidence(.paymentRequired(until: now + 5_000))))
        #expect(health.state == .exhausted && health.until == now + 5_000)
        health = MemberHealth()
        var waits: [UInt64] = []
        for _ in 0..<7 {
            // A time that has passed says nothing.
            #expect(health.take(evidence(.paymentRequired(until: now - 1))))
            waits.append((health.until - now) / 3_600_000)
        }
        #expect(waits == [1, 2, 4, 8, 16, 24, 24])
        health = MemberHealth()
        #expect(health.take(evidence(.paymentRequired(until: .max))))
        #expect(health.until == now + 31 * 86_400_000)
    }

    @Test func jitterMakesWaitingLongerByLessThanATenth() {
        var health = MemberHealth()
        #expect(health.take(evidence(.limited(retryAfter: 10_000), jitter: 1_023)))
        #expect((now + 10_900..<now + 11_000).contains(health.until))
        health = MemberHealth()
        #expect(health.take(evidence(.limited(retryAfter: 10_000), jitter: .max)))
        #expect(health.until < now + 11_000)
    }

    @Test func twoRefusalsOfTwoTokensTenMinutesApartKill() {
        var health = MemberHealth()
        #expect(health.take(evidence(.unauthorized, token: 1)))
        #expect(health.state == .suspect && health.until == now + 30_000)
        // Another token, too soon.
        #expect(health.take(evidence(.unauthorized, after: 599_999, token: 2)))
        #expect(health.state == .suspect)
        // The same token as at first.
        #expect(health.take(evidence(.unauthorized, after: 700_000, token: 1)))
        #expect(health.state == .suspect)
        // Somebody who cannot say which token it was.
        #expect(health.take(evidence(.unauthorized, after: 800_000, sure: false, token: 2)))
        #expect(health.state == .suspect)
        #expect(health.take(evidence(.unauthorized, after: 900_000, token: 2)))
        #expect(health.state == .dead && health.reason.contains("401") && health.until == 0)
        // Nothing that is reported brings it back.
        #expect(!health.take(evidence(.ok, after: 1_000_000)))
        #expect(health.state == .dead && health.verdict == "unauthorized")
        health.revive(now: now + 2_000_000)
        #expect(health.state == .live && health.refusedAt == 0 && health.since == now + 2_000_000)
    }

    @Test func anOkInBetweenMakesTheNextRefusalTheFirst() {
        var health = MemberHealth()
        #expect(health.take(evidence(.unauthorized, token: 1)))
        #expect(health.take(evidence(.ok, after: 60_000, token: 2)))
        #expect(health.state == .live && health.failures == 0)
        #expect(health.take(evidence(.unauthorized, after: 900_000, token: 2)))
        #expect(health.state == .suspect)
    }

    @Test func aRefusalIsForgottenAfterADay() {
        var health = MemberHealth()
        #expect(health.take(evidence(.unauthorized, token: 1)))
        health.reconsider(now: now + 1)
        health.hearNothing(about: 2, now: now + 60_001)
        #expect(health.state == .live)
        #expect(health.take(evidence(.unauthorized, after: 86_400_001, token: 2)))
        #expect(health.state == .suspect && health.refusedGeneration == 2)
    }

    @Test func whatIsOlderAddsAndTakesNothingBack() {
        var health = MemberHealth()
        #expect(health.take(evidence(.limited(retryAfter: 60_000))))
        let limited = health
        // A probe from before the 429.
        #expect(!health.take(evidence(.ok, newer: false)))
        #expect(!health.take(evidence(.ok, newer: false, sure: false)))
        #expect(health == limited)
        // Another one was told to wait for less, then one for longer: the longer counts, the back-off does not grow.
        #expect(health.take(evidence(.limited(retryAfter: 1_000), newer: false)))
        #expect(health.until == limited.until)
        #expect(health.take(evidence(.limited(retryAfter: 90_000), newer: false)))
        #expect(health.until == now + 90_000 && health.failures == 1)
        #expect(health.take(evidence(.paymentRequired(), newer: false)))
        #expect(health.state == .exhausted)
        #expect(!health.take(evidence(.serverError, newer: false)))
        // A live one is not disturbed by what is older than its life.
        health = MemberHealth()
        #expect(!health.take(evidence(.unauthorized, newer: false)))
        #expect(health == MemberHealth())
    }

    @Test func aSlowUpstreamDoesNotMakeARefusedTokenGood() {
        var health = MemberHealth()
        #expect(health.take(evidence(.unauthorized)))
        #expect(health.take(evidence(.limited(retryAfter: 120_000), after: 30_000)))
        #expect(health.state == .suspect && health.until == now + 150_000)
        health = MemberHealth()
        #expect(health.take(evidence(.paymentRequired())))
        #expect(health.take(evidence(.serverError, after: 3_600_000)))
        #expect(health.state == .exhausted)
    }

    @Test func silenceEndsWaitingButNotARefusal() {
        var health = MemberHealth()
        #expect(health.take(evidence(.serverError)))
        health.hearNothing(about: 1, now: now + 4_999)
        #expect(health.state == .cooling)
        health.hearNothing(about: 1, now: now + 65_000)
        #expect(health.state == .live && health.failures == 1)
        // It was wrong: the back-off goes on.
        #expect(health.take(evidence(.serverError, after: 70_000)))
        #expect(health.until == now + 80_000)
        health = MemberHealth()
        #expect(health.take(evidence(.unauthorized, token: 1)))
        health.hearNothing(about: 1, now: now + 100_000)
        #expect(health.state == .suspect)
        health.hearNothing(about: 2, now: now + 100_000)
        #expect(health.state == .live)
    }

    @Test func whatIsWrittenIsReadAgain() throws {
        var health = MemberHealth()
        #expect(health.take(evidence(.unauthorized, token: 5)))
        health.attendedAt = 9
        #expect(try PoolDocuments.health(PoolDocuments.encode(health)) == health)
    }
}
