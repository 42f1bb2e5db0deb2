import Testing

@testable import CofferDaemon

@Suite struct SelectorTests {
    @Test(arguments: [
        ("uid:0", Selector.uid(0)), ("gid:4294967294", .gid(4_294_967_294)), ("account:alice", .account("alice")),
        ("user:alice", .account("alice")), ("group:staff", .group("staff")), ("unit:web.service", .unit("web.service")),
        ("unit:foo.slice/web.service", .unit("foo.slice/web.service")), ("exe:/usr/bin/curl", .executable("/usr/bin/curl")),
        ("login:a@b", .login("a@b")), ("role:r", .role("r")), ("token:t:1", .token("t:1")), ("door:http", .door("http")), ("any", .any),
    ])
    func reads(text: String, selector: Selector) throws {
        #expect(try Selector(text) == selector)
        #expect(try Selector(selector.description) == selector)
    }

    @Test(arguments: [
        ("", SelectorError.unknown("")), ("any:", .noValue("any:")), ("Any", .unknown("Any")), ("uid", .unknown("uid")),
        ("uid:", .noValue("uid:")), ("uid:-1", .badNumber("uid:-1")), ("uid:+1", .badNumber("uid:+1")), ("uid:01", .badNumber("uid:01")),
        ("uid:4294967295", .badNumber("uid:4294967295")), ("uid: 1", .badNumber("uid: 1")), ("gid:staff", .badNumber("gid:staff")),
        ("UID:1", .unknown("UID:1")), ("unit:/web", .badUnit("unit:/web")), ("unit:a//b", .badUnit("unit:a//b")),
        ("unit:a/../b", .badUnit("unit:a/../b")), ("exe:curl", .badPath("exe:curl")), ("exe:/usr/../bin/x", .badPath("exe:/usr/../bin/x")),
        ("exe:/", .badPath("exe:/")), ("exe:/a/", .badPath("exe:/a/")),
        ("planet:mars", .unknown("planet:mars")),
    ])
    func refuses(text: String, error: SelectorError) {
        #expect(throws: error) { try Selector(text) }
    }

    /// Not in the table: test logs would hold it.
    @Test func controlCharacters() {
        #expect(throws: SelectorError.controlCharacter("login:a\u{0}b")) { try Selector("login:a\u{0}b") }
        #expect(SelectorError.controlCharacter("login:a\u{1B}b").description == "selector 'login:a\u{FFFD}b' has a control character")
    }

    @Test func resolves() throws {
        let accounts = MadeUpAccounts(accounts: ["alice": 1001, "1005": 3])
        #expect(try ResolvedSelector(.account("alice"), directory: accounts) == .uid(1001))
        #expect(try ResolvedSelector(.account("77"), directory: accounts) == .uid(77))
        // A name that looks like a number is a name first.
        #expect(try ResolvedSelector(.account("1005"), directory: accounts) == .uid(3))
        #expect(throws: SelectorError.noSuchAccount("account:eve")) { try ResolvedSelector(.account("eve"), directory: accounts) }
        #expect(throws: SelectorError.noSuchGroup("group:eve")) { try ResolvedSelector(.group("eve"), directory: accounts) }
        #expect(throws: SelectorError.lookupFailed("group:staff", 5)) {
            try ResolvedSelector(.group("staff"), directory: MadeUpAccounts(failure: 5))
        }
    }

    @Test func principalsFromSelectors() throws {
        let alice = try Principal(selectors: ["account:alice"], directory: MadeUpAccounts())
        #expect(alice.uid == 1001 && alice.gid == 100 && alice.groups == [10, 100])
        #expect(alice.selectors == ["uid:1001", "gid:100", "group:10", "door:socket"])
        let stranger = try Principal(selectors: ["uid:5"], directory: MadeUpAccounts())
        #expect(stranger.gid == Principal.unknownID && stranger.groups.isEmpty && stranger.selectors == ["uid:5", "door:socket"])
        let given = try Principal(selectors: ["uid:1001", "gid:7", "group:staff", "unit:web.service", "door:http", "login:l"], directory: MadeUpAccounts())
        #expect(given.selectors == ["uid:1001", "gid:7", "group:100", "unit:web.service", "login:l", "door:http"])
        let user = try Principal(selectors: ["unit:user-1.slice/x.service"], directory: MadeUpAccounts())
        #expect(user.unit == nil && user.userUnit == "user-1.slice/x.service" && user.uid == Principal.unknownID)
        #expect(throws: SelectorError.twice("uid:2")) { try Principal(selectors: ["uid:1", "uid:2"], directory: MadeUpAccounts()) }
        #expect(throws: SelectorError.noSuchAccount("account:eve")) { try Principal(selectors: ["user:eve"], directory: MadeUpAccounts()) }
    }
}
