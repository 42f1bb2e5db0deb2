import CofferStore
import Testing

@testable import CofferAccounts

@Suite struct ImportRefusalTests {
    static let key = String(repeating: "K", count: 48)

    /// What a row that was changed so is refused with; "": it was not refused.
    private func refusal(_ row: ImportRow, after rows: [ImportRow] = []) async throws -> String {
        let store = try KeysFixture()
        let report = try await store.bring(rows + [row])
        #expect(report.effects.dropLast().allSatisfy { $0 == .created })
        guard report.effects.last == .refused else { return "" }
        let note = try #require(report.notes(rows.count).first)
        #expect(!note.contains("KKKK") && note.utf8.count <= 300)
        #expect(try store.keys.count == 0)
        return String(note.prefix { $0 != ":" })
    }

    @Test(arguments: [
        ("expires", "tomorrow"), ("expires", "0"), ("expires", "253402300800"), ("created", "-1"), ("created", "253402300800000"),
        ("accessed", "yesterday"), ("quota", "-1"), ("quota", "500000000000001"), ("quota", "1e3"), ("quota", "+1"), ("used", "0x"),
        ("unlimited", "1"), ("status", "paused"), ("form", "gpt"), ("newapi_id", "-4"), ("newapi_id", "9007199254740992"),
        ("addresses", "10.0.0.0/33"), ("name", "a\u{1B}[2J"), ("owner_ref", "newapi:0"), ("owner_ref", "ada"), ("owner_ref", "newapi:2"),
        ("tenant_ref", "ragflow:xyz"), ("tenant_ref", "ragflow:\(Rows.bob)"), ("color", "red"), ("time_zone", "Nowhere/Land"),
    ]) func keyFields(_ field: String, _ value: String) async throws {
        let said = try await refusal(Rows.newapiKey(1, owner: 1, Self.key, [field: value]), after: [Rows.newapiUser(1, "ada")])
        #expect(said == field || (field == "time_zone" && !said.isEmpty))
    }

    @Test(arguments: [
        "", String(repeating: "K", count: 129), "KKKK-KKKK", "KKKK KKKK", "KKKK\u{7F}", "KKKKé", "ck_KKKKKKKKKKKKKKKKKKKK",
    ]) func keys(_ key: String) async throws {
        let said = try await refusal(Rows.newapiKey(1, owner: 1, key), after: [Rows.newapiUser(1, "ada")])
        #expect(said == (key.isEmpty ? "key" : "readable"))
    }

    @Test("the longest key of new-api, and an unlimited one without quota")
    func taken() async throws {
        let longest = String(repeating: "K", count: 128)
        let user = Rows.newapiUser(1, "ada")
        #expect(try await KeysFixture().bring([user, Rows.newapiKey(1, owner: 1, longest)]).word == "cc")
        let unlimited = Rows.newapiKey(1, owner: 1, Self.key, ["unlimited": "true"], without: ["quota"])
        #expect(try await KeysFixture().bring([user, unlimited]).word == "cc")
        #expect(try await refusal(Rows.newapiKey(1, owner: 1, Self.key, without: ["quota"]), after: [user]) == "quota")
    }

    @Test(arguments: [
        ("name", ""), ("name", "a*b"), ("name", String(repeating: "n", count: 256)), ("role", "guest"), ("enabled", "yes"),
        ("email", "nobody"), ("newapi_id", "x"), ("ragflow_id", "xyz"), ("wallet", "-1"), ("wallet", "500000000000001"), ("wallet", "all"),
        ("wallet_used", "-3"), ("group", String(repeating: "g", count: 256)), ("tenant_ref", "ragflow:\(Rows.ada)"), ("password", "abc"),
    ]) func userFields(_ field: String, _ value: String) async throws {
        #expect(try await refusal(Rows.newapiUser(1, "ada", [field: value])) == field)
    }

