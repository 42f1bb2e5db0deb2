import CofferAccounts
import CofferCredentials
import CofferJSON
import CofferStore
import CofferUpstream
import Foundation
import HTTPTypes
import Synchronization
import Testing

@testable import CofferHTTP

/// Tokens that lie in the store as credentials, checked through the door; upstreams are a script.
struct StoredTokensTests {
    private static let word = "the-callers-own-secret"
    private static let url = "http://127.0.0.1:9/token/check"

    /// Answers by what stands in the body: `live`, `dead`, else nothing that anybody understands.
    private final class Script: UpstreamTransport {
        let bodies = Mutex<[String]>([])

        func send(_ call: PreparedCall, completion: @escaping @Sendable (StepResult) -> Void) {
            let body = call.body.map { String(decoding: $0.bytes, as: UTF8.self) } ?? ""
            bodies.withLock { $0.append(body) }
            let verdict: StepVerdict = body.contains("live") ? .ok : body.contains("dead") ? .dead : .down
            completion(StepResult(verdict: verdict, reason: "scripted", wasSent: true, isUnused: verdict != .ok, status: 200))
        }

        func stop() {}
    }

    private final class Fixture: Sendable {
        let store: Store
        let accounts: Accounts
        let credentials: Credentials
        let script = Script()
        private let path: String

        init() throws {
            path = FileManager.default.temporaryDirectory.appendingPathComponent("coffer-tsc-test.\(UUID().uuidString)").path
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            var options = Store.Options()
            options.mapBytes = 1 << 30
            options.indexBytes = 0
            let key = SecretBuffer([UInt8](repeating: 5, count: 32))
            try Store.create(at: path + "/store", slot: .keyFile(key, label: "key"), options: options)
            store = try Store.open(at: path + "/store", options: options)
            try store.unlock(.keyFile(key))
            accounts = Accounts(store: store, options: AccountOptions(passwordMemory: 64 << 10))
            credentials = Credentials(store: store, transport: script)
            credentials.start()
        }

        deinit {
            credentials.stop()
            accounts.stop()
            store.close()
            try? FileManager.default.removeItem(atPath: path)
        }

        func add(_ name: String, _ token: String?, tag: String = "deep", url: String? = StoredTokensTests.url, isEnabled: Bool = true) async throws {
            var draft = CredentialDraft(tenant: .main, name: try DocumentName(name.utf8), provider: "free-api")
            draft.tags = [tag]
            draft.isEnabled = isEnabled
            if let url { draft.parameters["url"] = url }
            if let token { draft.tokens["access"] = SecretBuffer(Array(token.utf8)) }
            _ = try await credentials.credentials.create(draft, by: "test")
        }

        func ask(_ change: (inout TokenStatusCheckSettings) -> Void = { _ in }) async throws -> HTTPReply {
            var settings = TokenStatusCheckSettings()
            settings.legacyAuthorization = SecretBuffer(Array(StoredTokensTests.word.utf8))
            change(&settings)
            let door = TokenStatusCheckDoor(accounts: accounts, credentials: credentials, settings: settings, logger: LogLines().logger)
            var headers = HTTPFields()
            headers[.authorization] = "Bearer \(StoredTokensTests.word)"
            let client = try #require(ClientAddress("127.0.0.1"))
            return await door.answer(HTTPCall(method: "POST", path: "/api/LLM_TokenCheck/Check/deep", headers: headers, client: client))
        }
    }

    private func json(_ reply: HTTPReply) throws -> JSONValue { try JSONValue.parse(reply.body) }

    @Test func checksTheCredentialsOfItsTagInTheirOrder() async throws {
        let fixture = try Fixture()
        try await fixture.add("one", "live-1")
        try await fixture.add("other provider", "live-2", tag: "qwen")
        try await fixture.add("disabled", "live-3", isEnabled: false)
        try await fixture.add("two", "dead-4")
        try await fixture.add("three", "strange-5")
        let found = try json(try await fixture.ask())
        #expect(found["totalTokenCount"] == .integer(3))
        #expect(found["invalidTokenPositions"] == .array([.integer(2)]))
        #expect(found["unknownTokenPositions"] == .array([.integer(3)]))
        #expect(found["validTokenPercentage"] == .string("33.33%"))
        // The verdict is the credential's too: one is suspect, none is dead yet (decisions 16).
        let two = try #require(fixture.credentials.credentials.find(tenant: .main, name: Array("two".utf8)))
        #expect(two.state.suspectSince != 0)
        #expect(two.state.phase != .dead)
        #expect(two.isEnabled)
    }

    @Test func givesTheAddressToThoseThatHaveNone() async throws {
        let fixture = try Fixture()
        try await fixture.add("one", "live-1", url: nil)
        #expect(try await fixture.ask().status == 503)
        let reply = try await fixture.ask { $0.urls["deep"] = Self.url }
        #expect(try json(reply)["validTokenPercentage"] == .string("100%"))
    }

    @Test func nothingToCheckIsNothingGood() async throws {
        let fixture = try Fixture()
        #expect(try await fixture.ask().status == 503)
        let reply = try await fixture.ask { $0.urls["deep"] = Self.url }
        #expect(reply.status == 200)
        #expect(try json(reply)["tokenStatus"] == .string("tokenfalse"))
    }

    @Test func isClosedWhileTheStoreIsLocked() async throws {
        let fixture = try Fixture()
        fixture.store.lock()
        let reply = try await fixture.ask()
        #expect(reply.status == 503)
        #expect(try json(reply)["error"] == .string("unavailable"))
        #expect(reply.headers.contains { $0.name == "Retry-After" })
    }
}
