import CofferStore
import CofferUpstream
import Foundation
import Glibc
import Synchronization

@testable import CofferCredentials

/// The credentials of a real store in a folder that is gone after the test.
final class CredentialsFixture: Sendable {
    let path: String
    let clock: ManualClock
    let transport: any UpstreamTransport
    private let options: CredentialOptions
    private let storeOptions: Store.Options
    nonisolated(unsafe) private(set) var store: Store
    nonisolated(unsafe) private(set) var credentials: Credentials

    static let key = SecretBuffer([UInt8](repeating: 7, count: 32))

    /// - Parameter copy: a store to go on from; `nil`: a new one.
    init(
        _ transport: any UpstreamTransport, clock: ManualClock = ManualClock(), copy: String? = nil,
        _ change: (inout CredentialOptions) -> Void = { _ in }
    ) throws {
        var options = CredentialOptions()
        options.clock = { clock.now }
        options.alarm = clock
        options.jitter = { 0 }
        options.drain = 5_000
        change(&options)
        var storeOptions = Store.Options()
        storeOptions.mapBytes = 1 << 28
        storeOptions.indexBytes = 0
        storeOptions.clock = { clock.now }
        var template = Array("/tmp/coffer-credentials-test.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw CredentialError(.failed, "", "no folder for a test") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        if let copy {
            try FileManager.default.copyItem(atPath: copy, toPath: path + "/store")
        } else {
            try Store.create(at: path + "/store", slot: .keyFile(Self.key, label: "key"), options: storeOptions)
        }
        store = try Store.open(at: path + "/store", options: storeOptions)
        try store.unlock(.keyFile(Self.key))
        credentials = Credentials(store: store, options: options, transport: transport)
        self.transport = transport
        self.clock = clock
        self.options = options
        self.storeOptions = storeOptions
    }

    deinit {
        credentials.stop()
        store.close()
        try? FileManager.default.removeItem(atPath: path)
    }

    var service: CredentialService { credentials.credentials }
    var tokens: TokenIssuer { credentials.tokens }

    func lock() { store.lock() }
    func unlock() throws { try store.unlock(.keyFile(Self.key)) }

    /// As after a restart.
    func reopen() throws {
        credentials.stop()
        store.close()
        store = try Store.open(at: path + "/store", options: storeOptions)
        credentials = Credentials(store: store, options: options, transport: transport)
        try unlock()
    }

    /// An `oauth2` credential with a refresh token.
    func credential(
        _ name: String = "one", refresh: String = "refresh-0", rotation: String = "rotating", access: String? = nil,
        expires: UInt64 = 0, _ change: (inout CredentialDraft) -> Void = { _ in }
    ) async throws -> Credential {
        var draft = CredentialDraft(tenant: .main, name: try DocumentName(name.utf8), provider: "oauth2")
        draft.parameters = ["token_url": "http://127.0.0.1:9/token", "rotation": rotation]
        draft.tokens["refresh"] = buffer(refresh)
        if let access {
            draft.tokens["access"] = buffer(access)
            draft.expiries["access"] = expires
        }
        change(&draft)
        return try await service.create(draft, by: "test")
    }

    func now(_ number: UInt64) throws -> Credential {
        guard let credential = credentials.context.directory.credential(number) else { throw CredentialError(.notFound, "", "gone") }
        return credential
    }

    func token(_ number: UInt64, _ kind: String) throws -> String? { text(try service.token(number, kind: kind)) }

    func journal(_ number: UInt64) throws -> RefreshJournal? {
        try credentials.context.sealedParts(of: try now(number)).journal
    }
}

func request(_ name: String = "one", kind: String = "access", left: UInt64 = 0) -> TokenRequest {
    TokenRequest(tenant: .main, name: Array(name.utf8), kind: kind, minimumLeft: left)
}

func buffer(_ text: String) -> SecretBuffer { SecretBuffer(Array(text.utf8)) }

func text(_ buffer: SecretBuffer?) -> String? {
    buffer.map { buffer in withExtendedLifetime(buffer) { String(decoding: buffer.bytes, as: UTF8.self) } }
}

/// The code, and the field behind a colon, of what `body` throws; "" when it does not.
func refusal(_ body: () async throws -> Void) async -> String {
    do {
        try await body()
        return ""
    } catch let error as CredentialError {
        return error.field.isEmpty ? error.code.rawValue : "\(error.code.rawValue):\(error.field)"
    } catch {
        return "\(error)"
    }
}
