import CofferAccounts
import CofferStore
import CofferUpstream
import Testing

@testable import CofferCredentials

/// One token that works once, in two credentials: each would destroy it for the other.
@Suite struct SingleUseTokenTests {
    @Test func belongsToOneCredential() async throws {
        let fixture = try CredentialsFixture(ScriptedTransport())
        _ = try await fixture.credential("one", refresh: "shared")
        #expect(await refusal { _ = try await fixture.credential("two", refresh: "shared") } == "alreadyExists:refresh")
        let other = try await fixture.credential("two", refresh: "own")
        var change = CredentialChange()
        change.tokens["refresh"] = buffer("shared")
        let given = change
        #expect(await refusal { _ = try await fixture.service.update(other.number, given, by: "t") } == "alreadyExists:refresh")
        #expect(try fixture.token(other.number, "refresh") == "own")
        // What it has already it may be given again; and what memory knows, it knows after a restart.
        _ = try await fixture.service.update(1, given, by: "t")
        try fixture.reopen()
        #expect(await refusal { _ = try await fixture.credential("three", refresh: "shared") } == "alreadyExists:refresh")
        // It is free when its owner has another one.
        change.tokens["refresh"] = buffer("later")
        _ = try await fixture.service.update(1, change, by: "t")
        _ = try await fixture.credential("three", refresh: "shared")
    }

    @Test func whatMayBePresentedTwiceMayBeShared() async throws {
        let fixture = try CredentialsFixture(ScriptedTransport())
        _ = try await fixture.credential("one", refresh: "shared", rotation: "static", access: "a")
        _ = try await fixture.credential("two", refresh: "shared", rotation: "static", access: "a")
        #expect(await refusal { _ = try await fixture.credential("three", refresh: "shared", rotation: "grace:30") } == "alreadyExists:refresh")
    }

    @Test func aDeletedOneThatComesBackDoesNotPresentItAgain() async throws {
        let transport = ScriptedTransport { call in .ok(["access": "a", "refresh": "next"], expires: [:]) }
        let fixture = try CredentialsFixture(transport)
        let first = try await fixture.credential("one", refresh: "shared").number
        #expect(try await fixture.service.delete([first], by: "t") == 1)
        _ = try await fixture.credential("two", refresh: "shared")
        _ = try await fixture.tokens.live(request("two"), deadline: 0)
        _ = try await fixture.service.undelete(tenant: .main, name: Array("one".utf8), by: "t")
        #expect(await refusal { _ = try await fixture.tokens.live(request("one"), deadline: 0) } == "needsPerson")
        #expect(transport.count == 1)
    }

    @Test func anImportBringsItOnce() async throws {
        let fixture = try CredentialsFixture(ScriptedTransport())
        func row(_ name: String, _ token: String) -> ImportRow {
            ImportRow(origin: name, noun: "credential", fields: [
                "name": name, "provider": "oauth2", "parameters": #"{"token_url": "http://127.0.0.1:9/"}"#,
            ], secrets: ["refresh": buffer(token)])
        }
        let rows = [row("a", "one"), row("b", "one"), row("c", "two")]
        let report = try await fixture.credentials.bring(rows, tenant: .main, dryRun: false, by: "t")
        #expect(report.effects == [.created, .refused, .created])
        #expect(report.notes.map(\.row) == [1] && report.notes[0].text.hasPrefix("refresh: 'a' of this import"))
        let again = try await fixture.credentials.bring([row("d", "two")], tenant: .main, dryRun: false, by: "t")
        #expect(again.effects == [.refused])
    }
}
