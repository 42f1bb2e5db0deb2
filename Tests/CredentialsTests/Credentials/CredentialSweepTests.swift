import CofferStore
import CofferUpstream
import Testing

@testable import CofferCredentials

@Suite struct CredentialSweepTests {
    private static let day: UInt64 = 86_400_000

    @Test func nothingIsLeftWhenItsTimeIsOver() async throws {
        let fixture = try CredentialsFixture(ScriptedTransport { _ in .down() })
        let number = try await fixture.credential { $0.secrets["password"] = buffer("pw") }.number
        _ = try? await fixture.tokens.live(request(), deadline: 0)
        #expect(try await fixture.service.delete([number], by: "t") == 1)
        let (service, sweeper) = (fixture.service, fixture.credentials.sweeper)
        fixture.clock.advance(30 * Self.day)
        #expect(sweeper.beat() == nil)
        #expect(service.deleted(tenant: .main).count == 1)
        // Once a day, and not in between.
        fixture.clock.advance(Self.day - 1)
        #expect(sweeper.beat() == nil)
        #expect(service.deleted(tenant: .main).count == 1)
        fixture.clock.advance(1)
        #expect(sweeper.beat() == nil)
        #expect(service.deleted(tenant: .main).isEmpty)
        let context = fixture.credentials.context
        for table in [DocumentTable.credentials, .credentialStates, .credentialSecrets, .refreshJournal] {
            #expect(try context.document(table, try .number(number)) == nil)
        }
        #expect(try context.document(.credentialTokens, try .token(number, "refresh")) == nil)
        try fixture.reopen()
        #expect(service.deleted(tenant: .main).isEmpty && !fixture.credentials.isLocked)
    }

    @Test func runsByItselfAfterAStart() async throws {
        let fixture = try CredentialsFixture(ScriptedTransport())
        let number = try await fixture.credential().number
        #expect(try await fixture.service.delete([number], by: "t") == 1)
        fixture.clock.advance(30 * Self.day + 1)
        fixture.credentials.start()
        for _ in 0..<200 where !fixture.service.deleted(tenant: .main).isEmpty { try await Task.sleep(for: .milliseconds(50)) }
        #expect(fixture.service.deleted(tenant: .main).isEmpty)
    }

    @Test func aMultitudeGoesInParts() async throws {
        let fixture = try CredentialsFixture(ScriptedTransport())
        var numbers: [UInt64] = []
        for index in 0..<(CredentialService.sweptAtOnce + 3) {
            numbers.append(try await fixture.credential("c\(index)", refresh: "refresh-\(index)").number)
        }
        let kept = numbers.removeFirst()
        #expect(try await fixture.service.delete(numbers, by: "t") == numbers.count)
        fixture.clock.advance(30 * Self.day + 1)
        #expect(fixture.credentials.sweeper.beat() == 0)
        #expect(fixture.service.deleted(tenant: .main).count == 2)
        #expect(fixture.credentials.sweeper.beat() == nil)
        #expect(fixture.service.deleted(tenant: .main).isEmpty && fixture.service.list().map(\.number) == [kept])
    }

    @Test func whatIsBeingDialledStaysAndALockIsNoEnd() async throws {
        let transport = ScriptedTransport()
        let fixture = try CredentialsFixture(transport)
        let number = try await fixture.credential().number
        let tokens = fixture.tokens
        let asker = Task { await refusal { _ = try await tokens.live(request(), deadline: 0) } }
        await transport.until(1)
        #expect(try await fixture.service.delete([number], by: "t") == 1)
        fixture.clock.advance(31 * Self.day)
        #expect(fixture.credentials.sweeper.beat() == nil)
        #expect(fixture.service.deleted(tenant: .main).count == 1)
        transport.calls[0].answer(.ok(["access": "a", "refresh": "refresh-1"]))
        _ = await asker.value
        fixture.clock.advance(Self.day)
        fixture.lock()
        #expect(fixture.credentials.sweeper.beat() == nil)
        try fixture.unlock()
        #expect(fixture.service.deleted(tenant: .main).count == 1)
        #expect(fixture.credentials.sweeper.beat() == nil)
        #expect(fixture.service.deleted(tenant: .main).isEmpty)
    }
}
