import CofferUpstream
import Testing

/// What a step that says nothing of `replay` may do twice (docs/providers.md).
@Suite struct ReplayDefaultTests {
    private func replay(_ purpose: String, consumes: Bool) throws -> Replay? {
        let provider = try Provider.read(
            """
            provider: acme
            title: Acme
            bases: { api: "https://api.example" }
            steps:
              - name: one
                purpose: \(purpose)
                \(consumes ? "consumes: access" : "cost: 0")
                url: "{api}/x"
                headers: { Authorization: "Bearer {access}" }
            """)
        return provider.step("one")?.replay([:])
    }

    @Test(arguments: ["check", "info", "summary", "quota"]) func whoAsksUsesNothingUp(_ purpose: String) throws {
        #expect(try replay(purpose, consumes: true) == .safe)
    }

    @Test func whoTradesATokenInMayUseItUp() throws {
        #expect(try replay("other", consumes: true) == .never)
        #expect(try replay("other", consumes: false) == .safe)
    }
}
