import CofferStore
import CofferUpstream

/// Two credentials that hold one token which works once would destroy it for each other: whoever comes second presents it again, and its
/// upstream revokes the whole family. So it belongs to one of them (field/users.md B7). On the change queue.
struct SingleUseTokens {
    let directory: CredentialDirectory
    let provider: Provider
    let parameters: [String: String]

    /// Kinds of which a second dial is not harmless.
    private var kinds: Set<String> {
        Set(provider.steps.filter { $0.purpose.makesTokens && $0.replay(parameters) != .safe }.compactMap(\.consumes))
    }

    /// Short hashes of those tokens that work once.
    func marks(_ tokens: [String: SecretBuffer]) -> [String: TokenMark] {
        let kinds = kinds
        return tokens.filter { kinds.contains($0.key) }.mapValues { TokenMark($0) }
    }

    /// Looks who else has these tokens.
    /// - Parameter owner: whose tokens they become; `nil`: a new one's.
    /// - Returns: what is to be committed with them: a deleted credential that has one of them does not present it should it come back.
    /// - Throws: `alreadyExists` with the kind where another credential has it; `busy` while a deleted one's is on its way.
    func claim(_ tokens: [String: SecretBuffer], for owner: Credential?) throws(CredentialError) -> [Mutation] {
        var mutations: [Mutation] = []
        for (kind, mark) in marks(tokens).sorted(by: { $0.key < $1.key }) {
            let others = directory.read { memory in memory.holders.holders(of: mark).compactMap { memory.credentials[$0] } }
            for var other in others where other.number != owner?.number {
                guard other.deleted != 0 else { throw .isHeld(kind) }
                guard other.state.phase != .dialled else {
                    throw CredentialError(
                        .busy, kind, "a credential that was deleted is presenting this \(kind) token just now", retryAfter: 1_000)
                }
                other.state.doubtful = TokenFingerprint.of(tokens[kind])
                mutations.append(.putDocument(
                    .credentialStates, try .number(other.number), CredentialDocuments.encode(other.state), expected: .any))
            }
        }
        return mutations
    }
}

extension CredentialError {
    /// The other one's name is not told: whoever asks may not be allowed to know it.
    static func isHeld(_ kind: String) -> CredentialError {
        CredentialError(
            .alreadyExists, kind, "another credential has this \(kind) token, which works once: two would destroy it for each other")
    }
}
