import CofferStore
import Testing

@testable import CofferAccounts

@Suite struct RAGFlowImportTests {
    static let token = "ragflow-YwMGY2ODdlZTUxODExZjE4MTJjMDJmYz"
    static let beta = "beta-beta_beta-beta_beta-beta_32"

    private func rows() -> [ImportRow] {
        [
            Rows.ragflowTenant(Rows.ada), Rows.ragflowTenant(Rows.bob),
            Rows.ragflowUser(Rows.ada, "ada@ragflow.example", secrets: ["password_hash": secret(ForeignPasswordTests.werkzeug)]),
            Rows.ragflowUser(
                Rows.bob, "bob@ragflow.example", ["role": "admin", "enabled": "false"],
                secrets: ["password_hash": secret("pbkdf2:sha256:600000$salt$00")]),
            Rows.ragflowMember(Rows.ada, of: Rows.ada, "owner"), Rows.ragflowMember(Rows.bob, of: Rows.bob, "owner"),
            Rows.ragflowMember(Rows.bob, of: Rows.ada, "normal"),
            Rows.ragflowKey(Rows.ada, Self.token, beta: Self.beta, ["dialog_id": "d1"]),
        ]
    }

    @Test("tenants, users, members and keys come as they were")
    func everything() async throws {
        let store = try KeysFixture()
        let report = try await store.bring(rows())
        #expect(report.word == "cccccccc" && report.notes.map(\.row) == [3])
        let tenant = try #require(try store.all.tenants.find(name: Array(Rows.ada.utf8)))
        #expect(tenant.created == 1_600_000_000_000 && tenant.allowsReveal)
        let ada = try #require(try store.all.users.find(ragflowID: Rows.ada))
        #expect(ada.home == tenant.number && ada.email == "ada@ragflow.example" && ada.created == 1_600_000_000_001 && ada.newapiID == 0)
        #expect(!ada.mustSetPassword && ada.displayName.text == "Ada")
        let bob = try #require(try store.all.users.find(email: "BOB@ragflow.example"))
        #expect(bob.role == .admin && !bob.isEnabled && bob.mustSetPassword)
        let members = try store.all.tenants.members(of: tenant.number)
        #expect(members.map(\.role) == [.owner, .normal] && members.map(\.user) == [ada.number, bob.number])
        #expect(members[0].created == 1_600_000_000_002)
        let view = try #require(try store.find(Self.token))
        let key = view.key
        #expect(key.tenant == tenant.number && key.owner == ada.number && key.form == .ragflow && key.hasBeta && key.newapiID == 0)
        #expect(key.dialogID == "d1" && key.source == "none" && key.created == 1_600_000_000_003 && key.updated == 1_600_000_000_004)
        #expect(view.state.unlimited && view.state.accessed == 0)
        let full = try await store.verify(Array(Self.token.utf8))
        #expect(full.reason == .valid && full.scope == .full)
        let embed = try await store.verify(Array(Self.beta.utf8))
        #expect(embed.reason == .valid && embed.scope == .embed)
        #expect(try await store.keys.betas(owner: ada.number).compactMapValues { text($0) } == [key.number: Self.beta])
        _ = try await store.all.users.check(password: secret("abc"), of: ada)
        #expect(try await store.bring(rows()).word == "uuuuuuuu")
    }

    @Test("a key belongs to the user of the tenant's id, else to the tenant's owner, else to nobody")
    func owners() async throws {
        let store = try KeysFixture()
        let report = try await store.bring([
            Rows.ragflowTenant(Rows.ada), Rows.ragflowTenant(Rows.bob), Rows.ragflowUser(Rows.bob, "bob@ragflow.example"),
            Rows.ragflowKey(Rows.ada, "ragflow-nobody"),
            Rows.ragflowMember(Rows.bob, of: Rows.ada, "owner"), Rows.ragflowKey(Rows.ada, "ragflow-bobs"),
        ])
        #expect(report.word == "cccccc" && report.notes(3).count == 1 && report.notes(5).isEmpty)
        #expect(try store.find("ragflow-nobody")?.key.owner == 0)
        #expect(try store.find("ragflow-bobs")?.key.owner == store.all.users.find(ragflowID: Rows.bob)?.number)
        #expect(try await store.reason(Array("ragflow-nobody".utf8)) == "valid")
    }

    @Test("a beta that cannot be kept does not keep its key away")
    func betas() async throws {
        let store = try KeysFixture()
        let report = try await store.bring([
            Rows.ragflowTenant(Rows.ada), Rows.ragflowUser(Rows.ada, "ada@ragflow.example"),
            Rows.ragflowKey(Rows.ada, "ragflow-first", beta: Self.beta), Rows.ragflowKey(Rows.ada, "ragflow-second", beta: Self.beta),
            Rows.ragflowKey(Rows.ada, "ragflow-third", beta: "too short"), Rows.ragflowKey(Rows.ada, "ragflow-fourth", beta: ""),
        ])
        #expect(report.word == "cccccc" && report.notes(3).count == 1 && report.notes(4).count == 1 && report.notes(5).isEmpty)
        let hasBeta = try ["first", "second", "third", "fourth"].map { try store.find("ragflow-" + $0)?.key.hasBeta }
        #expect(hasBeta == [true, false, false, false])
        #expect(try await store.verify(Array(Self.beta.utf8)).entry?.key.number == store.find("ragflow-first")?.key.number)
        // As long as a column of RAGFlow's is, and no longer.
        let longest = "ragflow-" + String(repeating: "x", count: 247)
        #expect(try await store.bring([Rows.ragflowKey(Rows.ada, longest), Rows.ragflowKey(Rows.ada, longest + "x")]).word == "cr")
        #expect(try await store.reason(Array(longest.utf8)) == "valid")
    }

    @Test("two systems share one store")
    func both() async throws {
        let store = try KeysFixture()
        let newapi = [Rows.newapiUser(1, "ada", ["email": "ada@ragflow.example"]), Rows.newapiKey(1, owner: 1, NewAPIImportTests.first)]
        #expect(try await store.bring(newapi).word == "cc")
        // Who has the same address there is refused with all that depends on it.
        let report = try await store.bring(rows())
        #expect(report.word == "ccrcrccr")
        #expect(report.notes(2).first?.hasPrefix("email: ") == true && report.notes(7).first?.contains("was refused") == true)
        #expect(try await store.reason(Array(Self.token.utf8)) == "unknown-key")
    }
}
