import CofferAccounts
import CofferStore
import CofferUpstream
import Testing

@testable import CofferCredentials

@Suite struct CredentialServiceTests {
    private func draft(_ name: String = "one") throws -> CredentialDraft {
        CredentialDraft(tenant: .main, name: try DocumentName(name.utf8), provider: "oauth2")
    }

    @Test func createdAndReadAfterAReopening() async throws {
        let fixture = try CredentialsFixture(ScriptedTransport())
        var draft = try draft("a/b c")
        draft.email = "a@b.example"
        draft.clientID = "client"
        draft.tags = ["x", "y"]
        draft.memo = "memo"
        draft.parameters = ["token_url": "http://127.0.0.1:9/"]
        draft.attributes = ["tokenstool.shared": "true"]
        draft.secrets = ["password": buffer("pw"), "proxy": buffer("http://user:secret@proxy.example:8080/")]
        draft.tokens = ["refresh": buffer("r"), "access": buffer("a")]
        draft.expiries = ["access": 5]
        let made = try await fixture.service.create(draft, by: "test")
        #expect(made.number == 1 && made.proxyHint == "http://proxy.example:8080" && made.secretNames == ["password", "proxy"])
        #expect(made.tokens == [
            TokenFact(kind: "access", expires: 5, obtained: fixture.clock.now),
            TokenFact(kind: "refresh", expires: 0, obtained: fixture.clock.now),
        ])
        try fixture.reopen()
        #expect(fixture.service.find(1) == made)
        #expect(fixture.service.find(tenant: .main, name: Array("a/b c".utf8)) == made)
        #expect(text(try fixture.service.secret(1, "password")) == "pw")
        #expect(text(try fixture.service.token(1, kind: "access")) == "a")
        #expect(try fixture.service.token(1, kind: "share") == nil)
        #expect(try fixture.service.secret(1, "username") == nil)
        #expect(fixture.service.count == 1)
    }

    @Test func numbersAreNeverGivenAgain() async throws {
        let fixture = try CredentialsFixture(ScriptedTransport())
        _ = try await fixture.service.create(try draft("a"), by: "t")
        _ = try await fixture.service.create(try draft("b"), by: "t")
        #expect(try await fixture.service.delete([2], by: "t") == 1)
        try fixture.reopen()
        #expect(try await fixture.service.create(try draft("c"), by: "t").number == 3)
        #expect(fixture.service.list(tenant: .main).map(\.number) == [1, 3])
        #expect(fixture.service.list(tenant: 7).isEmpty)
    }

    @Test func refusalsNameTheField() async throws {
        let fixture = try CredentialsFixture(ScriptedTransport())
        _ = try await fixture.service.create(try draft(), by: "t")
        let (service, taken) = (fixture.service, try DocumentName("one".utf8))
        func refused(_ change: (inout CredentialDraft) -> Void) async -> String {
            await refusal {
                var draft = try draft("other")
                change(&draft)
                _ = try await service.create(draft, by: "t")
            }
        }
        #expect(await refused { $0.name = taken } == "alreadyExists:name")
        #expect(await refused { $0.provider = "none" } == "notFound:provider")
        #expect(await refused { $0.email = String(repeating: "a", count: 255) } == "invalidArgument:email")
        #expect(await refused { $0.clientID = "a\u{7F}" } == "invalidArgument:client_id")
        #expect(await refused { $0.tags = ["a", "a"] } == "invalidArgument:tags")
        #expect(await refused { $0.tags = [""] } == "invalidArgument:tags")
        #expect(await refused { $0.memo = String(repeating: "a", count: 1_025) } == "invalidArgument:memo")
        #expect(await refused { $0.parameters["Bad Name"] = "x" } == "invalidArgument:Bad Name")
        #expect(await refused { $0.attributes["a"] = String(repeating: "a", count: 4_097) } == "invalidArgument:a")
        let many = Dictionary(uniqueKeysWithValues: (0...64).map { ("a\($0)", "") })
        #expect(await refused { $0.attributes = many } == "invalidArgument:attributes")
        #expect(await refused { $0.secrets["password"] = buffer("") } == "invalidArgument:password")
        #expect(await refused { $0.tokens["access"] = SecretBuffer([UInt8](repeating: 1, count: 65_537)) } == "invalidArgument:access")
        #expect(await refused { $0.secrets["proxy"] = buffer("ftp://x") } == "invalidArgument:proxy")
        #expect(await refused { $0.secrets["proxy"] = buffer("http://user:pw@") } == "invalidArgument:proxy")
        #expect(await refused { $0.parameters = ["token_urll": "http://127.0.0.1:9/"] } == "invalidArgument:token_urll")
        #expect(await refused { $0.parameters = ["token_url": "ftp://x/"] } == "invalidArgument:token_url")
        #expect(await refused { $0.parameters = ["token_url": "http://169.254.169.254/t"] } == "invalidArgument:token_url")
        #expect(await refused { $0.parameters = ["token_url": "http://2852039166/t"] } == "invalidArgument:token_url")
        #expect(await refused { $0.parameters = ["client_auth": "somewhere"] } == "invalidArgument:client_auth")
        #expect(await refused { $0.parameters = ["client_secret": "readable"] } == "invalidArgument:client_secret")
        var change = CredentialChange()
        change.parameters = ["rotation": "sometimes"]
        #expect(await refusal { _ = try await service.update(1, change, by: "t") } == "invalidArgument:rotation")
        #expect(fixture.service.count == 1)
    }

    @Test func changesAndTheirExpectations() async throws {
        let fixture = try CredentialsFixture(ScriptedTransport())
        var first = try draft()
        first.parameters = ["token_url": "http://127.0.0.1:9/", "scope": "a"]
        first.secrets["password"] = buffer("pw")
        first.tokens["access"] = buffer("a")
        let made = try await fixture.service.create(first, by: "t")
        _ = try await fixture.service.create(try draft("two"), by: "t")
        var change = CredentialChange()
        change.name = try DocumentName("renamed".utf8)
        change.memo = "new"
        change.parameters = ["scope": String?.none, "resource": "r"]
        change.secrets = ["password": SecretBuffer?.none, "username": buffer("u")]
        change.tokens = ["access": SecretBuffer?.none, "session": buffer("s")]
        #expect(await refusal { _ = try await fixture.service.update(1, change, expected: made.revision + 99, by: "t") } == "conflict")
        #expect(await refusal { _ = try await fixture.service.update(1, change, by: "t", where: { _ in false }) } == "denied")
        let changed = try await fixture.service.update(1, change, expected: made.revision, by: "t")
        #expect(changed.revision > made.revision && changed.memo == "new" && changed.secretNames == ["username"])
        #expect(changed.parameters == ["token_url": "http://127.0.0.1:9/", "resource": "r"])
        #expect(changed.tokens.map(\.kind) == ["session"])
        #expect(fixture.service.find(tenant: .main, name: Array("one".utf8)) == nil)
        #expect(try fixture.service.secret(1, "password") == nil)
        var taken = CredentialChange()
        taken.name = try DocumentName("two".utf8)
        #expect(await refusal { _ = try await fixture.service.update(1, taken, by: "t") } == "alreadyExists:name")
        #expect(await refusal { _ = try await fixture.service.update(9, taken, by: "t") } == "notFound:credential")
        // Nothing new: nothing is written.
        let same = try await fixture.service.update(1, CredentialChange(), by: "t")
        #expect(same == changed)
        try fixture.reopen()
        #expect(fixture.service.find(1) == changed)
    }

    @Test func deletedOnesComeBackForAWhile() async throws {
        let fixture = try CredentialsFixture(ScriptedTransport())
        let number = try await fixture.credential(access: "a").number
        let service = fixture.service
        #expect(await refusal { _ = try await service.delete([number], by: "t", where: { _ in false }) } == "denied")
        #expect(try await service.delete([number, 77], by: "t") == 1)
        #expect(try await service.delete([number], by: "t") == 0)
        #expect(service.find(number) == nil && service.deleted(tenant: .main).map(\.number) == [number])
        #expect(await refusal { _ = try await fixture.tokens.live(request(), deadline: 0) } == "notFound:name")
        let second = try await fixture.credential().number
        #expect(await refusal { _ = try await service.undelete(tenant: .main, name: Array("one".utf8), by: "t") } == "alreadyExists:name")
        fixture.clock.advance(1_000)
        #expect(try await service.delete([second], by: "t") == 1)
        // The one that was deleted last.
        #expect(try await service.undelete(tenant: .main, name: Array("one".utf8), by: "t").number == second)
        #expect(service.deleted(tenant: .main).map(\.number) == [number])
        #expect(fixture.service.find(second)?.tokens.map(\.kind) == ["refresh"])
        #expect(await refusal { _ = try await service.undelete(tenant: .main, name: Array("none".utf8), by: "t") } == "notFound:name")
    }

    @Test func lockedStoreHasNone() async throws {
        let fixture = try CredentialsFixture(ScriptedTransport())
        let number = try await fixture.credential(access: "a").number
        fixture.lock()
        #expect(fixture.service.find(number) == nil && fixture.credentials.isLocked)
        #expect(await refusal { _ = try await fixture.tokens.live(request(), deadline: 0) } == "locked")
        #expect(await refusal { _ = try await fixture.service.create(try draft("x"), by: "t") } == "locked")
        #expect(fixture.tokens.present(request(), now: fixture.clock.now) == nil)
        try fixture.unlock()
        #expect(text(fixture.tokens.present(request(), now: fixture.clock.now)?.value) == "a")
    }
}
