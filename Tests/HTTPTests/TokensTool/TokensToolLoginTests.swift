import CofferAccounts
import CofferStore
import Synchronization
import Testing

@testable import CofferHTTP

@Suite struct TokensToolLoginTests {
    private static let day: UInt64 = 86_400_000
    private static let noon: UInt64 = 1_705_752_000_000
    private let client = ClientAddress(v4: 0x0A00_0001)

    @Test func chancesAreCountedDownUntilMidnight() {
        let register = LoginRegister(time: DoorTime(zone: "UTC"))
        for left in (0...15).reversed() {
            #expect(!register.isBlocked(client, now: Self.noon))
            #expect(register.failed(client, now: Self.noon) == left)
        }
        #expect(register.isBlocked(client, now: Self.noon))
        #expect(!register.isBlocked(ClientAddress(v4: 2), now: Self.noon))
        // A success forgives nothing.
        register.succeeded(client, now: Self.noon)
        #expect(register.isBlocked(client, now: Self.noon + 43_199_000))
        #expect(!register.isBlocked(client, now: Self.noon + 43_200_000))
        #expect(register.list(now: Self.noon + 43_200_000).isEmpty)
    }

    @Test func theTableIsBounded() {
        let register = LoginRegister(time: DoorTime(zone: "UTC"), capacity: 3)
        for number in 0..<10 { _ = register.failed(ClientAddress(v4: UInt32(number)), now: Self.noon + UInt64(number)) }
        #expect(register.list(now: Self.noon).map(\.client) == [9, 8, 7].map { ClientAddress(v4: $0) })
    }

    // MARK: What a login is

    private let password = SecretBuffer(Array("a password".utf8))
    private let signing = LoginSigning { () throws(StoreError) in SecretBuffer([UInt8](repeating: 7, count: 32)) }
    private let claims = LoginClaims(sub: "root", iat: 1_000, exp: 2_000, jti: "x")

    @Test func aLoginIsGoodUntilItEnds() async throws {
        let text = try await signing.signed(claims, password: password)
        #expect(try await signing.verified(text, name: "root", password: password, now: 1_999_999) == claims)
        #expect(try await signing.verified(text, name: "root", password: password, now: 2_000_000) == nil)
    }

    @Test func anotherNameOrPasswordEndsIt() async throws {
        let text = try await signing.signed(claims, password: password)
        #expect(try await signing.verified(text, name: "other", password: password, now: 0) == nil)
        #expect(try await signing.verified(text, name: "root", password: SecretBuffer(Array("another".utf8)), now: 0) == nil)
        let other = LoginSigning { () throws(StoreError) in SecretBuffer([UInt8](repeating: 8, count: 32)) }
        #expect(try await other.verified(text, name: "root", password: password, now: 0) == nil)
    }

    @Test func whatIsNoLoginIsNone() async throws {
        let text = try await signing.signed(claims, password: password)
        let parts = text.split(separator: ".").map { String($0) }
        let none = Base64URL.encoded(Array(#"{"alg":"none","typ":"JWT"}"#.utf8))
        for bad in [
            "", ".", "..", "a.b.c", text + "=", text.dropLast() + "A", parts[0] + "." + parts[1] + ".", none + "." + parts[1] + ".",
            parts[0] + "." + Base64URL.encoded(Array(#"{"sub":"root","iat":1,"exp":9999999999,"jti":"x"}"#.utf8)) + "." + parts[2],
            String(repeating: "x", count: 5_000),
        ] {
            #expect(try await signing.verified(String(bad), name: "root", password: password, now: 0) == nil, "\(bad)")
        }
    }

    // MARK: Routes

    @Test func everyPathIsFoundByItsMethodAlone() {
        guard case .route(let route) = TokensToolRoute.find("GET", "/api/selectToken", isHead: false) else {
            Issue.record("no route")
            return
        }
        #expect(route.access == .login && !route.reloads && !route.isChangeByGet)
        for path in ["/api/selectToken/", "/api//selectToken", "/api/selectToken;login", "/API/selectToken", "/api/%73electToken", "", "/"] {
            guard case .unknown = TokensToolRoute.find("GET", path, isHead: false) else {
                Issue.record("\(path) leads somewhere")
                continue
            }
        }
        guard case .wrongMethod(["PUT"]) = TokensToolRoute.find("POST", "/api/deleteToken", isHead: false),
            case .wrongMethod = TokensToolRoute.find("GET", "/api/updateAllToken", isHead: true),
            case .route = TokensToolRoute.find("POST", "/api/updateAllToken", isHead: false)
        else {
            Issue.record("methods")
            return
        }
        #expect(TokensToolRoute.isBehindLogin("/api/x") && TokensToolRoute.isBehindLogin("/api") && !TokensToolRoute.isBehindLogin("/apix"))
    }
}
