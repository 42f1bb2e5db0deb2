import CofferStore
import Crypto
import Synchronization

/// Session tokens of platform accounts while the daemon runs, so that nobody logs in for each question. Never written anywhere.
final class OfficialSessions: Sendable {
    /// Of this process alone.
    private let key = SymmetricKey(size: .bits256)
    private let tokens = Mutex<[[UInt8]: SecretBuffer]>([:])

    /// A fingerprint, comparable within this process.
    func digest(_ parts: [SecretBuffer]) -> [UInt8] {
        var code = HMAC<SHA256>(key: key)
        for part in parts {
            // Lengths keep the parts apart.
            code.update(data: Array("\(part.count):".utf8))
            withExtendedLifetime(part) { code.update(data: part.bytes) }
        }
        return Array(code.finalize())
    }

    subscript(_ account: OfficialAccount) -> SecretBuffer? {
        get { tokens.withLock { $0[digest([account.name, account.password])] } }
        set { tokens.withLock { $0[digest([account.name, account.password])] = newValue } }
    }

    /// Forgets accounts that are not in the list any more, and changed passwords.
    func keep(_ accounts: [OfficialAccount]) {
        let present = Set(accounts.map { digest([$0.name, $0.password]) })
        tokens.withLock { tokens in tokens = tokens.filter { present.contains($0.key) } }
    }
}
