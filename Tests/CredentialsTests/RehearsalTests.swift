import CofferStore
import CofferUpstream
import Foundation
import Testing

@testable import CofferCredentials

/// A copy of a store is tried out while the original goes on: nothing of it may be used up or overwritten.
@Suite struct RehearsalTests {
    @Test func nothingLeavesAndNothingIsUsedUp() async throws {
        let transport = ScriptedTransport()
        let fixture = try CredentialsFixture(transport) { $0.rehearses = true }
        let one = try await fixture.credential(access: "old", expires: 1)
        let path = fixture.path + "/tokens.txt"
        let sink = try await fixture.credentials.sinks.create(
            SinkDraft(
                tenant: .main, name: DocumentName("out".utf8), content: .template(SinkTemplate(encoding: .plain, element: "{name}")), path: path),
            by: "test")
        let schedule = try await fixture.credentials.schedules.create(
            ScheduleDraft(tenant: .main, name: DocumentName("nightly".utf8), action: .refresh, target: .all, rule: .everyMinutes(5)), by: "test")
        let digest = try digest(fixture.store)
        fixture.credentials.start()
        func code(_ body: () async throws -> Void) async -> String? {
            do { try await body() } catch { return (error as? CredentialError)?.field }
            return nil
        }
        #expect(await code { _ = try await fixture.tokens.refresh(one.number, by: "test") } == "rehearsal")
        #expect(await code { _ = try await fixture.credentials.sinks.run(sink.number) } == "rehearsal")
        #expect(await code { _ = try await fixture.credentials.schedules.run(schedule.number, by: "test") } == "rehearsal")
        #expect(await code { _ = try await fixture.credentials.call("oauth2", step: "x", values: [:]) } == "rehearsal")
        fixture.clock.advance(86_400_000)
        fixture.credentials.schedules.timer.nudge()
        fixture.credentials.sinks.trigger(sink.number)
        for timer in [fixture.credentials.schedules.timer, fixture.credentials.sinks.timer] { timer.queue.sync {} }
        #expect(transport.count == 0)
        #expect(!FileManager.default.fileExists(atPath: path))
        #expect(try self.digest(fixture.store) == digest)
    }

    private func digest(_ store: Store) throws -> String {
        try store.exportBackup(progress: { _, _ in }) { (_) throws(StoreError) in }.digest
    }
}
