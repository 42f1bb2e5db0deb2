@testable import CofferUpstream
import Testing

@Suite struct BuiltInTests {
    @Test(arguments: BuiltInSource.all.indices)
    func isRead(_ index: Int) {
        #expect(throws: Never.self) { try Provider.read(BuiltInSource.all[index]) }
    }

    @Test func allAreThere() {
        #expect(Provider.builtIn.map(\.name) == ["oauth2", "openai", "pandora", "free-api", "deepseek", "one-api"])
        #expect(Provider.builtIn.allSatisfy { $0.isBuiltIn && !$0.title.isEmpty })
    }
}
