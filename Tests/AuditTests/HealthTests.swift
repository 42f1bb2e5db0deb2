import Testing

@testable import CofferAudit

@Suite struct HealthTests {
    @Test func twoSecondsOfWaitingThenDown() {
        var health = LogHealth()
        #expect(!health.isDown(10_000))
        health.began(10_000)
        #expect(!health.isDown(11_999))
        #expect(health.isDown(12_000))
        health.succeeded()
        #expect(!health.isDown(20_000))
    }

    @Test func aFailureCountsFromItsBeginning() {
        var health = LogHealth()
        health.began(10_000)
        health.failed(11_000, LogTrouble(kind: .unavailable, message: "full"))
        health.began(11_500)
        health.failed(11_500, LogTrouble(kind: .unavailable, message: "full"))
        #expect(health.since == 10_000)
        #expect(health.isDown(12_000))
    }

    @Test func aClockThatIsPutBackLocksNobodyOut() {
        var health = LogHealth()
        health.failed(10_000, .broken("gone"))
        #expect(!health.isDown(9_000))
    }
}
