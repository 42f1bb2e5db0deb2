import Testing

@testable import CofferDaemon

@Suite struct SnapshotTests {
    private let web = Principal(uid: 1001, gid: 100, groups: [5, 7], unit: "web.service")

    @Test func deniedByDefault() throws {
        for noun in Noun.allCases {
            for action in noun.actions {
                #expect(!allows(PolicySnapshot().principalClass(for: web), "a", noun, action))
                #expect(!allows(PrincipalClass(), "", noun, action))
            }
        }
        #expect(!allows(snapshot([]).principalClass(for: Principal()), "a"))
    }

    @Test func administrators() throws {
        let rules = snapshot([], administrators: [0, 990, Principal.unknownID])
        for uid: UInt32 in [0, 990] {
            let found = rules.principalClass(for: Principal(uid: uid))
            #expect(found.isAdministrator && allows(found, "x", .store, .lock, tenant: 99))
        }
        // Whoever is unknown is nobody, even if someone lists "unknown" as an administrator.
        #expect(!rules.principalClass(for: Principal()).isAdministrator)
        #expect(!rules.principalClass(for: web).isAdministrator)
    }

    @Test(arguments: [
        (ResolvedSelector.uid(1001), true), (.uid(0), false), (.gid(100), true), (.gid(7), true), (.gid(8), false),
        (.unit("web.service"), true), (.unit("web.servic"), false), (.unit("x.slice/web.service"), false), (.any, true),
        (.door("socket"), true), (.door("http"), false), (.login("l"), false), (.role("r"), false), (.token("t"), false),
        (.executable("/bin/web"), false),
    ])
    func eachSelector(selector: ResolvedSelector, expected: Bool) throws {
        let rules = snapshot([try rule([[selector]], names: ["a"])])
        #expect(allows(rules.principalClass(for: web), "a") == expected)
    }

    @Test func loginsRolesAndTokens() throws {
        let caller = Principal(door: "http", login: "é", roles: ["reader", "writer"], token: "t")
        for selector: ResolvedSelector in [.login("é"), .role("writer"), .token("t"), .door("http")] {
            #expect(allows(snapshot([try rule([[selector]], names: ["a"])]).principalClass(for: caller), "a"))
        }
        // The same text for Swift, other bytes: another login.
        #expect(!allows(snapshot([try rule([[.login("e\u{301}")]], names: ["a"])]).principalClass(for: caller), "a"))
        #expect(!allows(snapshot([try rule([[.uid(0)], [.gid(0)]], names: ["a"])]).principalClass(for: caller), "a"))
    }

    @Test func allOfAnAlternativeMustHold() throws {
        let rules = snapshot([try rule([[.uid(1001), .gid(8)], [.uid(1001), .unit("web.service"), .gid(5)]], names: ["a"])])
        #expect(allows(rules.principalClass(for: web), "a"))
        var other = web
        other.unit = nil
        #expect(!allows(rules.principalClass(for: other), "a"))
        #expect(!allows(snapshot([try rule([[]], names: ["a"])]).principalClass(for: web), "a"))
    }

    @Test func userUnitsNeedTheUID() throws {
        let path = "user-1001.slice/user@1001.service/app.slice/x.service"
        let caller = Principal(uid: 1001, userUnit: path)
        #expect(!allows(snapshot([try rule([[.unit(path)]], names: ["a"])]).principalClass(for: caller), "a"))
        #expect(!allows(snapshot([try rule([[.unit(path), .gid(3)], [.uid(5), .unit(path)]], names: ["a"])]).principalClass(for: caller), "a"))
        #expect(allows(snapshot([try rule([[.unit(path), .uid(1001)]], names: ["a"])]).principalClass(for: caller), "a"))
    }

    /// A rule that covers less takes nothing away from one that covers more, in whatever order.
    @Test func rulesNeverDeny() throws {
        let wide = try rule([[.any]], names: ["**"])
        let narrow = try rule([[.uid(1001)]], actions: [.info], names: ["a/b"])
        for rules in [[wide, narrow], [narrow, wide]] {
            let found = snapshot(rules).principalClass(for: web)
            #expect(allows(found, "a/b") && allows(found, "x") && allows(found, "a/b", .secret, .info))
        }
    }

    @Test func classesAreShared() throws {
        let rules = snapshot([try rule([[.uid(1001)], [.uid(1002)]], names: ["a"]), try rule([[.uid(1002)]], names: ["b"])])
        let first = rules.principalClass(for: Principal(uid: 1001, pid: 1))
        #expect(first === rules.principalClass(for: Principal(uid: 1001, gid: 5, pid: 2)))
        #expect(first !== rules.principalClass(for: Principal(uid: 1002)))
        #expect(rules.principalClass(for: Principal(uid: 8)) === rules.principalClass(for: Principal(uid: 9)))
    }

