import CofferWire

/// What of tokens is watched.
struct TokenWatchTarget: Sendable {
    var isPool: Bool
    var exact: Bool
    var name: [UInt8]
    var timeout: Duration?

    /// Events that may lie unread in the client.
    static let credit: UInt32 = 512
}

/// What becomes of the tokens and the state of a credential or pool, or of those with a prefix, as it happens.
///
/// The subscription exists already: changes since then are not missed. Several changes of one credential in a row may be reported as
/// one. After a break the sequence subscribes again, without limit of time. Leaving the loop ends the subscription.
public struct TokenWatchSequence: AsyncSequence, Sendable {
    public typealias Element = TokenUpdate

    let client: CofferClient
    let target: TokenWatchTarget
    let first: FirstSubscription<TokenUpdate>
    /// Behind this position the changes begin.
    public let position: Position

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(client, target, position, first.take()) }

    /// Takes updates from one subscription and its successors.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private var subscription: Resubscription<TokenCursor>

        init(_ client: CofferClient, _ target: TokenWatchTarget, _ position: Position, _ handle: StreamHandle<TokenPiece>?) {
            subscription = Resubscription(client: client, cursor: TokenCursor(position), handle: handle) { from in
                try await client.subscribe(target, from: from, waits: true)
            }
        }

        /// The next update; `nil` only after an error.
        /// - Throws: ``ClientError`` where going on makes no sense; `CancellationError`.
        public mutating func next() async throws -> TokenUpdate? { try await subscription.next() }
    }
}

typealias TokenPiece = SubscriptionPiece<TokenUpdate>

extension CofferClient {
    /// Watches the tokens and the state of one credential or pool.
    /// - Parameters:
    ///   - name: 1 to 255 bytes.
    ///   - from: changes after this position; `nil`: from now on.
    ///   - timeout: the longest wait for the subscription; events come when they come.
    /// - Returns: once the subscription exists.
    /// - Throws: ``ClientError/Code/denied``, ``ClientError/Code/locked``, and others.
    public func watchToken(
        _ name: String, pool: Bool = false, from: Position? = nil, timeout: Duration? = nil
    ) async throws -> TokenWatchSequence {
        try Self.check(credentialName: name)
        return try await watch(TokenWatchTarget(isPool: pool, exact: true, name: Array(name.utf8), timeout: timeout), from: from)
    }

    /// Watches all credentials or pools with a prefix (0 to 255 bytes; empty: all). Otherwise as
    /// ``watchToken(_:pool:from:timeout:)``.
    public func watchTokens(
        prefix: some SecretNaming = "", pool: Bool = false, from: Position? = nil, timeout: Duration? = nil
    ) async throws -> TokenWatchSequence {
        let bytes = prefix.secretNameBytes
        guard bytes.count <= Limits.otherName else {
            throw ClientError(.invalidArgument, "a prefix has \(bytes.count) bytes, more than \(Limits.otherName)")
        }
        return try await watch(TokenWatchTarget(isPool: pool, exact: false, name: bytes, timeout: timeout), from: from)
    }

    private func watch(_ target: TokenWatchTarget, from: Position?) async throws -> TokenWatchSequence {
        let (handle, opened) = try await subscribe(target, from: from, waits: false)
        return TokenWatchSequence(client: self, target: target, first: FirstSubscription(handle), position: from ?? opened)
    }

    /// Subscribes and waits until the daemon has agreed.
    func subscribe(
        _ target: TokenWatchTarget, from: Position?, waits: Bool
    ) async throws -> (StreamHandle<TokenPiece>, Position) {
        let credit = TokenWatchTarget.credit
        let request = TokenWatchRequest(isPool: target.isPool, exact: target.exact, name: target.name, from: from, credit: credit)
        var spec = spec(.tokenWatch, RequestBody(request), timeout: target.timeout, repeatable: true)
        spec.isStream = true
        spec.waitsForConnection = waits
        let handle = StreamHandle<TokenPiece>(self, spec, creditStep: credit / 2) { kind, body, _, _ throws(WireError) in
            try TokenPiece.decode(kind, body) { decoder throws(WireError) in try TokenUpdate(from: &decoder) }
        }
        guard case .opened(let position)? = try await handle.next() else {
            throw ClientError(.protocolViolation, "a watch began without its position")
        }
        return (handle, position)
    }
}
