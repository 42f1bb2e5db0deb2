import Testing

@testable import CofferCredentials

/// What follows upon what, one member alone.
@Suite struct MemberHealthTests {
    let now: UInt64 = 1_700_000_000_000

    final class Subject {
        var health = MemberHealth()
        func take(_ evidence: MemberHealth.Evidence) -> Bool { health.take(evidence) }
    }

    func evidence(
        _ verdict: ReportedVerdict, after time: UInt64 = 0, newer: Bool = true, sure: Bool = true, token: UInt64 = 1, jitter: UInt64 = 0
    ) -> MemberHealth.Evidence {
        .init(verdict: verdict, isNewer: newer, isAttributed: sure, generation: token, now: now + time, jitter: jitter)
    }

    @Test func limitedWaitsAsLongAsTheUpstreamSaysAndAMinuteWhereItSaysNothing() {
        let member = Subject()
        #expect(member.take(evidence(.limited(retryAfter: 7_000))))
        #expect(member.health.state == .cooling && member.health.until == now + 7_000 && !member.health.isOpen(at: now + 6_999))
        #expect(member.health.isOpen(at: now + 7_000))
        member.health = MemberHealth()
        #expect(member.take(evidence(.limited())))
        #expect(member.health.until == now + 60_000)
        // Nobody is believed for longer than a day.
        member.health = MemberHealth()
        #expect(member.take(evidence(.limited(retryAfter: .max))))
        #expect(member.health.until == now + 86_400_000)
    }

    @Test func serverErrorsBackOffTo15MinutesAndNeverKill() {
        let member = Subject()
        var waits: [UInt64] = []
        for _ in 0..<70_000 {
            #expect(member.take(evidence(.serverError)))
            waits.append(member.health.until - now)
        }
        #expect(Array(waits.prefix(9)) == [5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 320_000, 640_000, 900_000])
        #expect(waits.last == 900_000 && member.health.state == .cooling && member.health.failures == .max)
    }

    @Test func paymentRequiredWaitsUntilTheGivenTimeOrAnHourDoublingToADay() {
        let member = Subject()
        #expect(member.take(evidence(.paymentRequired(until: now + 5_000))))
        #expect(member.health.state == .exhausted && member.health.until == now + 5_000)
        member.health = MemberHealth()
        var waits: [UInt64] = []
        for _ in 0..<7 {
            // A time that has passed says nothing.
            #expect(member.take(evidence(.paymentRequired(until: now - 1))))
            waits.append((member.health.until - now) / 3_600_000)
        }
        #expect(waits == [1, 2, 4, 8, 16, 24, 24])
        member.health = MemberHealth()
        #expect(member.take(evidence(.paymentRequired(until: .max))))
        #expect(member.health.until == now + 31 * 86_400_000)
    }

    @Test func jitterMakesWaitingLongerByLessThanATenth() {
        let member = Subject()
        #expect(member.take(evidence(.limited(retryAfter: 10_000), jitter: 1_023)))
        #expect((now + 10_900..<now + 11_000).contains(member.health.until))
        member.health = MemberHealth()
        #expect(member.take(evidence(.limited(retryAfter: 10_000), jitter: .max)))
        #expect(member.health.until < now + 11_000)
    }

    @Test func twoRefusalsOfTwoTokensTenMinutesApartKill() {
        let member = Subject()
        #expect(member.take(evidence(.unauthorized, token: 1)))
        #expect(member.health.state == .suspect && member.health.until == now + 30_000)
        // Another token, too soon.
        #expect(member.take(evidence(.unauthorized, after: 599_999, token: 2)))
        #expect(member.health.state == .suspect)
        // The same token as at first.
        #expect(member.take(evidence(.unauthorized, after: 700_000, token: 1)))
        #expect(member.health.state == .suspect)
        // Somebody who cannot say which token it was.
        #expect(member.take(evidence(.unauthorized, after: 800_000, sure: false, token: 2)))
        #expect(member.health.state == .suspect)
        #expect(member.take(evidence(.unauthorized, after: 900_000, token: 2)))
        #expect(member.health.state == .dead && member.health.reason.contains("401") && member.health.until == 0)
        // Nothing that is reported brings it back.
        #expect(!member.take(evidence(.ok, after: 1_000_000)))
        #expect(member.health.state == .dead && member.health.verdict == "unauthorized")
        member.health.revive(now: now + 2_000_000)
        #expect(member.health.state == .live && member.health.refusedAt == 0 && member.health.since == now + 2_000_000)
    }

