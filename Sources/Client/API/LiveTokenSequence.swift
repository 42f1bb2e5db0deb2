import CofferWire

/// The live token of a credential or pool: the present one first, then each that takes its place.
///
/// It waits for its refresh where none lives. A state in which nobody can be given a token (``ClientError/Code/needsPerson``,
/// ``ClientError/Code/dead``, …) ends the loop with that error; whoever iterates again begins anew.
public struct LiveTokenSequence: AsyncSequence, Sendable {
    public typealias Element = LiveToken

    let client: CofferClient
    let name: String
    let isPool: Bool
    let kind: String
    let minimum: Duration

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(sequence: self) }

    public struct AsyncIterator: AsyncIteratorProtocol {
        let sequence: LiveTokenSequence
        private var changes: TokenWatchSequence.AsyncIterator?
        private var present: LiveToken?

        init(sequence: LiveTokenSequence) { self.sequence = sequence }

        /// - Throws: ``ClientError``, or `CancellationError`.
        public mutating func next() async throws -> LiveToken? {
            guard var changes else {
                // Subscribed first: what changes while the token is asked for is told.
                self.changes = try await sequence.client.watchToken(sequence.name, pool: sequence.isPool).makeAsyncIterator()
                return try await take()
            }
            defer { self.changes = changes }
            while let update = try await changes.next() {
                if case .change(let change) = update, !sequence.isPool, let present, change.state != "gone",
                    change.tokenRevision <= present.revision
                {
                    continue
                }
                let before = present
                let token = try await take()
                if let before, token?.revision == before.revision, token?.number == before.number { continue }
                return token
            }
            return nil
        }

        private mutating func take() async throws -> LiveToken? {
            present = try await sequence.client.token(
                for: sequence.name, pool: sequence.isPool, kind: sequence.kind, atLeast: sequence.minimum)
            return present
        }
    }
}

extension CofferClient {
    /// The live token of a credential or pool, and each that takes its place: `for try await token in client.tokens(for: "ci") { … }`.
    /// - Parameters: as of ``token(for:pool:kind:atLeast:sticky:timeout:)``.
    public func tokens(for name: String, pool: Bool = false, kind: String = "access", atLeast: Duration = .zero) -> LiveTokenSequence {
        LiveTokenSequence(client: self, name: name, isPool: pool, kind: kind, minimum: atLeast)
    }
}
