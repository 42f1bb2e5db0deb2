@testable import CofferHTTP
import Crypto
import FuzzSupport

/// RAGFlow's login token: as somebody else made it, and behind a signature that is right.
enum LoginTokens {
    private static let secret = Array("a secret of the harness".utf8)
    private static let codec = secret.withUnsafeBytes { RAGFlowLoginToken(secret: $0) }
    private static let now: UInt64 = 1_700_000_000

    static func check(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        Harness.check(codec.digits(in: text, seconds: now, lifetime: 3_600) == nil, "a token is taken that was not signed here")
        let signed = Array(text.utf8)
        let token = String(decoding: signed + [UInt8(ascii: ".")] + signature(of: signed), as: UTF8.self)
        guard let digits = codec.digits(in: token, seconds: now, lifetime: 3_600) else { return }
        Harness.check(digits.count == RAGFlowLoginToken.digits, "a token has another number of digits")
        Harness.check(codec.digits(in: token, seconds: now + 10_000, lifetime: 3_600) == nil, "a token lives longer than its time")
    }

    /// As itsdangerous signs.
    private static func signature(of signed: [UInt8]) -> [UInt8] {
        let key = SymmetricKey(data: Insecure.SHA1.hash(data: Array("itsdangeroussigner".utf8) + secret))
        return RAGFlowBase64.urlText(Array(HMAC<Insecure.SHA1>.authenticationCode(for: signed, using: key)))
    }
}
