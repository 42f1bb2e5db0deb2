import CSodium
import CofferStore

/// Access tokens: what lets a user in without a password. Only keyed hashes are kept.
public final class TokenService: Sendable {
    /// Bytes of a token.
    static let lengths = 16...4_096

    let context: AccountContext

    init(context: AccountContext) { self.context = context }

    // MARK: Reading, from memory

    /// - Returns: `nil` where the token is unknown, of another kind or expired, or its user is gone. A disabled user's is returned.
    public func authenticate(_ token: UnsafeRawBufferPointer, kinds: Set<AccessToken.Kind>) -> (token: AccessToken, user: User)? {
        guard Self.lengths.contains(token.count), let hasher = context.directory.read({ $0.hasher }) else { return nil }
        let hashes = hasher.hashes(token, .accessToken)
        let now = context.now
        let found: Authenticated? = context.directory.change { state in
            for hash in hashes {
                guard let number = state.tokenHashes[hash], let stored = state.tokens[number] else { continue }
                guard kinds.contains(stored.token.kind), !stored.token.isExpired(at: now), let user = state.users[stored.token.user] else {
                    return nil
                }
                state.touch(token: number, at: now)
                return Authenticated(token: state.tokens[number]?.token ?? stored.token, user: user)
            }
            return nil
        }
        return found.map { ($0.token, $0.user) }
    }

    private struct Authenticated: Sendable {
        var token: AccessToken
        var user: User
    }

    public func authenticate(_ token: [UInt8], kinds: Set<AccessToken.Kind>) -> (token: AccessToken, user: User)? {
        token.withUnsafeBytes { authenticate($0, kinds: kinds) }
    }

    /// Of any kind; `nil`: there is none of this number.
    public func find(_ number: UInt64) -> AccessToken? { context.directory.read { $0.tokens[number]?.token } }

    /// The user's personal tokens, the oldest first; expired ones are among them until they are revoked.
    public func list(user: UInt64) -> [AccessToken] {
        context.directory.read { state in
            (state.tokensOfUser[user] ?? []).compactMap { state.tokens[$0]?.token }
        }.filter { $0.kind == .personal }.sorted { $0.number < $1.number }
    }

    // MARK: Making

    /// `[0-9A-Za-z]` behind a prefix, from libsodium's generator, each character as likely as the others.
    public static func random(prefix: String, characters: Int) -> SecretBuffer {
        let prefix = Array(prefix.utf8)
        let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
        return SecretBuffer(count: prefix.count + max(characters, 0)) { output in
            for place in output.indices {
                output[place] = place < prefix.count ? prefix[place] : alphabet[Int(randombytes_uniform(UInt32(alphabet.count)))]
            }
        }
    }
}
