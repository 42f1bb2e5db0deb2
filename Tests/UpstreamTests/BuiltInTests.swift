@testable import CofferUpstream
import Testing

@Suite struct BuiltInTests {
    @Test(arguments: BuiltInSource.all)
    func isRead(_ source: String) {
        #expect(throws: Never.self) { try Provider.read(source) }
    }

    @Test func allAreThere() {
        #expect(Provider.builtIn.map(\.name) == ["oauth2", "openai", "pandora", "free-api", "deepseek", "one-api"])
        #expect(Provider.builtIn.allSatisfy { $0.isBuiltIn && !$0.title.isEmpty })
    }
}
