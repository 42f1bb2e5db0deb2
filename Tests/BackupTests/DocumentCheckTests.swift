import CofferAccounts
import CofferCredentials
import Testing

@testable import CofferDaemon
@testable import CofferStore

/// Documents whose lines are well formed and that no service can read: a daemon that had them in its store could let nobody in.
@Suite("What a restore does not let in")
struct DocumentCheckTests {
    /// Bytes of a document, field by field.
    private static func document(_ body: (inout FieldWriter) -> Void) -> SecretBuffer {
        var writer = FieldWriter()
        writer.u8(1)
        body(&writer)
        return SecretBuffer(writer.bytes)
    }

    private static func user(_ number: UInt64, name: String) -> SecretBuffer {
        document { writer in
            writer.u64(number)
            for text in [name, "", ""] { writer.text(text) }
            writer.u8(1)
            writer.bool(true)
            writer.u64(1)
            writer.text("")
            writer.u64(0)
            writer.text("")
            writer.bool(false)
            writer.u64(1)
            writer.u64(1)
        }
    }

    private static func schedule(action: String = "refresh", kind: UInt8 = 1, hour: UInt8 = 2) -> SecretBuffer {
        document { writer in
            writer.u64(3)
            writer.u64(1)
            writer.text("nightly")
            writer.bool(true)
            writer.text(action)
            for _ in 0..<4 { writer.text("") }
            writer.u16(0)
            writer.u8(kind)
            writer.u32(1)
            writer.u8(hour)
            writer.u8(0)
            writer.text("UTC")
            writer.u32(0)
            writer.u32(0)
            writer.u16(0)
            writer.text("")
            writer.u16(0)
            writer.u64(1)
            writer.u64(1)
        }
    }

    private static func tenant(_ number: UInt64, _ name: String) -> SecretBuffer {
        document { writer in
            writer.u64(number)
            writer.text(name)
            writer.bool(true)
            writer.u64(1)
        }
    }

    /// The id of a store's first key for hashes.
    private static let hashKey: UInt32 = {
        guard let fixture = try? DocumentStore() else { return 0 }
        return withExtendedLifetime(fixture) { (try? Array("x".utf8).withUnsafeBytes { try fixture.store.tokenHasher().hash($0, .apiKey) })?.keyID ?? 0 }
    }()

    private static let bad: [(DocumentTable, String, SecretBuffer)] = [
        (.tenants, "2", tenant(2, "")), (.tenants, "2", tenant(3, "blue")), (.tenants, "two", tenant(2, "blue")),
        (.users, "5", user(5, name: "")), (.users, "5", user(6, name: "anna")), (.users, "05", user(5, name: "anna")),
        (.users, "5", user(5, name: "a\u{200B}b")),
        (.memberships, "1", document { w in w.u64(1); w.u64(5); w.text("owner"); w.u64(1) }),
        (.memberships, "1/5", document { w in w.u64(1); w.u64(5); w.text("emperor"); w.u64(1) }),
        (.accessTokens, "9", document { w in
            for number in [9, 5] as [UInt64] { w.u64(number) }
            w.u8(1)
            w.text("t")
            for _ in 0..<3 { w.u64(0) }
            w.u32(hashKey)
            w.bytes16([UInt8](repeating: 1, count: 31))
        }),
        (.doors, "newapi", document { w in w.u64(1); w.raw(Array("7.3".utf8)) }),
        (.credentialTokens, "3", document { w in w.u64(0); w.u64(0); w.raw(Array("t".utf8)) }),
        (.credentialSecrets, "x", document { w in w.u16(0) }),
        (.poolStates, "4", document { w in
            w.u8(0)
            w.u64(0)
            w.u64(0)
            w.u16(0)
            w.text("")
            w.text("")
            for _ in 0..<4 { w.u64(0) }
        }),
        (.schedules, "3", schedule(action: "explode")), (.schedules, "3", schedule(hour: 25)), (.schedules, "4", schedule()),
    ]

    private static func lines(_ store: Store) throws -> [UInt8] {
        var bytes: [UInt8] = []
        _ = try store.exportBackup(progress: { _, _ in }, to: { (piece) throws(StoreError) in bytes += piece })
        return bytes
    }

    private static func restore(_ lines: [UInt8], into store: Store, only: [String] = []) throws -> RestoreReport {
        let restore = try store.beginRestore(RestoreOptions(mode: .replace, only: only, discardNewer: true, check: BackupContent.check))
        try lines.withBytes { (bytes) throws(StoreError) in try restore.update(bytes) }
        return try restore.finish()
    }

    private static func verified(_ lines: [UInt8]) throws -> StoreError? {
        var verifier = BackupVerifier(BackupContent.check)
        try lines.withBytes { (bytes) throws(StoreError) in try verifier.update(bytes) }
        _ = try verifier.finish()
        return verifier.objection
    }

