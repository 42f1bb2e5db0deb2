import CofferStore
import Testing

@testable import CofferAccounts

@Suite struct UserTests {
    @Test func createdUsersAreFoundEveryWay() async throws {
        let fixture = try AccountsFixture()
        let users = fixture.accounts.users
        let draft = UserDraft(
            name: try documentName("ann"), displayName: try Label("Ann *"), email: "Ann@Example.org", role: .admin, group: "vip",
            ragflowID: String(repeating: "a", count: 32), created: 5)
        let ann = try await users.create(draft, password: secret("p"), by: "test")
        #expect(ann.number == 1 && ann.newapiID == 1 && ann.isEnabled && ann.created == 5 && ann.updated == fixture.clock.now)
        #expect(!ann.mustSetPassword && ann.revision > 0 && ann.home == .main && ann.group == "vip" && ann.role == .admin)
        for found in [
            users.find(1), users.find(name: Array("ann".utf8)), users.find(email: "aNN@eXAMPLE.ORG"), users.find(newapiID: 1),
            users.find(ragflowID: draft.ragflowID),
        ] {
            #expect(found == ann)
        }
        #expect(users.find(email: "") == nil && users.find(newapiID: 0) == nil && users.find(ragflowID: "") == nil)
        try fixture.reopen()
        #expect(fixture.accounts.users.find(1) == ann)
        #expect(fixture.accounts.users.find(email: "ann@example.org") == ann)
    }

    @Test func uniqueness() async throws {
        let fixture = try AccountsFixture()
        let users = fixture.accounts.users
        let id = String(repeating: "0", count: 32)
        _ = try await users.create(
            UserDraft(name: documentName("a"), email: "a@b", newapiID: 7, ragflowID: id), password: nil, by: "test")
        func refused(_ draft: UserDraft) async -> String {
            await refusal { _ = try await users.create(draft, password: nil, by: "test") }
        }
        #expect(await refused(UserDraft(name: try documentName("a"))) == "alreadyExists:name")
        #expect(await refused(UserDraft(name: try documentName("b"), email: "A@B")) == "alreadyExists:email")
        #expect(await refused(UserDraft(name: try documentName("b"), newapiID: 7)) == "alreadyExists:newapi_id")
        #expect(await refused(UserDraft(name: try documentName("b"), ragflowID: id)) == "alreadyExists:ragflow_id")
        #expect(await refused(UserDraft(name: try documentName("b"), home: 44)) == "notFound:tenant")
        // Names differ in case; 0 is no number and no id, so two may have it.
        for name in ["A", "B"] {
            _ = try await users.create(UserDraft(name: documentName(name), newapiID: 0), password: nil, by: "test")
        }
        #expect(users.count == 3)
    }

    @Test func ofConcurrentCreatesOfOneNameOneWins() async throws {
        let fixture = try AccountsFixture()
        let outcomes = await withTaskGroup(of: String.self) { group in
            for _ in 0..<20 { group.addTask { await refusal { _ = try await fixture.user("same") } } }
            return await group.reduce(into: [String]()) { $0.append($1) }
        }
        #expect(outcomes.filter { $0.isEmpty }.count == 1)
        #expect(outcomes.filter { $0 == "alreadyExists:name" }.count == 19)
        #expect(fixture.accounts.users.count == 1)
    }

    @Test(arguments: [
        ("a b", ""), ("plain", "invalidArgument:email"), ("@b", "invalidArgument:email"), ("a@", "invalidArgument:email"),
        ("a@b@c", "invalidArgument:email"), ("a b@c", "invalidArgument:email"), ("\u{E4}@b", "invalidArgument:email"),
        ("a@b\u{7F}", "invalidArgument:email"), (String(repeating: "a", count: 252) + "@b", ""),
        (String(repeating: "a", count: 253) + "@b", "invalidArgument:email"),
    ]) func emailAddresses(_ address: String, _ expected: String) async throws {
        // The first row is about a user without an address.
        let email = address == "a b" ? "" : address
        let fixture = try AccountsFixture()
        #expect(await refusal { _ = try await fixture.user("u", email: email) } == expected)
    }

