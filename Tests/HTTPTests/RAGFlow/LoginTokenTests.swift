import CofferStore
import Testing

@testable import CofferHTTP

@Suite struct LoginTokenTests {
    private let codec = Self.codec("test-secret")
    private static let text = "IjljMWU1ZDdhM2I4ZjRlNjJhMGQ5NGM3YmUxNWYzODA2Ig.ZVPxAA.v9PlGsp32-7_1l0AedfTBGVrpyo"
    private static let digits = "9c1e5d7a3b8f4e62a0d94c7be15f3806"

    private static func codec(_ secret: String) -> RAGFlowLoginToken {
        Array(secret.utf8).withUnsafeBytes { RAGFlowLoginToken(secret: $0) }
    }

    private func read(_ text: String, now: UInt64 = 1_700_000_000, lifetime: UInt64 = 60) -> String? {
        codec.digits(in: text, seconds: now, lifetime: lifetime).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func theContractsVector() {
        #expect(codec.text(SecretBuffer(Array(Self.digits.utf8)), seconds: 1_700_000_000) == Self.text)
        #expect(read(Self.text) == Self.digits)
    }

    @Test func agesAndClocks() {
        #expect(read(Self.text, now: 1_700_000_059) == Self.digits)
        #expect(read(Self.text, now: 1_700_000_060) == nil)
        // Put back by five minutes, and by more.
        #expect(read(Self.text, now: 1_699_999_700) == Self.digits)
        #expect(read(Self.text, now: 1_699_999_699) == nil)
    }

    @Test func eachChangedCharacterIsSeen() {
        let bytes = Array(Self.text.utf8)
        for index in bytes.indices {
            var changed = bytes
            changed[index] = changed[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(read(String(decoding: changed, as: UTF8.self)) == nil, "character \(index)")
        }
        let own = Self.text
        for text in ["", ".", "..", "...", own + ".", "." + own, String(own.dropLast()), own + "=", own + "A"] {
            #expect(read(text) == nil)
        }
        #expect(read(String(repeating: "A", count: 10_000)) == nil)
    }

    @Test func anotherSecretOpensNothing() {
        #expect(Self.codec("test-secret2").digits(in: Self.text, seconds: 1_700_000_000, lifetime: 60) == nil)
        let signing = RAGFlowLoginToken(signingKey: SecretBuffer(Array("test-secret".utf8)))
        #expect(signing.digits(in: Self.text, seconds: 1_700_000_000, lifetime: 60) == nil)
    }

    @Test func drawnTokensDiffer() {
        let drawn = (0..<50).map { _ in RAGFlowDoor.text(RAGFlowLoginToken.draw()) }
        #expect(Set(drawn).count == 50)
        #expect(drawn.allSatisfy { $0.utf8.count == 32 })
        #expect(drawn.allSatisfy { $0.utf8.allSatisfy { Character(UnicodeScalar($0)).isHexDigit } })
        let token = RAGFlowLoginToken.draw()
        #expect(read(codec.text(token, seconds: 1_700_000_000)) == RAGFlowDoor.text(token))
    }

    @Test func base64() {
        func decode(_ text: String) -> String? { RAGFlowBase64.decode(Array(text.utf8)).map { String(decoding: $0, as: UTF8.self) } }
        #expect(decode("MTIz") == "123")
        #expect(decode("MT\r\nIz\n") == "123")
        #expect(decode("MTI=") == "12")
        #expect(decode("MTI") == "12")
        #expect(decode("MQ==") == "1")
        #expect(decode("") == "")
        for text in ["M", "MTIz*", "M=Iz", "MQ===", "MTI-", "\u{e9}"] { #expect(decode(text) == nil, "\(text)") }
        for count in 0..<70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ count) }
            #expect(RAGFlowBase64.decodeURLText(RAGFlowBase64.urlText(bytes)) == bytes)
            #expect(RAGFlowBase64.decode(LoginKeyPair.base64(bytes)) == bytes)
        }
        #expect(RAGFlowBase64.decodeURLText(Array("MT+z".utf8)) == nil)
    }
}