    @Test("each is refused by table and name, and by verify too; the store stays as it was", arguments: 0..<bad.count)
    func refused(_ index: Int) throws {
        let (table, name, bytes) = Self.bad[index]
        let source = try DocumentStore()
        try source.put(table, name, bytes)
        let lines = try Self.lines(source.store)
        let target = try DocumentStore()
        try target.put(.tenants, "7", Self.tenant(7, "stays"))
        let before = try Self.lines(target.store)
        let error = #expect(throws: StoreError.self) { try Self.restore(lines, into: target.store) }
        #expect(error?.code == .damaged)
        #expect(error?.message.contains("'\(name)' of \(Table(table).name)") == true, "\(error?.message ?? "")")
        #expect(try Self.lines(target.store) == before)
        #expect(try Self.verified(lines)?.message == error?.message)
    }

    @Test("secrets alone come out of such a backup all the same")
    func onlySecrets() throws {
        let source = try DocumentStore()
        try source.put(.users, "5", Self.user(6, name: "anna"))
        let value = NewVersion(name: try Name(Array("a".utf8)), value: secret("1"))
        _ = try source.store.commit(Batch(principal: "test", mutations: [.put(value)]))
        let target = try DocumentStore()
        #expect(try Self.restore(try Self.lines(source.store), into: target.store, only: ["a"]).summary.count("users") == 1)
    }

    @Test("what the services write is taken")
    func good() async throws {
        let fixture = try DocumentStore()
        try fixture.put(.tenants, "2", Self.tenant(2, "blue"))
        try fixture.put(.users, "5", Self.user(5, name: "anna"))
        try fixture.put(.schedules, "3", Self.schedule())
        try fixture.put(.sequences, "of-a-later-version", Self.document { $0.u64(4) })
        #expect(try Self.verified(try Self.lines(fixture.store)) == nil)
        let target = try DocumentStore()
        let report = try Self.restore(try Self.lines(fixture.store), into: target.store)
        #expect(report.digest == report.summary.digest)
    }

    // MARK: Policies

    private static let text = """
        policy: web
        rules:
          - who: [account:root, [unit:web.service, group:staff, uid:1001]]
            tenant: main
            noun: secret
            actions: [get, info]
            names: ["payments/**"]
          - who: [account:deploy]
            tenant: acme
            noun: secret
            actions: [put]
            names: ["deploy/*"]
          - who: [account:deploy]
            tenant: main
            noun: backup
            actions: [create]
        """

    /// As it was applied on a machine where `deploy` is 1234, `staff` 50 and `acme` tenant 2.
    private static func rules() throws -> [ResolvedRule] {
        [
            ResolvedRule(
                who: [[.uid(0)], [.unit("web.service"), .gid(50), .uid(1_001)]], tenant: 1, noun: .secret, actions: [.get, .info],
                names: [try Glob("payments/**".utf8, noun: .secret)]),
            ResolvedRule(who: [[.uid(1_234)]], tenant: 2, noun: .secret, actions: [.put], names: [try Glob("deploy/*".utf8, noun: .secret)]),
            ResolvedRule(who: [[.uid(1_234)]], tenant: 1, noun: .backup, actions: [.create], names: []),
        ]
    }

    private static func judge(_ rules: [ResolvedRule], text: String = text, name: String = "web") throws -> StoreError? {
        let policy = StoredPolicy(name: Array("web".utf8), source: Array(text.utf8), rules: rules)
        do throws(StoreError) {
            try PolicyDocumentCheck.judge(.policies, try named(orDamaged: name), SecretBuffer(policy.encode()))
            return nil
        } catch {
            return error
        }
    }

    private static func named(orDamaged name: String) throws(StoreError) -> DocumentName {
        do throws(NameError) { return try DocumentName(name.utf8) } catch { throw StoreError(.damaged, "no name") }
    }

    @Test("a policy says what it allows, whatever numbers the names had where it was applied")
    func policies() throws {
        #expect(try Self.judge(try Self.rules()) == nil)
        var elsewhere = try Self.rules()
        elsewhere[1].who = [[.uid(77)]]
        elsewhere[1].tenant = 9
        elsewhere[2].who = [[.uid(77)]]
        #expect(try Self.judge(elsewhere) == nil)
        #expect(try Self.judge(try Self.rules(), name: "other") != nil)
        #expect(try Self.judge(try Self.rules(), text: "policy: web\nrules: []\n") != nil)
        #expect(try Self.judge(try Self.rules(), text: Self.text + "\n---\n" + Self.text.replacing("policy: web", with: "policy: more")) != nil)
    }

    @Test("rules that its text does not have are refused")
    func forgedPolicies() throws {
        let forgeries: [(inout [ResolvedRule]) throws -> Void] = [
            { $0[0].who[1][2] = .uid(1_002) },
            { $0[0].who.append([.any]) },
            { $0[0].who[1].removeLast() },
            { $0[0].actions.append(.put) },
            { $0[0].names = [try Glob("**".utf8, noun: .secret)] },
            { $0[0].tenant = 2 },
            // `acme` is another tenant than `main`.
            { $0[1].tenant = 1 },
            // One name, two numbers.
            { $0[2].who = [[.uid(5)]] },
            // A group is no account.
            { $0[0].who[1][1] = .uid(50) },
            { $0.removeLast() },
            { $0.append($0[0]) },
            { $0[2].noun = .store },
        ]
        for (index, forge) in forgeries.enumerated() {
            var rules = try Self.rules()
            try forge(&rules)
            #expect(try Self.judge(rules)?.code == .damaged, "\(index)")
        }
    }
}