    @Test func executables() throws {
        let tool = Principal.Executable(device: 3, inode: 4, path: "/bin/tool")
        let files = MadeUpFiles(files: ["/bin/tool": tool, "/tmp/tool": tool], distrusted: ["/tmp/tool"])
        let caller = Principal(uid: 1001, executable: tool)
        let good = snapshot([try rule([[.executable("/bin/tool")]], names: ["a"]), try rule([[.any]], names: ["b"])], files: files)
        let found = good.principalClass(for: caller)
        #expect(allows(found, "a") && found.checksSender)
        let unknown = good.principalClass(for: Principal(uid: 1001))
        #expect(!allows(unknown, "a") && allows(unknown, "b") && !unknown.checksSender)
        let copied = Principal(uid: 1001, executable: Principal.Executable(device: 3, inode: 5, path: "/bin/tool"))
        #expect(!allows(good.principalClass(for: copied), "a"))
        let bad = snapshot([try rule([[.executable("/tmp/tool")], [.executable("/bin/none")]], names: ["a"])], files: files)
        #expect(!allows(bad.principalClass(for: caller), "a"))
    }

    @Test func explains() throws {
        let tool = Principal.Executable(device: 3, inode: 4, path: "/tmp/tool")
        let files = MadeUpFiles(files: ["/tmp/tool": tool, "/bin/x": tool], distrusted: ["/tmp/tool"])
        let first = StoredPolicy(name: Array("b".utf8), source: [], rules: [
            try rule([[.uid(5)]], names: ["**"]), try rule([[.uid(1001)]], names: ["a/**"]), try rule([[.any]], names: ["a/**"]),
        ])
        let second = StoredPolicy(name: Array("a".utf8), source: [], rules: [
            try rule([[.executable("/bin/x")], [.uid(1), .executable("/bin/x")]], names: ["c"]), try rule([[.executable("/tmp/tool")]], names: ["d"]),
        ])
        let rules = PolicySnapshot(policies: [first, second], revision: 7, files: files)
        #expect(rules.revision == 7)
        #expect(rules.explain(web, .secret, .get, tenant: 1, name: Array("a/x".utf8)) == Explanation(allowed: true, policy: "b", rule: 2))
        #expect(rules.explain(web, .secret, .get, tenant: 1, name: Array("z".utf8)).notes == ["rules cover this, but none is for this caller"])
        #expect(rules.explain(web, .secret, .put, tenant: 1, name: Array("z".utf8)).notes == ["no rule covers this"])
        #expect(rules.explain(web, .secret, .lock, tenant: 1, name: []).notes[0].hasPrefix("'secret' has no action 'lock'; it has get"))
        let unknown = rules.explain(web, .secret, .get, tenant: 1, name: Array("c".utf8))
        #expect(!unknown.allowed && unknown.notes.count == 2)
        #expect(unknown.notes[0] == "exe is unknown here: reading it needs a capability, or the caller has ended (policy a, rule 1)")
        var known = web
        known.executable = tool
        #expect(rules.explain(known, .secret, .get, tenant: 1, name: Array("d".utf8)).notes[0]
            == "exe:/tmp/tool never matches: others than root can write it (policy a, rule 2)")
        let root = rules.explain(Principal(uid: 0), .store, .lock, tenant: 1, name: [])
        #expect(root.allowed && root.policy == nil && root.notes == ["uid 0 is an administrator: no rule is asked"])
        let described = try rules.explain(selectors: ["account:alice"], .secret, .get, tenant: 1, name: Array("a".utf8), directory: MadeUpAccounts())
        #expect(described.allowed && described.rule == 2)
    }

    /// What explain says is what happens.
    @Test func explainAgreesWithTheRules() throws {
        var dice = Dice(state: 99)
        let words = ["a", "b", "*", "**", "a*"]
        for _ in 0..<300 {
            let made = try (0..<4).map { _ in
                let uid = UInt32.random(in: 1...3, using: &dice)
                let pattern = (0..<3).map { _ in words.randomElement(using: &dice) ?? "a" }.joined(separator: "/")
                return try rule([[.uid(uid)]], tenant: UInt64.random(in: 1...2, using: &dice), actions: [[.get, .put].randomElement(using: &dice) ?? .get], names: [pattern])
            }
            let rules = snapshot(made)
            for uid: UInt32 in 1...3 {
                let caller = Principal(uid: uid)
                for name in ["a", "a/b", "b/a/a", "a/b/ab", "b"] {
                    let explained = rules.explain(caller, .secret, .get, tenant: 1, name: Array(name.utf8))
                    #expect(explained.allowed == allows(rules.principalClass(for: caller), name))
                }
            }
        }
    }
}
