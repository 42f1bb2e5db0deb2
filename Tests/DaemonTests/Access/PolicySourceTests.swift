import CofferStore
import Testing

@testable import CofferDaemon

@Suite struct PolicySourceTests {
    @Test func understands() throws {
        let source = """
            # two policies
            policy: payments
            rules:
              - who: [uid:1001, [unit:web.service, gid:100], account:bob, "group:staff"]
                tenant: main
                noun: secret
                actions: [info, get]
                names: ["payments/**", "shared/*/token"]
              - who:
                  - any
                tenant: other
                noun: store
                actions: [info]
            ---
            policy: "team a/b"
            rules:
              - {who: [user:alice], tenant: main, noun: policy, actions: [info], names: ["*"]}
            """
        let policies = try parse(source).get()
        #expect(policies.map(\.name) == [Array("payments".utf8), Array("team a/b".utf8)])
        #expect(policies[0].rules == [
            try rule(
                [[.uid(1001)], [.unit("web.service"), .gid(100)], [.uid(1002)], [.gid(100)]], actions: [.get, .info],
                names: ["payments/**", "shared/*/token"]),
            try rule([[.any]], tenant: 7, noun: .store, actions: [.info], names: []),
        ])
        #expect(policies[1].rules == [try rule([[.uid(1001)]], noun: .policy, actions: [.info], names: ["*"])])
        #expect(policies.map(\.line) == [2, 15])
        #expect(policies.allSatisfy { $0.report.isEmpty })
        // Each policy keeps its own text, which alone means the same.
        #expect(String(decoding: policies[1].source, as: UTF8.self).hasPrefix("policy: \"team a/b\""))
        #expect(String(decoding: policies[0].source, as: UTF8.self).hasPrefix("# two policies"))
        for policy in policies {
            let again = try parse(String(decoding: policy.source, as: UTF8.self)).get()
            #expect(again.map(\.stored) == [policy.stored])
        }
    }

    @Test func everyErrorAtOnceWithItsLine() {
        let source = """
            policy: payments
            colour: red
            rules:
              - who: [uid:abc, login, 'account:nobody-here', "group:none"]
                tenant: nowhere
                noun: secret
                actions: [get, fly]
                names: [a//b, "a**"]
              - who: []
                tenant: main
                noun: planet
                actions: [orbit]
              - who: any
                tenant: [main]
                noun: store
                actions: [get]
                nmaes: [x]
              - who: [uid: 1001]
                noun: secret
                tenant:
                actions: [get, get]
              - 7
            """
        #expect(errors(source) == [
            "line 2: unknown key 'colour' in a policy; it may be policy, rules",
            "line 4: selector 'uid:abc' needs a number from 0 to 4294967294",
            "line 4: unknown selector 'login'; it may be uid:, gid:, account:, group:, unit:, exe:, login:, role:, token:, door:, any",
            "line 4: 'account:nobody-here': there is no such account on this machine",
            "line 4: 'group:none': there is no such group on this machine",
            "line 5: unknown tenant 'nowhere'",
            "line 7: unknown action 'fly' for noun 'secret'; it may be get, info, list, put, activate, delete, destroy",
            "line 8: pattern 'a//b': the name has an empty segment, or begins or ends with '/'",
            "line 8: pattern 'a**': '**' must be a whole segment, as in 'a/**'",
            "line 9: who must not be empty",
            "line 11: unknown noun 'planet'; it may be secret, policy, store, audit, backup, apikey, user, tenant, door, credential, pool, provider, schedule, sink",
            "line 12: unknown action 'orbit'; it may be get, info, list, put, activate, delete, destroy, lock, slots, create, verify, reserve, settle, reveal, token, refresh, check, report, run, rekey, scrub",
            "line 13: who must be a list",
            "line 14: tenant must be text",
            "line 16: unknown action 'get' for noun 'store'; it may be info, lock, slots, rekey, scrub",
            "line 17: unknown key 'nmaes' in a rule; it may be who, tenant, noun, actions, names",
            "line 18: a selector has no blank after its colon, as in uid:1001",
            "line 18: missing key 'names': noun 'secret' has names",
            "line 20: tenant has no value",
            "line 21: action 'get' stands twice",
            "line 22: a rule must be a mapping with the keys who, tenant, noun, actions, names",
        ])
    }

    @Test func errorsOfLaterDocumentsHaveTheirLines() {
        let source = "policy: a\nrules: [\n---\n# again\npolicy: b\nrules:\n  - {who: [any], tenant: main, noun: audit, actions: [info, x]}\n"
            + "---\npolicy: c\npolicy: c\n--- 5\n---\npolicy: b\nrules: []\n---\npolicy: b\nrules: 3\n"
        let found = errors(source)
        #expect(found.count == 8)
        #expect(found[0].hasPrefix("line 3: not valid YAML"))
        #expect(found[1] == "line 7: unknown action 'x' for noun 'audit'; it may be info, verify")
        #expect(found[2] == "line 9: twice in one mapping: 'policy'")
        #expect(found[3] == "line 11: a policy must be a mapping with the keys policy, rules")
        #expect(found[4] == "line 13: policy 'b' already stands in line 5")
        #expect(found[5] == "line 14: rules must not be empty")
        #expect(found[6] == "line 16: policy 'b' already stands in line 5")
        #expect(found[7] == "line 17: rules must be a list")
    }

    @Test func duplicates() {
        let source = """
            policy: p
            rules:
              - {who: [uid:1, [gid:2, uid:3]], tenant: main, noun: secret, actions: [get, info], names: [a, b]}
              - {who: [[account:alice]], tenant: main, noun: secret, actions: [get], names: [a]}
              - {who: [[uid:3, gid:2], uid:1], tenant: main, noun: secret, actions: [info, get], names: [b, a]}
              - {who: [uid:1001], tenant: main, noun: secret, actions: [get], names: [a]}
              - {who: [uid:1001], tenant: other, noun: secret, actions: [get], names: [a]}
            """
        #expect(errors(source) == ["line 5: this rule already stands in line 3", "line 6: this rule already stands in line 4"])
        let policy = "policy: p\nrules: [{who: [any], tenant: main, noun: audit, actions: [info]}]\n"
        #expect(errors(policy + "---\n" + policy) == ["line 4: policy 'p' already stands in line 1"])
    }

    @Test(arguments: [
        ("policy: &x p\nrules: []", "line 1: anchors are not allowed; elsewhere write a blank after '&'"),
        ("policy: p\nrules: [{? [a]: b}]", "line 2: '?' may not begin a word here"),
        ("policy: p\n? rules\n: []", "line 2: '?' may not begin a word here"),
        ("policy: *x\nrules: []", "line 1: '*' at the beginning means an alias in YAML; write the pattern in quotes"),
        ("policy: p\nrules:\n  - names: [*/token]", "line 3: '*' at the beginning means an alias in YAML; write the pattern in quotes"),
        ("policy: p\nrules:\n  - names: [**]", "line 3: '*' at the beginning means an alias in YAML; write the pattern in quotes"),
        ("policy: a\u{202E}b\nrules: []", "line 1: the character U+202E is not allowed: it controls, hides or reorders text"),
        ("policy: a\n# x\ry\nrules: []", "line 2: the character U+000D is not allowed: it controls, hides or reorders text"),
        ("", "line 1: there is no policy in this file"),
        ("# nothing\n---\n", "line 1: there is no policy in this file"),
        ("policy: ~\nrules: 1", "line 1: policy has no value"),
        ("policy: a*\nrules: 1", "line 1: policy: the name has a '*', which only patterns may have"),
        ("policy: [a]\nrules: 1", "line 1: policy must be text"),
        ("rules: 1", "line 1: missing key 'policy' in a policy"),
    ])
    func refuses(source: String, first: String) {
        #expect(errors(source).first == first)
    }

    @Test func limits() {
        let bytes = [UInt8](repeating: 0x23, count: PolicyText.maximumLength + 1)
        let result = PolicySource.parse(bytes, directory: MadeUpAccounts(), machine: everywhere) { _ in 1 }
        guard case .failure(let failure) = result else { return #expect(Bool(false)) }
        #expect(failure.errors.map(\.message) == ["the file has 262145 bytes; at most 262144 are allowed"])
        let invalid = PolicySource.parse(Array("policy: a\n".utf8) + [0xFF], directory: MadeUpAccounts(), machine: everywhere) { _ in 1 }
        guard case .failure(let second) = invalid else { return #expect(Bool(false)) }
        #expect(second.description == "line 2: not valid UTF-8")
        #expect(errors("policy: p\r\nrules:\r\n  - {who: [any], tenant: main, noun: audit, actions: [info]}\r\n").isEmpty)
    }

    /// Files made to cost time or stack end in errors, soon.
    @Test(arguments: 0..<9)
    func hostile(kind: Int) {
        let source = switch kind {
        case 0: String(repeating: "[", count: 200_000)
        case 1: String(repeating: "- ", count: 120_000)
        case 2: String(repeating: "{a: ", count: 60_000)
        case 3: "policy: p\nrules:\n" + String(repeating: "- 1\n", count: 60_000)
        case 4: "policy: p\nrules:\n" + (0..<20_000).map { "  k\($0): 1\n" }.joined()
        case 5: "a: &a [x,x]\n" + (0..<50).map { "b\($0): &b\($0) [*a,*a]\n" }.joined()
        case 6: String(repeating: "? ", count: 100_000)
        case 7: String(repeating: "---\n", count: 60_000) + "x"
        default: String(repeating: "[", count: 990) + String(repeating: "]", count: 990)
        }
        let start = ContinuousClock.now
        #expect(!errors(source).isEmpty)
        #expect(ContinuousClock.now - start < .seconds(20))
    }

    @Test func reportsWhatCanNeverMatch() throws {
        let file = Principal.Executable(device: 1, inode: 2, path: "/bin/a")
        let files = MadeUpFiles(files: ["/bin/a": file, "/tmp/b": file], distrusted: ["/tmp/b"])
        let machine = MachineFacts(hasSystemSlice: false, files: files)
        let source = """
            policy: p
            rules:
              - who: [exe:/bin/a, exe:/tmp/b, exe:/bin/none, unit:web.service, door:http, "login:x", any]
                tenant: main
                noun: audit
                actions: [info]
              - {who: [[uid:1, uid:2], unit:user-1.slice/x.service, [uid:1, unit:user-1.slice/x.service]], tenant: main, noun: secret, actions: [get], names: [a]}
              - {who: [any], tenant: main, noun: store, actions: [info], names: [a]}
            """
        #expect(try parse(source, machine: machine).get()[0].report == [
            "line 3: exe:/tmp/b never matches here: others than root can write it",
            "line 3: exe:/bin/none never matches here: there is no such file",
            "line 3: unit:web.service never matches here: there is no system.slice on this machine",
            "line 3: door:http never matches here: this door is not open",
            "line 3: login:x never matches here: no open door knows logins, roles or tokens",
            "line 7: a caller has only one uid: 'uid:1, uid:2' never matches",
            "line 7: unit:user-1.slice/x.service never matches here: a user's own unit counts only together with a uid",
            "line 8: noun 'store' has no names: leave 'names' out",
        ])
    }

    /// A database that is down is not an account that does not exist.
    @Test func accountDatabaseFails() {
        let source = "policy: p\nrules:\n  - {who: [account:alice], tenant: main, noun: audit, actions: [info]}"
        let result = PolicySource.parse(Array(source.utf8), directory: MadeUpAccounts(failure: 5), machine: everywhere) { _ in 1 }
        guard case .failure(let failure) = result else { return #expect(Bool(false)) }
        #expect(failure.description == "line 3: 'account:alice': the account database failed (error 5)")
    }

    @Test func systemAccounts() throws {
        let accounts = SystemAccounts()
        #expect(try accounts.account(named: "root") == 0)
        #expect(try accounts.group(named: "root") == 0)
        #expect(try accounts.account(named: "no such account") == nil)
        #expect(try accounts.groups(ofAccount: 0)?.primary == 0)
        #expect(try accounts.groups(ofAccount: 4_000_000_000) == nil)
    }
}
