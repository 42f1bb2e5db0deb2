@testable import CofferHTTP
import CofferStore
import FuzzSupport

/// Two readers of base64, and what both must agree on.
enum Encodings {
    static func check(_ bytes: [UInt8]) {
        let url = RAGFlowBase64.urlText(bytes)
        Harness.check(RAGFlowBase64.decodeURLText(url) == bytes, "base64 for URLs is other bytes after it was written and read")
        Harness.check(url.elementsEqual(Base64URL.encoded(bytes).utf8), "two writers of base64 differ")
        Harness.check(
            Base64URL.decoded(String(decoding: url, as: UTF8.self)) == bytes,
            "base64url is other bytes after it was written and read")
        let plain = RAGFlowBase64.decode(bytes)
        let secret = bytes.withUnsafeBytes { RAGFlowBase64.decodeSecret($0) }
        if let plain, let secret {
            Harness.check(
                withExtendedLifetime(secret) { secret.bytes.elementsEqual(plain) },
                "the secret reader of base64 reads other bytes")
            Harness.check(plain.count <= bytes.count * 3 / 4 + 1, "base64 grew when it was read")
        } else {
            Harness.check(plain == nil && secret == nil, "one reader of base64 refuses what the other takes")
        }
        if let decoded = Base64URL.decoded(String(decoding: bytes, as: UTF8.self)) {
            Harness.check(
                Base64URL.decoded(Base64URL.encoded(decoded)) == decoded,
                "base64url is other bytes after it was read and written")
        }
    }
}
