import CofferUpstream
import Testing

@Suite struct BuiltInTests {
    @Test func allAreThere() {
        #expect(Provider.builtIn.map(\.name) == ["oauth2", "openai", "pandora", "free-api", "deepseek", "one-api"])
        #expect(Provider.builtIn.allSatisfy { $0.isBuiltIn && !$0.title.isEmpty })
    }
}
