import CofferUpstream
import Testing

@Suite struct ProviderErrorTests {
    @Test func namesLineAndField() {
        #expect(ProviderError(line: 3, "steps.a.url", "is missing").description == "line 3: steps.a.url: is missing")
    }
}
