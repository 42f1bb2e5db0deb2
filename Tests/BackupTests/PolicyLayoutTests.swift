import CofferStore
import Testing

@testable import CofferDaemon

@Suite("Policies in a backup")
struct PolicyLayoutTests {
    @Test("each noun with each of its actions, and each selector")
    func policies() throws {
        let fixture = try DocumentStore()
        let selectors: [ResolvedSelector] = [
            .uid(1_001), .gid(7), .unit("web.service"), .executable("/usr/bin/x"), .login("anna"), .role("admin"), .token("t"), .door("newapi"), .any,
        ]
        let rules = try Noun.allCases.map { noun in
            ResolvedRule(
                who: [selectors, [.any]], tenant: 1, noun: noun, actions: noun.actions, names: noun.isSingle ? [] : [try Glob("a*".utf8, noun: noun)])
        }
        let policy = StoredPolicy(name: Array("p".utf8), source: Array("policy: p # \u{1F600}\n".utf8), rules: rules)
        try fixture.put(.policies, "p", SecretBuffer(policy.encode()))
        let (tables, text) = try fixture.check()
        #expect(tables == [.policies])
        for noun in Noun.allCases { #expect(text.contains(#""noun":"\#(noun.rawValue)","actions":["#), "\(noun)") }
        for action in Action.allCases { #expect(text.contains("\"\(action.rawValue)\""), "\(action)") }
        #expect(text.contains(#"{"uid":1001},{"gid":7},{"unit":"web.service"},{"exe":"/usr/bin/x"}"#) && text.contains(#"[{"any":true}]"#))
    }
}
