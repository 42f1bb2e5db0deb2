import Testing

@testable import CofferDaemon

@Suite struct StoredPolicyTests {
    private func sample() throws -> StoredPolicy {
        let who: [[ResolvedSelector]] = [
            [.uid(0), .gid(4_294_967_294)], [.unit("foo.slice/web.service")], [.executable("/usr/bin/x")], [.login("é")], [.role("r")],
            [.token("t")], [.door("http")], [.any],
        ]
        return StoredPolicy(
            name: Array("team a/é".utf8), source: Array("policy: x\n".utf8),
            rules: [
                try rule(who, tenant: .max, actions: Noun.secret.actions, names: ["a/**", "*b*/c"]),
                try rule([[.any]], noun: .policy, actions: [.delete], names: ["x y"]),
                try rule([[.any]], noun: .backup, actions: [.create, .info], names: []),
            ])
    }

    @Test func roundTrip() throws {
        let policy = try sample()
        let bytes = policy.encode()
        #expect(try StoredPolicy(decoding: bytes) == policy)
        #expect(try StoredPolicy(decoding: bytes).encode() == bytes)
        #expect(try StoredPolicy(decoding: StoredPolicy(name: [0x61], source: [], rules: []).encode()).rules.isEmpty)
    }

    /// What is stored stays readable: this is version 1, byte by byte.
    @Test func layout() throws {
        let policy = StoredPolicy(name: [0x70], source: [0x73], rules: [try rule([[.uid(7)]], tenant: 2, noun: .audit, actions: [.info], names: [])])
        #expect(policy.encode() == Array("CPOL".utf8) + [1, 1, 0, 0, 0, 0x70, 1, 0, 0, 0, 0x73, 1, 0, 0, 0]
            + [1, 0, 0, 0, 1, 0, 0, 0, 1, 7, 0, 0, 0] + [2, 0, 0, 0, 0, 0, 0, 0] + [3] + [1, 0, 0, 0, 1] + [0, 0, 0, 0])
    }

    /// Every truncation is refused, every changed byte either is or gives another policy; nothing crashes.
    @Test func damage() throws {
        let policy = try sample()
        let bytes = policy.encode()
        for count in 0..<bytes.count {
            #expect(throws: StoredPolicyError.self) { try StoredPolicy(decoding: Array(bytes.prefix(count))) }
        }
        #expect(throws: StoredPolicyError.tooLong) { try StoredPolicy(decoding: bytes + [0]) }
        for index in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[index] ^= 1 << UInt8(bit)
                if let other = try? StoredPolicy(decoding: damaged) { #expect(other != policy && other.encode() == damaged) }
            }
        }
        #expect(throws: StoredPolicyError.notAPolicy) { try StoredPolicy(decoding: Array("XPOL".utf8) + [1]) }
        #expect(throws: StoredPolicyError.unknownVersion(2)) { try StoredPolicy(decoding: Array("CPOL".utf8) + [2]) }
    }

    /// Bytes that would let in whoever is unknown.
    @Test func refusesWhatMeansEverybody() throws {
        let unknown = try rule([[.uid(.max)]], names: ["a"])
        #expect(throws: StoredPolicyError.badField("selector")) {
            try StoredPolicy(decoding: StoredPolicy(name: [0x61], source: [], rules: [unknown]).encode())
        }
        let empty = try rule([[]], names: ["a"])
        #expect(throws: StoredPolicyError.badField("who")) {
            try StoredPolicy(decoding: StoredPolicy(name: [0x61], source: [], rules: [empty]).encode())
        }
    }
}
