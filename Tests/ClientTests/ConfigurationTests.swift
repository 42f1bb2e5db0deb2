import Testing

@testable import CofferClient

@Suite("ClientConfiguration")
struct ConfigurationTests {
    func make(_ variables: [String: String], uid: UInt32 = 1_000) throws -> ClientConfiguration {
        try ClientConfiguration.from(environment: { variables[$0] }, effectiveUID: uid)
    }

    @Test("finds the socket as documented")
    func sockets() throws {
        #expect(try make(["COFFER_SOCKET": "/a/b", "XDG_RUNTIME_DIR": "/run/user/1"]).socketPath == "/a/b")
        #expect(try make(["XDG_RUNTIME_DIR": "/run/user/1"]).socketPath == "/run/user/1/coffer.sock")
        #expect(try make(["XDG_RUNTIME_DIR": "/run/user/0"], uid: 0).socketPath == "/run/coffer/coffer.sock")
        #expect(try make(["COFFER_SOCKET": ""], uid: 0).socketPath == "/run/coffer/coffer.sock")
        #expect(throws: ClientError.self) { try make([:]) }
    }

    @Test("finds the tenant")
    func tenants() throws {
        #expect(try make([:], uid: 0).tenant == "main")
        #expect(try make(["COFFER_TENANT": "blue"], uid: 0).tenant == "blue")
        #expect(throws: ClientError.self) { try make(["COFFER_TENANT": String(repeating: "x", count: 256)], uid: 0) }
    }

    @Test("a socket's path has at most 107 bytes")
    func length() throws {
        try ClientConfiguration(socketPath: "/" + String(repeating: "a", count: 106)).validate()
        let error = #expect(throws: ClientError.self) {
            try CofferClient(ClientConfiguration(socketPath: "/" + String(repeating: "a", count: 107)))
        }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("108 bytes") == true)
        #expect(throws: ClientError.self) { try ClientConfiguration(socketPath: "").validate() }
        #expect(throws: ClientError.self) { try ClientConfiguration(socketPath: "/a\0b").validate() }
    }

    @Test("waits double up to the maximum, with jitter in the upper half")
    func backoff() {
        var backoff = Backoff(initial: 50_000_000, maximum: 300_000_000)
        for full: UInt64 in [50, 100, 200, 300, 300] {
            let wait = backoff.next() / 1_000_000
            #expect(wait >= full / 2 && wait <= full)
        }
        backoff.reset()
        #expect(backoff.next() <= 50_000_000)
    }

    @Test("durations become nanoseconds")
    func durations() {
        #expect(Duration.milliseconds(1_500).nanoseconds == 1_500_000_000)
        #expect(Duration.seconds(-3).nanoseconds == 0)
        #expect(Duration.seconds(Int64.max).nanoseconds > 0)
    }
}

@Suite("ServerTrust")
struct ServerTrustTests {
    let trust = ServerTrust(ownUID: 1_000, configured: [77])
    typealias Folder = ServerTrust.Folder

    @Test("root, the caller and configured users are trusted")
    func known() {
        #expect(trust.accepts(peer: 0, folders: []))
        #expect(trust.accepts(peer: 1_000, folders: []))
        #expect(trust.accepts(peer: 77, folders: []))
        #expect(!trust.accepts(peer: 78, folders: []))
    }

    @Test("the folder's owner is trusted where nobody else could have put the socket there")
    func folders() {
        let safe = [Folder(owner: 5, mode: 0o750), Folder(owner: 0, mode: 0o755), Folder(owner: 0, mode: 0o755)]
        #expect(trust.accepts(peer: 5, folders: safe))
        #expect(!trust.accepts(peer: 6, folders: safe))
        #expect(!trust.accepts(peer: 5, folders: [Folder(owner: 0, mode: 0o755)]))
        for bad in [Folder(owner: 5, mode: 0o770), Folder(owner: 6, mode: 0o700), Folder(owner: 0, mode: 0o1777)] {
            #expect(!trust.accepts(peer: 5, folders: safe + [bad]))
        }
    }

    @Test("looks at all folders up to the root")
    func walk() {
        #expect(ServerTrust.folders(above: "/coffer.sock").count == 1)
        #expect(ServerTrust.folders(above: "/usr/lib/x").count == 3)
        #expect(ServerTrust.folders(above: "/no/such/folder/x").isEmpty)
    }
}
