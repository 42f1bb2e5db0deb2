import CofferCredentials
import Testing

@Suite struct CredentialErrorTests {
    @Test func namesTheField() {
        #expect(CredentialError(.notFound, "name", "there is none").description == "notFound (name): there is none")
    }
}