    @Test func anOkInBetweenMakesTheNextRefusalTheFirst() {
        let member = Subject()
        #expect(member.take(evidence(.unauthorized, token: 1)))
        #expect(member.take(evidence(.ok, after: 60_000, token: 2)))
        #expect(member.health.state == .live && member.health.failures == 0)
        #expect(member.take(evidence(.unauthorized, after: 900_000, token: 2)))
        #expect(member.health.state == .suspect)
    }

    @Test func aRefusalIsForgottenAfterADay() {
        let member = Subject()
        #expect(member.take(evidence(.unauthorized, token: 1)))
        member.health.reconsider(now: now + 1)
        member.health.hearNothing(about: 2, now: now + 60_001)
        #expect(member.health.state == .live)
        #expect(member.take(evidence(.unauthorized, after: 86_400_001, token: 2)))
        #expect(member.health.state == .suspect && member.health.refusedGeneration == 2)
    }

    @Test func whatIsOlderAddsAndTakesNothingBack() {
        let member = Subject()
        #expect(member.take(evidence(.limited(retryAfter: 60_000))))
        let limited = member.health
        // A probe from before the 429.
        #expect(!member.take(evidence(.ok, newer: false)))
        #expect(!member.take(evidence(.ok, newer: false, sure: false)))
        #expect(member.health == limited)
        // Another one was told to wait for less, then one for longer: the longer counts, the back-off does not grow.
        #expect(member.take(evidence(.limited(retryAfter: 1_000), newer: false)))
        #expect(member.health.until == limited.until)
        #expect(member.take(evidence(.limited(retryAfter: 90_000), newer: false)))
        #expect(member.health.until == now + 90_000 && member.health.failures == 1)
        #expect(member.take(evidence(.paymentRequired(), newer: false)))
        #expect(member.health.state == .exhausted)
        #expect(!member.take(evidence(.serverError, newer: false)))
        // A live one is not disturbed by what is older than its life.
        member.health = MemberHealth()
        #expect(!member.take(evidence(.unauthorized, newer: false)))
        #expect(member.health == MemberHealth())
    }

    @Test func aSlowUpstreamDoesNotMakeARefusedTokenGood() {
        let member = Subject()
        #expect(member.take(evidence(.unauthorized)))
        #expect(member.take(evidence(.limited(retryAfter: 120_000), after: 30_000)))
        #expect(member.health.state == .suspect && member.health.until == now + 150_000)
        member.health = MemberHealth()
        #expect(member.take(evidence(.paymentRequired())))
        #expect(member.take(evidence(.serverError, after: 3_600_000)))
        #expect(member.health.state == .exhausted)
    }

    @Test func silenceEndsWaitingButNotARefusal() {
        let member = Subject()
        #expect(member.take(evidence(.serverError)))
        member.health.hearNothing(about: 1, now: now + 4_999)
        #expect(member.health.state == .cooling)
        member.health.hearNothing(about: 1, now: now + 65_000)
        #expect(member.health.state == .live && member.health.failures == 1)
        // It was wrong: the back-off goes on.
        #expect(member.take(evidence(.serverError, after: 70_000)))
        #expect(member.health.until == now + 80_000)
        member.health = MemberHealth()
        #expect(member.take(evidence(.unauthorized, token: 1)))
        member.health.hearNothing(about: 1, now: now + 100_000)
        #expect(member.health.state == .suspect)
        member.health.hearNothing(about: 2, now: now + 100_000)
        #expect(member.health.state == .live)
    }

    @Test func whatIsWrittenIsReadAgain() throws {
        let member = Subject()
        #expect(member.take(evidence(.unauthorized, token: 5)))
        member.health.attendedAt = 9
        #expect(try PoolDocuments.health(PoolDocuments.encode(member.health)) == member.health)
    }
}
