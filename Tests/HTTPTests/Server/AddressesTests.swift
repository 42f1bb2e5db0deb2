import CofferAccounts
import CofferHTTP
import Logging
import Testing

/// Who gets which path, and which settings are refused.
@Suite struct AddressesTests {
    private static let loopback = TestServer.loopback

    @Test func sharedAddress() async throws {
        let doors = [
            DoorListen(
                door: EchoDoor(id: "newapi", claims: [.tree("/api/token"), .exact("/api/status"), .everything]), address: Self.loopback),
            DoorListen(door: EchoDoor(id: "ragflow", claims: [.tree("/v1/"), .exact("/api/token/special")]), address: Self.loopback),
        ]
        try await TestServer.run(doors) { (server) async throws in
            #expect(server.addresses.map(\.doors) == [["newapi", "ragflow"]])
            for (path, door) in [
                ("/api/token", "newapi"), ("/api/token/", "newapi"), ("/api/token/7", "newapi"), ("/api/status", "newapi"),
                ("/api/status/", "newapi"),
                ("/v1", "ragflow"), ("/v1/x/y", "ragflow"), ("/api/token/special", "ragflow"), ("/api/token/special/", "ragflow"),
            ] {
                #expect(try await RawClient.get(server.port, path).contains("door=\(door) "), "\(path)")
            }
            for path in ["/", "/api", "/api/tokens", "/api/status/x", "/api/status//", "/v2", "/V1", "//v1", "/%761"] {
                let reply = try await RawClient.get(server.port, path)
                #expect(reply.status == 404 && reply.hasSuffix("\r\n\r\n404 page not found\n"), "\(path)")
                #expect(reply.header("Content-Type") == "text/plain; charset=utf-8")
            }
        }
    }

    @Test func ownAddresses() async throws {
        let second = ListenAddress(host: ClientAddress(v4: 0x7F00_0002), port: 0)
        let doors = [
            DoorListen(door: EchoDoor(id: "one"), address: Self.loopback),
            DoorListen(door: EchoDoor(id: "two", claims: [.tree("/t")]), address: second),
        ]
        try await TestServer.run(doors) { (server) async throws in
            #expect(server.addresses.map(\.doors) == [["one"], ["two"]])
            #expect(server.addresses.map(\.address.description) == ["127.0.0.1", "127.0.0.2"])
            #expect(server.addresses.allSatisfy { $0.port > 0 })
            #expect(server.log.all.filter { $0.contains("listening") }.count == 2)
        }
    }

    @Test func bothFamilies() async throws {
        let everywhere = try #require(ListenAddress(":0"))
        try await TestServer.run([DoorListen(door: EchoDoor(), address: everywhere, insecure: true)]) { (server) async throws in
            #expect(try await RawClient.get(server.port, "/").contains("client=127.0.0.1 "))
        }
    }

    @Test(arguments: [
        ([PathClaim.exact("/a")], [PathClaim.exact("/a/")], "/a"), ([.tree("/a")], [.tree("/a/b")], "/a/b"),
        ([.tree("/a/b/")], [.tree("/a")], "/a/b/"),
        ([.tree("/")], [.tree("/x")], "/x"),
    ])
    func collisions(_ first: [PathClaim], _ second: [PathClaim], _ path: String) throws {
        let doors = [
            DoorListen(door: EchoDoor(id: "one", claims: first), address: Self.loopback),
            DoorListen(door: EchoDoor(id: "two", claims: second), address: Self.loopback),
        ]
        #expect {
            try HTTPSettings(doors: doors)
        } throws: { "\($0)" == "http.two.listen: one and two share 127.0.0.1:0 and both claim \(path)" }
    }

    @Test func noCollision() throws {
        let doors = [
            DoorListen(door: EchoDoor(id: "one", claims: [.tree("/a"), .everything]), address: Self.loopback),
            DoorListen(door: EchoDoor(id: "two", claims: [.tree("/ab"), .exact("/a/b"), .everything]), address: Self.loopback),
        ]
        _ = try HTTPSettings(doors: doors)
        let same = [DoorListen(door: EchoDoor(), address: Self.loopback), DoorListen(door: EchoDoor(), address: Self.loopback)]
        #expect(throws: HTTPSettingsError.self) { try HTTPSettings(doors: same) }
    }

    @Test func plainBeyondLoopback() throws {
        let everywhere = try #require(ListenAddress(":3000"))
        #expect {
            try HTTPSettings(doors: [DoorListen(door: EchoDoor(id: "newapi"), address: everywhere)])
        } throws: { "\($0)".hasPrefix("http.newapi.listen: [::]:3000 is reached from other machines") }
        _ = try HTTPSettings(doors: [DoorListen(door: EchoDoor(), address: everywhere, insecure: true)])
        _ = try HTTPSettings(doors: [DoorListen(door: EchoDoor(), address: everywhere)], tls: TLSFiles(certificate: "/c", key: "/k"))
        #expect(throws: HTTPSettingsError.self) {
            try HTTPSettings(
                doors: [DoorListen(door: EchoDoor(), address: everywhere, tls: .off)], tls: TLSFiles(certificate: "/c", key: "/k"))
        }
        #expect(throws: HTTPSettingsError.self) { try HTTPSettings(doors: [], hosts: ["http://coffer"]) }
        #expect(throws: HTTPSettingsError.self) { try HTTPSettings(doors: [], hosts: ["coffer:80"]) }
    }

    @Test func listenAddresses() {
        #expect(ListenAddress("127.0.0.1:3000")?.description == "127.0.0.1:3000")
        #expect(ListenAddress("[::1]:0")?.description == "[::1]:0")
        #expect(ListenAddress("localhost:80")?.description == "127.0.0.1:80")
        for text in [
            "", "3000", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:80", "example.com:80", "[127.0.0.1]:80", "[::1]", "127.0.0.1:+1",
        ] {
            #expect(ListenAddress(text) == nil, "\(text)")
        }
    }

    @Test func takenAddress() async throws {
        try await TestServer.run { (server) async throws in
            let taken = ListenAddress(host: ClientAddress(v4: 0x7F00_0001), port: UInt16(server.port))
            let other = try HTTPServer(
                settings: HTTPSettings(doors: [
                    DoorListen(door: EchoDoor(id: "fine"), address: TestServer.loopback),
                    DoorListen(door: EchoDoor(id: "late"), address: taken),
                ]), logger: LogLines().logger)
            let waiting = Task { try await other.listening() }
            await #expect { try await other.run() } throws: { error in
                "\(error)" == "127.0.0.1:\(server.port) (http.late): Address already in use" && (error as? HTTPServerError)?.kind == .inUse
            }
            await #expect(throws: HTTPServerError.self) { try await waiting.value }
            #expect(other.boundAddresses().isEmpty)
        }
    }
}
