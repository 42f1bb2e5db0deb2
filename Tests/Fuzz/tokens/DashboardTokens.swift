@testable import CofferHTTP
import CofferStore
import Crypto
import Dispatch
import FuzzSupport
import Synchronization

/// new-api's login token: as it comes, and with a signature of our own behind it.
enum DashboardTokens {
    private static let key = Array("0123456789abcdef0123456789abcdef".utf8)
    private static let signing = DashboardSigning { () throws(StoreError) in SecretBuffer(key) }

    static func check(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        Harness.check(verified(text) == nil, "a token is taken that was not signed here")
        let token = text + "." + signature(of: text)
        guard let found = verified(token) else { return }
        Harness.check(found.iss == DashboardToken.issuer && found.aud == DashboardToken.audience, "a token of somebody else's is taken")
    }

    /// Waits for the answer: libFuzzer calls from a thread that is none of the tasks'.
    private static func verified(_ text: String) -> DashboardToken? {
        let answer = Answer()
        Task.detached { answer.set(try? await signing.verified(text)) }
        return answer.wait()
    }

    private final class Answer: Sendable {
        private let token = Mutex<DashboardToken?>(nil)
        private let isThere = DispatchSemaphore(value: 0)

        func set(_ found: DashboardToken?) {
            token.withLock { $0 = found }
            isThere.signal()
        }

        func wait() -> DashboardToken? {
            isThere.wait()
            return token.withLock { $0 }
        }
    }

    private static func signature(of text: String) -> String {
        let subkey = HMAC<SHA256>.authenticationCode(for: Array("coffer newapi login".utf8), using: SymmetricKey(data: key))
        let code = HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: SymmetricKey(data: subkey))
        return Base64URL.encoded(Array(code))
    }
}
