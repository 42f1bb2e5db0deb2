import CofferStore
import Foundation
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

    /// Of the machine's clock nothing depends: it may be put forward or back while the log is down.
    @Test func aClockThatIsSetMovesNothing() throws {
        let fixture = try Fixture()
        try fixture.store.change(.put(NewVersion(name: name("a"), value: SecretBuffer([1]))))
        for file in fixture.files() { try FileManager.default.removeItem(atPath: file) }
        #expect(code { try fixture.store.change(.put(NewVersion(name: name("a"), value: SecretBuffer([2])))) } == .audit)
        fixture.clock.advance(3_600_000)
        #expect(fixture.log.permitsReads)
        fixture.ticks.advance(LogHealth.grace)
        #expect(!fixture.log.permitsReads)
        fixture.clock.putBack(86_400_000)
        #expect(!fixture.log.permitsReads)
    }

    /// Reads that were counted before it was put back.
    @Test func aClockThatIsPutBackHoldsNoReadsUp() throws {
        let fixture = try Fixture()
        let recorder = try fixture.log.makeRecorder()
        let now = fixture.clock.now
        #expect(recorder.count(.get, .secret, .daemon, hash: (1, 2), tenant: 1, name: .init(start: nil, count: 0), version: 1, now: now))
        #expect(recorder.due(now) == now + 500)
        #expect(recorder.due(now - 3_600_000) == now - 3_600_000)
    }
}