    @Test("names, addresses, numbers and keys of others")
    func conflicts() async throws {
        let store = try KeysFixture()
        let ada = try await store.user("ada")
        let made = try await store.make { $0.owner = ada.number }
        let key = String(decoding: made.bytes, as: UTF8.self)
        let rows = [
            Rows.newapiUser(100, "ada"), Rows.newapiKey(100, owner: 100, "hangs-on-a-refused-user"),
            Rows.newapiUser(Int(ada.newapiID), "eve"), Rows.newapiUser(101, "bob", ["email": "x@example.org"]),
            Rows.newapiUser(102, "carl", ["email": "X@EXAMPLE.ORG"]), Rows.newapiUser(103, "bob"), Rows.newapiUser(101, "bob2"),
            Rows.newapiUser(104, "dora"), Rows.newapiKey(101, owner: 104, key),
            Rows.newapiKey(102, owner: 104, Self.key), Rows.newapiKey(103, owner: 104, Self.key),
            Rows.newapiKey(104, owner: 101, Self.key), Rows.newapiUser(105, "emil"), Rows.newapiKey(105, owner: 105, Self.key),
        ]
        let report = try await store.bring(rows)
        // The second bob made 101 doubtful: nothing may come to belong to it any more.
        #expect(report.word == "rrrcrrrcrcurcr")
        #expect(report.notes(0) == ["name: there is a user of this name already"])
        #expect(report.notes(1) == ["owner_ref: the user newapi:100 was refused"])
        #expect(report.notes(2).first?.hasPrefix("newapi_id") == true && report.notes(4).first?.hasPrefix("email") == true)
        #expect(report.notes(8).first?.hasPrefix("key:") == true && report.notes(11) == ["owner_ref: the user newapi:101 was refused"])
        #expect(report.notes(13).first?.hasPrefix("key:") == true)
        #expect(!report.notes.contains { $0.text.contains("KKKK") || $0.text.contains(key) })
        #expect(try store.users().map(\.name.description) == ["ada", "bob", "dora", "emil"])
        #expect(try store.key(made.number).owner == ada.number)
        #expect(try store.find(Self.key)?.key.owner == store.all.users.find(newapiID: 104)?.number)
    }

    @Test("what hangs on a refused tenant is refused down to the keys")
    func dependents() async throws {
        let store = try KeysFixture()
        var broken = Rows.ragflowTenant(Rows.ada)
        broken.fields["created"] = "never ever"
        let report = try await store.bring([
            broken, Rows.ragflowUser(Rows.ada, "ada@ragflow.example"), Rows.ragflowMember(Rows.ada, of: Rows.ada, "owner"),
            Rows.ragflowKey(Rows.ada, "ragflow-0123456789abcdef"),
            Rows.ragflowTenant(Rows.bob), Rows.ragflowUser(Rows.bob, "bob@ragflow.example"),
            Rows.ragflowMember(Rows.ada, of: Rows.bob, "normal"), Rows.ragflowMember(Rows.bob, of: Rows.bob, "king"),
            ImportRow(origin: "x", noun: "dialog", fields: [:]), ImportRow(origin: "x", noun: "member", fields: [:]),
        ])
        #expect(report.word == "rrrrccrrrr")
        #expect(report.notes(3) == ["tenant_ref: the tenant '\(Rows.ada)' was refused"])
        #expect(try store.users().count == 1 && store.keys.count == 0)
        let wrong = ImportRow(origin: "x", noun: "tenant", fields: ["name": "acme", "ragflow_id": Rows.ada])
        #expect(try await store.bring([wrong]).word == "r")
    }

    @Test("secrets that nobody knows of are refused; passwords and access tokens that do not fit are left out")
    func secrets() async throws {
        let store = try KeysFixture()
        let token = "access-token-0123456789"
        let rows = [
            Rows.newapiUser(1, "a", secrets: ["password": secret("hunter2")]),
            Rows.newapiUser(2, "b", secrets: ["password_hash": secret("$1$md5$hash"), "newapi_access_token": secret(token)]),
            Rows.newapiUser(
                3, "c", secrets: ["password_hash": secret(ForeignPasswordTests.werkzeug), "newapi_access_token": secret(token)]),
            Rows.newapiUser(4, "d", secrets: ["newapi_access_token": secret("short")]),
        ]
        let report = try await store.bring(rows)
        #expect(report.word == "rccc")
        #expect([0, 1, 2, 3].map { report.notes($0).count } == [1, 1, 2, 2])
        #expect(!report.notes.contains { $0.text.contains("hunter2") || $0.text.contains(token) || $0.text.contains("$") })
        #expect(try store.users().map(\.mustSetPassword) == [true, true, true])
        #expect(try store.all.tokens.authenticate(Array(token.utf8), kinds: [.newapiAccess])?.user.name.description == "b")
    }
}
