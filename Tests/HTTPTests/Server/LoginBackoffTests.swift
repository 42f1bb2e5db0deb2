import CofferAccounts
@testable import CofferHTTP
import Testing

@Suite struct LoginBackoffTests {
    private let minute: UInt64 = 60_000
    private let client = ClientAddress(v4: 0x0102_0304)

    @Test func fiveAreFree() {
        let backoff = LoginBackoff()
        for _ in 0..<4 { backoff.failed(client, now: 1_000_000) }
        #expect(backoff.check(client, now: 1_000_000) == nil)
        backoff.failed(client, now: 1_000_000)
        #expect(backoff.check(client, now: 1_000_000) == 1)
        #expect(backoff.check(client, now: 1_000_999) == 1)
        #expect(backoff.check(client, now: 1_001_000) == nil)
        #expect(backoff.check(ClientAddress(v4: 0x0102_0305), now: 1_000_000) == nil)
    }

    @Test func pausesDouble() {
        let backoff = LoginBackoff()
        var now: UInt64 = 1_000_000
        for _ in 0..<4 { backoff.failed(client, now: now) }
        for expected in [1, 2, 4, 8, 16, 32, 60, 60, 60] {
            backoff.failed(client, now: now)
            #expect(backoff.check(client, now: now) == expected)
            now += minute
        }
        backoff.succeeded(client)
        #expect(backoff.check(client, now: now) == nil)
        backoff.failed(client, now: now)
        #expect(backoff.check(client, now: now) == nil)
    }

    @Test func failuresAreForgotten() {
        let backoff = LoginBackoff()
        for _ in 0..<9 { backoff.failed(client, now: 0) }
        #expect(backoff.check(client, now: 1) != nil)
        backoff.failed(client, now: 10 * minute)
        #expect(backoff.check(client, now: 10 * minute) == nil)
        // A clock that goes back locks nobody out.
        for _ in 0..<9 { backoff.failed(client, now: 20 * minute) }
        #expect(backoff.check(client, now: 19 * minute) == nil)
    }

    @Test func v6CountsByNetwork() throws {
        let backoff = LoginBackoff()
        for index in 1...5 { backoff.failed(try #require(ClientAddress("2001:db8:0:1::\(index)")), now: 0) }
        #expect(backoff.check(try #require(ClientAddress("2001:db8:0:1:ffff::")), now: 0) == 1)
        #expect(backoff.check(try #require(ClientAddress("2001:db8:0:2::1")), now: 0) == nil)
    }

    @Test func theTableIsBounded() {
        let backoff = LoginBackoff(capacity: 8)
        for index in 0..<100 { backoff.failed(ClientAddress(v4: UInt32(index)), now: UInt64(index)) }
        #expect(backoff.count == 8)
        // The oldest went first.
        for _ in 0..<4 { backoff.failed(ClientAddress(v4: 92), now: 100) }
        #expect(backoff.check(ClientAddress(v4: 92), now: 100) == 1)
    }
}
