import CofferAccounts
import CofferHTTP
import Testing

/// Forwarding headers mean something from a trusted proxy alone.
@Suite struct ForwardingTests {
    private func client(_ port: Int, _ headers: String...) async throws -> String {
        let reply = try await RawClient.get(port, "/", headers: headers)
        return reply.split(separator: " ").filter { $0.hasPrefix("client=") || $0.hasPrefix("secure=") }.joined(separator: " ")
    }

    @Test func ignoredFromAnybody() async throws {
        try await TestServer.run(trustedProxies: ["10.0.0.0/8"]) { (server) async throws in
            #expect(
                try await client(server.port, "X-Forwarded-For: 1.2.3.4", "X-Forwarded-Proto: https") == "client=127.0.0.1 secure=false")
        }
    }

    @Test func chains() async throws {
        try await TestServer.run(trustedProxies: ["127.0.0.1", "10.0.0.0/8", "fd00::/8"]) { (server) async throws in
            let port = server.port
            #expect(try await client(port) == "client=127.0.0.1 secure=false")
            #expect(try await client(port, "X-Forwarded-For: 1.2.3.4") == "client=1.2.3.4 secure=false")
            #expect(try await client(port, "X-Forwarded-For: 9.9.9.9, 1.2.3.4, 10.1.1.1 ,fd00::7") == "client=1.2.3.4 secure=false")
            #expect(try await client(port, "X-Forwarded-For: 9.9.9.9", "X-Forwarded-For: 1.2.3.4") == "client=1.2.3.4 secure=false")
            #expect(try await client(port, "X-Forwarded-For: 10.2.2.2, 10.1.1.1") == "client=10.2.2.2 secure=false")
            #expect(try await client(port, "X-Forwarded-For: [2001:db8::1]:443") == "client=2001:db8::1 secure=false")
            #expect(try await client(port, "X-Forwarded-For: 1.2.3.4:5678") == "client=1.2.3.4 secure=false")
            // What the client made up stands on the left, and is not looked at.
            #expect(try await client(port, "X-Forwarded-For: garbage, 1.2.3.4") == "client=1.2.3.4 secure=false")
            for garbage in ["1.2.3.4, garbage", "1.2.3.4,", "unknown", "1.2.3.04", "_hidden", "1.2.3.4 5"] {
                #expect(try await client(port, "X-Forwarded-For: \(garbage)") == "client=127.0.0.1 secure=false", "\(garbage)")
            }
            #expect(try await client(port, "X-Forwarded-Proto: https") == "client=127.0.0.1 secure=true")
            #expect(try await client(port, "X-Forwarded-Proto: https, http") == "client=127.0.0.1 secure=false")
        }
    }

    @Test func perDoor() async throws {
        let own = DoorListen(door: EchoDoor(), address: TestServer.loopback, trustedProxies: [])
        try await TestServer.run([own], trustedProxies: ["127.0.0.1"]) { (server) async throws in
            #expect(try await client(server.port, "X-Forwarded-For: 1.2.3.4") == "client=127.0.0.1 secure=false")
        }
    }

    @Test(arguments: ["*", "0.0.0.0/0", "::/0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/08", "10.0.0.0/-1", "example.com", "", "10.0.0"])
    func refusedRanges(_ text: String) {
        #expect(throws: HTTPSettingsError.self) { try HTTPSettings(doors: [], trustedProxies: [text]) }
    }

    @Test(arguments: [
        ("172.16.0.0/12", "172.31.255.255", true), ("172.16.0.0/12", "172.32.0.0", false), ("172.16.0.0/12", "::ffff:172.16.0.1", true),
        ("2001:db8::/65", "2001:db8::7fff:0:0:0", true), ("2001:db8::/65", "2001:db8::8000:0:0:0", false), ("192.0.2.7", "192.0.2.7", true),
        ("192.0.2.7", "192.0.2.6", false), ("::/1", "1.2.3.4", false), ("8000::/1", "1.2.3.4", false),
    ])
    func ranges(_ range: String, _ address: String, _ expected: Bool) throws {
        let range = try #require(AddressRange(range))
        let address = try #require(ClientAddress(address))
        #expect(range.contains(address) == expected)
    }

    @Test func rangesAreShownWithoutTheRest() {
        #expect(AddressRange("10.1.2.3/8")?.description == "10.0.0.0/8")
        #expect(AddressRange("fd12::1/8")?.description == "fd00::/8")
    }
}
