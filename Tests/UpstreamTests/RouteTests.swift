import CofferUpstream
import Testing

@Suite struct RouteTests {
    private func pandora() throws -> Provider { try #require(Provider.builtIn("pandora")) }

    private func way(
        _ kind: String, _ available: Set<String>, _ parameters: [String: String] = [:], avoiding: Set<String> = [], allowsLogin: Bool = true
    ) throws -> [String]? {
        let base = ["base": "http://127.0.0.1:1/p"].merging(parameters) { $1 }
        return try pandora().route(to: kind, available: available, parameters: base, avoiding: avoiding, allowsLogin: allowsLogin)?.map(\.name)
    }

    @Test func sessionToShare() throws {
        #expect(try way("share", ["session", "name"]) == ["session", "share"])
    }

    @Test func refreshToShare() throws {
        #expect(try way("share", ["refresh", "name"]) == ["refresh", "share"])
    }

    @Test func loginToShare() throws {
        let steps = try #require(try pandora().route(
            to: "share", available: ["username", "password", "name"], parameters: ["base": "http://127.0.0.1:1"]))
        #expect(steps.map(\.name) == ["login", "session", "share"])
        #expect(steps.reduce(0) { $0 + $1.cost } == 100)
    }

    @Test func refreshLoginByParameter() throws {
        #expect(try way("access", ["username", "password"], ["login": "refresh"]) == ["login2", "refresh"])
    }

    @Test func accessAtHandIsUsed() throws {
        #expect(try way("share", ["access", "session", "name"]) == ["share"])
        // A new access token is asked for, so the old one is no answer.
        #expect(try way("access", ["access", "session"]) == ["session"])
    }

    @Test func nothingAvailable() throws {
        #expect(try way("share", []) == nil)
        #expect(try way("share", ["name"]) == nil)
        #expect(try way("refresh", ["session"]) == nil)
        #expect(try way("unknown", ["session"]) == nil)
    }

    @Test func missingParameter() throws {
        #expect(try pandora().route(to: "access", available: ["session"], parameters: [:]) == nil)
        #expect(try pandora().route(to: "access", available: ["session"], parameters: ["base": ""]) == nil)
        let local = try pandora().replacing(bases: ["base": "http://127.0.0.1:8181/p"])
        #expect(local.route(to: "access", available: ["session"], parameters: [:])?.map(\.name) == ["session"])
    }

    @Test func cheapestWins() throws {
        // With a living session nobody logs in; with a dead one the login is the way, unless it is not allowed.
        let all: Set<String> = ["username", "password", "session", "name"]
        #expect(try way("access", all) == ["session"])
        #expect(try way("access", ["username", "password"], avoiding: []) == ["login", "session"])
        #expect(try way("access", all, avoiding: ["session"]) == nil)
        #expect(try way("access", ["username", "password"], allowsLogin: false) == nil)
        #expect(try way("session", all) == ["login"])
        #expect(try way("session", all, allowsLogin: false) == nil)
    }

    @Test func checksAreNoWay() throws {
        let oneAPI = try #require(Provider.builtIn("openai"))
        #expect(oneAPI.route(to: "access", available: ["refresh"], parameters: [:])?.map(\.name) == ["refresh"])
        #expect(oneAPI.route(to: "refresh", available: ["refresh"], parameters: [:])?.map(\.name) == ["refresh"])
        #expect(oneAPI.route(to: "access", available: ["access"], parameters: [:]) == nil)
    }

    @Test func dearDetourLosesToCheapOne() throws {
        let provider = try Provider.read("""
            provider: ways
            steps:
              - { name: dear, purpose: exchange, cost: 5, url: "https://h/?a={session}", take: { access: /a } }
              - { name: one, purpose: exchange, cost: 1, url: "https://h/?a={session}", take: { refresh: /a } }
              - { name: two, purpose: refresh, cost: 1, url: "https://h/?a={refresh}", take: { access: /a } }
              - { name: same, purpose: exchange, cost: 2, url: "https://h/?a={pool}", take: { access: /a } }
            """)
        func way(_ available: Set<String>) -> [String]? { provider.route(to: "access", available: available, parameters: [:])?.map(\.name) }
        #expect(way(["session"]) == ["one", "two"])
        #expect(way(["session", "refresh"]) == ["two"])
        #expect(way(["session", "pool"]) == ["same"])
    }
}