    @Test func hostileNamesGroupsAndIDs() async throws {
        let fixture = try AccountsFixture()
        for name in ["", String(repeating: "x", count: 256), "a\u{0}b", "a\u{202E}b", "a\u{200B}", "a*", "\u{FEFF}a"] {
            #expect(throws: NameError.self) { try DocumentName(name.utf8) }
        }
        #expect(throws: NameError.self) { try DocumentName([0xFF, 0xFE]) }
        let long = try await fixture.user(String(repeating: "x", count: 255))
        #expect(fixture.accounts.users.find(name: Array(repeating: 0x78, count: 255)) == long)
        let users = fixture.accounts.users
        func refused(_ draft: UserDraft) async -> String {
            await refusal { _ = try await users.create(draft, password: nil, by: "test") }
        }
        let name = try documentName("n")
        for group in ["", String(repeating: "g", count: 256), "a\nb"] {
            #expect(await refused(UserDraft(name: name, group: group)) == "invalidArgument:group")
        }
        for id in ["0", String(repeating: "A", count: 32), String(repeating: "g", count: 32), String(repeating: "0", count: 33)] {
            #expect(await refused(UserDraft(name: name, ragflowID: id)) == "invalidArgument:ragflow_id")
        }
        #expect(await refused(UserDraft(name: name, newapiID: -1)) == "invalidArgument:newapi_id")
    }

    @Test func labels() throws {
        #expect(try Label("").bytes.isEmpty)
        #expect(try Label(String(repeating: "\u{E9}", count: 512)).bytes.count == 1_024)
        #expect(try Label("with * and \u{1F511}").text == "with * and \u{1F511}")
        #expect(throws: AccountError.self) { try Label(String(repeating: "x", count: 1_025)) }
        #expect(throws: AccountError.self) { try Label([0xC3]) }
        // Also where a label is judged in pieces.
        for filler in [0, 250, 251, 252, 253, 254, 255, 256, 600] {
            #expect(throws: AccountError.self) { try Label(String(repeating: "x", count: filler) + "\u{202E}") }
            #expect(throws: AccountError.self) { try Label(String(repeating: "x", count: filler) + "\n" + "y") }
        }
    }

    @Test func sequencesSurviveDeletesAndReopening() async throws {
        let fixture = try AccountsFixture()
        let first = try await fixture.user("a")
        try await fixture.accounts.users.delete(first.number, by: "test")
        try fixture.reopen()
        let second = try await fixture.user("a")
        #expect(second.number == 2 && second.newapiID == 2)
        // Import brings a larger number, then a smaller one: the sequence only rises.
        for (name, id) in [("b", Int64(50)), ("c", 10)] {
            let user = try await fixture.accounts.users.create(
                UserDraft(name: documentName(name), newapiID: id), password: nil, by: "test")
            #expect(user.newapiID == id)
        }
        #expect(try await fixture.user("d").newapiID == 51)
        try fixture.reopen()
        #expect(try await fixture.user("e").newapiID == 52)
    }

    @Test func listsByNumberTextAndTenant() async throws {
        let fixture = try AccountsFixture()
        let users = fixture.accounts.users
        let tenant = try await fixture.accounts.tenants.create(name: documentName("t"), allowsReveal: true, by: "test").number
        for name in ["alpha", "Beta", "gamma", "delta"] { _ = try await fixture.user(name, email: "\(name)@EXAMPLE.org") }
        let away = try await users.create(
            UserDraft(name: documentName("away"), displayName: Label("Alpha too"), home: tenant), password: nil, by: "test")
        func names(_ tenant: TenantID? = nil, _ text: String = "", after: UInt64 = 0, limit: Int = 100) -> [String] {
            users.list(tenant: tenant, containing: text, after: after, limit: limit).map(\.name.description)
        }
        #expect(names() == ["alpha", "Beta", "gamma", "delta", "away"])
        #expect(names(limit: 2) == ["alpha", "Beta"])
        #expect(names(after: 2, limit: 2) == ["gamma", "delta"])
        #expect(names(.main) == ["alpha", "Beta", "gamma", "delta"])
        #expect(names(tenant) == ["away"])
        #expect(names(nil, "ALPHA") == ["alpha", "away"])
        #expect(names(nil, "beta@example") == ["Beta"])
        #expect(names(after: .max).isEmpty && names(limit: 0).isEmpty && names(after: away.number).isEmpty)
    }

    @Test func aListGoesThroughThousands() async throws {
        let fixture = try AccountsFixture()
        // In one batch, past the service: memory follows the store.
        let steps = try (1...UInt64(1_300)).map { number in
            try Mutation.create(User(number: number, name: documentName("user-\(number)"), created: 0, updated: 0))
        }
        _ = try fixture.store.commit(Batch(principal: "test", mutations: steps))
        let users = fixture.accounts.users
        #expect(users.count == 1_300)
        #expect(users.list(tenant: nil, containing: "", after: 0, limit: 5_000).map(\.number) == Array(1...1_300))
        #expect(users.list(tenant: .main, containing: "", after: 500, limit: 600).map(\.number) == Array(501...1_100))
        #expect(users.list(tenant: nil, containing: "USER-1300", after: 0, limit: 1).map(\.number) == [1_300])
        #expect(users.list(tenant: 2, containing: "", after: 0, limit: 10).isEmpty)
    }
}
