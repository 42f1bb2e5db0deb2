import CofferWire

/// What is watched.
struct WatchTarget: Sendable {
    var exact: Bool
    var values: Bool
    var name: [UInt8]
    var timeout: Duration?

    /// Events that may lie unread in the client.
    var credit: UInt32 { values ? 16 : 512 }
}

/// The changes of a name, or of the names with a prefix, as they happen.
///
/// The subscription exists already: changes since then are not missed. After a break the sequence subscribes again,
/// without limit of time, behind the last whole revision, and leaves out what it has reported. Where the daemon no
/// longer has the changes since then, it reports ``WatchUpdate/resync(_:)``.
///
/// Leaving the loop ends the subscription. The first iteration takes the subscription; later ones make their own,
/// from the same position.
public struct WatchSequence: AsyncSequence, Sendable {
    /// A change, or the news that some were missed.
    public typealias Element = WatchUpdate

    let client: CofferClient
    let target: WatchTarget
    let first: FirstSubscription<WatchUpdate>
    /// Behind this position the changes begin.
    public let position: Position

    /// Takes updates.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(client: client, target: target, position: position, handle: first.take())
    }

    /// Takes updates from one subscription and its successors.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private var subscription: Resubscription<WatchCursor>

        init(client: CofferClient, target: WatchTarget, position: Position, handle: StreamHandle<WatchPiece>?) {
            subscription = Resubscription(client: client, cursor: WatchCursor(position), handle: handle) { from in
                try await client.subscribe(target, from: from, waits: true)
            }
        }

        /// The next update; `nil` only after an error.
        /// - Throws: ``ClientError`` where going on makes no sense, among them ``ClientError/Code/locked`` and
        ///   ``ClientError/Code/denied``; `CancellationError`.
        public mutating func next() async throws -> WatchUpdate? { try await subscription.next() }
    }
}

extension CofferClient {
    /// Watches one name.
    /// - Parameters:
    ///   - values: whether changes carry the new active value; needs the right to get it.
    ///   - from: changes after this position, from ``WatchChange/position``; `nil`: from now on.
    ///   - timeout: the longest wait for the subscription; events come when they come.
    /// - Returns: once the subscription exists.
    /// - Throws: ``ClientError/Code/denied``, ``ClientError/Code/locked``, ``ClientError/Code/resync`` where `from` is of
    ///   another incarnation, and others.
    public func watch(
        _ name: some SecretNaming, values: Bool = false, from: Position? = nil, timeout: Duration? = nil
    ) async throws -> WatchSequence {
        try await watch(
            WatchTarget(exact: true, values: values, name: try name.checkedName(), timeout: timeout), from: from)
    }

    /// Watches all names with a prefix (0 to 512 bytes; empty: all names). Otherwise as
    /// ``watch(_:values:from:timeout:)``.
    public func watch(
        prefix: some SecretNaming, values: Bool = false, from: Position? = nil, timeout: Duration? = nil
    ) async throws -> WatchSequence {
        try await watch(
            WatchTarget(exact: false, values: values, name: try prefix.checkedPrefix(), timeout: timeout), from: from)
    }

    private func watch(_ target: WatchTarget, from: Position?) async throws -> WatchSequence {
        let (handle, opened) = try await subscribe(target, from: from, waits: false)
        return WatchSequence(
            client: self, target: target, first: FirstSubscription(handle), position: from ?? opened)
    }

    /// Subscribes and waits until the daemon has agreed.
    func subscribe(
        _ target: WatchTarget, from: Position?, waits: Bool
    ) async throws -> (StreamHandle<WatchPiece>, Position) {
        let request = WatchRequest(
            exact: target.exact, values: target.values, name: target.name, from: from, credit: target.credit)
        var spec = spec(.watch, RequestBody(request), timeout: target.timeout, repeatable: true)
        spec.isStream = true
        spec.waitsForConnection = waits
        let handle = StreamHandle(self, spec, creditStep: target.credit / 2, decode: WatchUpdate.decode)
        guard case .opened(let position)? = try await handle.next() else {
            throw ClientError(.protocolViolation, "a watch began without its position")
        }
        return (handle, position)
    }
}
