import Foundation
import Testing

@testable import CofferHTTP

/// RAGFlow's own tests against this door, where a copy of them lies: `COFFER_RAGFLOW_SUITE` is a command that runs them at `HOST_ADDRESS`,
/// `COFFER_RAGFLOW_KEY` the private key that RAGFlow publishes, with which their passwords are encrypted.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["COFFER_RAGFLOW_SUITE"] != nil)) struct RAGFlowSuiteTests {
    @Test(arguments: RAGFlowSettings.Profile.allCases) func theirTestsPass(_ profile: RAGFlowSettings.Profile) async throws {
        let environment = ProcessInfo.processInfo.environment
        let command = try #require(environment["COFFER_RAGFLOW_SUITE"])
        let key = try RAGFlowSettings.loadLoginKey(try #require(environment["COFFER_RAGFLOW_KEY"]))
        let fixture = try RAGFlowFixture()
        let change: (inout RAGFlowSettings) -> Void = { settings in
            settings.loginKey = key
            settings.profile = profile
            // Their REST tests manage keys with a key.
            settings.apiKeysManageKeys = true
        }
        try await fixture.run(change) { (client) async throws in
            do {
                print(try await Shell.run("HOST_ADDRESS=http://127.0.0.1:\(client.port) \(command) 2>&1"))
            } catch let failed as Shell.Failed {
                Issue.record("\(failed.output)")
            }
        }
    }
}
