import CofferAccounts
import CofferStore
import Testing

@testable import CofferCredentials

/// What an import does with tokens that can be presented only once.
@Suite struct CredentialImportTests {
    private func row(_ name: String, _ refresh: String, provider: String = "openai") -> ImportRow {
        let parameters = provider == "oauth2" ? #"{"token_url":"http://127.0.0.1:9/","rotation":"static"}"# : "{}"
        return ImportRow(
            origin: name, noun: "credential", fields: ["name": name, "provider": provider, "parameters": parameters],
            secrets: ["refresh": buffer(refresh)])
    }

    /// The effect of each row.
    private func bring(_ fixture: CredentialsFixture, _ rows: ImportRow..., dryRun: Bool = false) async throws -> [ImportReport.Effect] {
        try await fixture.credentials.bring(rows, tenant: .main, dryRun: dryRun, by: "test").effects
    }

    @Test func aTokenComesOnce() async throws {
        let fixture = try CredentialsFixture(ScriptedTransport())
        #expect(try await bring(fixture, row("a", "t1"), row("b", "t1"), row("c", "t2"), dryRun: true) == [.created, .refused, .created])
        #expect(try await bring(fixture, row("a", "t1"), row("b", "t1"), row("c", "t2")) == [.created, .refused, .created])
        #expect(try await bring(fixture, row("a", "t1"), row("b", "t1"), row("d", "t2")) == [.unchanged, .refused, .refused])
        #expect(fixture.service.list().map(\.name.description) == ["a", "c"])
    }

    /// The same file again, after the credential has another name and another token.
    @Test func whatCameOnceDoesNotComeUnderItsOldName() async throws {
        let fixture = try CredentialsFixture(ScriptedTransport())
        _ = try await bring(fixture, row("a", "t1"))
        var change = CredentialChange()
        change.name = try DocumentName("renamed".utf8)
        change.tokens["refresh"] = .some(buffer("t2"))
        _ = try await fixture.service.update(1, change, by: "test")
        #expect(try await bring(fixture, row("a", "t1"), row("b", "t2")) == [.refused, .refused])
        try fixture.reopen()
        #expect(try await bring(fixture, row("a", "t1"), row("b", "t2")) == [.refused, .refused])
        // A deleted one holds nothing; brought back it does again.
        _ = try await fixture.service.delete([1], by: "test")
        #expect(try await bring(fixture, row("a", "t1"), dryRun: true) == [.created])
        _ = try await fixture.service.undelete(tenant: .main, name: Array("renamed".utf8), by: "test")
        #expect(try await bring(fixture, row("a", "t1"), row("b", "t2")) == [.refused, .refused])
        #expect(fixture.service.count == 1)
    }

    @Test func whatMayBeSharedIsShared() async throws {
        let fixture = try CredentialsFixture(ScriptedTransport())
        #expect(try await bring(fixture, row("a", "t", provider: "oauth2"), row("b", "t", provider: "oauth2")) == [.created, .created])
        #expect(fixture.service.list().allSatisfy { $0.attributes.isEmpty })
    }

    @Test func manyAreMadeInOneChange() async throws {
        let fixture = try CredentialsFixture(ScriptedTransport())
        var drafts: [CredentialDraft] = []
        for name in ["a", "b", "a", "c"] {
            var draft = CredentialDraft(tenant: .main, name: try DocumentName(name.utf8), provider: name == "b" ? "nobody" : "openai")
            draft.numbering = .rtmanage
            drafts.append(draft)
        }
        let before = fixture.store.revision
        let (made, refused) = try await fixture.service.create(all: drafts, by: "test")
        #expect(made == 2)
        #expect(refused.mapValues(\.code) == [1: .notFound, 2: .alreadyExists])
        #expect(fixture.store.revision == before + 1)
        let numbers = fixture.service.list().map { ($0.number, CredentialNumbering.rtmanage.number(of: $0)) }
        #expect(numbers.map(\.0) == [1, 2] && numbers.map(\.1) == [1, 2])
        drafts[1].name = try DocumentName("d".utf8)
        drafts[1].provider = "openai"
        #expect(try await fixture.service.create(drafts[1], by: "test").attributes["rtmanage.id"] == "3")
    }

    @Test func manyAreChangedInOneChange() async throws {
        let fixture = try CredentialsFixture(ScriptedTransport())
        for name in ["a", "b", "c"] { _ = try await fixture.credential(name) }
        _ = try await fixture.service.delete([2], by: "test")
        var change = CredentialChange()
        change.clientID = "other"
        let before = fixture.store.revision
        try await fixture.service.update(all: [1: change, 2: change, 3: change, 9: change], by: "test")
        #expect(fixture.store.revision == before + 1)
        #expect(fixture.service.list().map(\.clientID) == ["other", "other"])
        change.clientID = "a\nb"
        #expect(await refusal { try await fixture.service.update(all: [1: change], by: "test") } == "invalidArgument:client_id")
        #expect(fixture.store.revision == before + 1)
    }

    @Test func aNumberThatHasNoNextOneCountsAsNone() async throws {
        let fixture = try CredentialsFixture(ScriptedTransport())
        let credential = try await fixture.credential { $0.attributes["rtmanage.id"] = String(Int64.max) }
        #expect(CredentialNumbering.rtmanage.number(of: credential) == nil)
        try await fixture.service.assign(.rtmanage, to: [credential.number], by: "test")
        #expect(fixture.service.find(credential.number)?.attributes["rtmanage.id"] == "1")
    }
}
