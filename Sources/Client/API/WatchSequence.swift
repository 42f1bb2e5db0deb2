import CofferWire
import Synchronization

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
    let first: FirstSubscription
    /// Behind this position the changes begin.
    public let position: Position

    /// Takes updates.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(client: client, target: target, position: position, handle: first.take())
    }

    /// The subscription that was made before the first iteration.
    final class FirstSubscription: Sendable {
        private let handle: Mutex<StreamHandle<WatchPiece>?>
        init(_ handle: StreamHandle<WatchPiece>) { self.handle = Mutex(handle) }
        func take() -> StreamHandle<WatchPiece>? {
            handle.withLock { handle in
                defer { handle = nil }
                return handle
            }
        }
    }

    /// Takes updates from one subscription and its successors.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private let client: CofferClient
        private let target: WatchTarget
        private var cursor: WatchCursor
        private var handle: StreamHandle<WatchPiece>?
        private var backoff: Backoff
        private var hasEnded = false

        init(client: CofferClient, target: WatchTarget, position: Position, handle: StreamHandle<WatchPiece>?) {
            self.client = client
            self.target = target
            self.handle = handle
            cursor = WatchCursor(position)
            backoff = Backoff(
                initial: client.configuration.backoffInitial.nanoseconds,
                maximum: client.configuration.backoffMaximum.nanoseconds)
        }

        /// The next update; `nil` only after an error.
        /// - Throws: ``ClientError`` where going on makes no sense, among them ``ClientError/Code/locked`` and
        ///   ``ClientError/Code/denied``; `CancellationError`.
        public mutating func next() async throws -> WatchUpdate? {
            while !hasEnded {
                do {
                    if let update = try await step() { return update }
                } catch let error as ClientError where error.endsOnlyTheSubscription && !client.engine.isClosed {
                    handle = nil
                    do {
                        try await pause(error)
                    } catch {
                        hasEnded = true
                        throw error
                    }
                } catch {
                    hasEnded = true
                    handle = nil
                    throw error
                }
            }
            return nil
        }

        private mutating func step() async throws -> WatchUpdate? {
            guard let handle else { return try await subscribeAgain() }
            guard case .update(let update)? = try await handle.next() else {
                self.handle = nil
                return nil
            }
            handle.used()
            backoff.reset()
            return cursor.take(update)
        }

        /// - Returns: a resync, where the history has gone on without us.
        private mutating func subscribeAgain() async throws -> WatchUpdate? {
            do {
                let (handle, opened) = try await client.subscribe(target, from: cursor.position, waits: true)
                self.handle = handle
                guard opened.incarnation != cursor.position.incarnation else { return nil }
                cursor.restart(at: opened)
                return .resync(opened)
            } catch let error as ClientError where error.code == .resync {
                let (handle, opened) = try await client.subscribe(target, from: nil, waits: true)
                self.handle = handle
                cursor.restart(at: opened)
                return .resync(opened)
            }
        }

        private mutating func pause(_ error: ClientError) async throws {
            var wait = backoff.next()
            if case .after(let milliseconds) = error.retry { wait = Swift.max(wait, UInt64(milliseconds) * 1_000_000) }
            try await Task.sleep(nanoseconds: wait)
        }
    }
}

extension ClientError {
    /// Whether a watch goes on with a new subscription.
    var endsOnlyTheSubscription: Bool {
        switch code {
        case .disconnected, .unreachable, .timedOut, .draining: true
        case .locked: false
        default: code.serverCode != nil && retry != .never
        }
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
            client: self, target: target, first: WatchSequence.FirstSubscription(handle), position: from ?? opened)
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
        let handle = StreamHandle(self, spec, creditStep: target.credit / 2, decode: WatchPiece.decode)
        guard case .opened(let position)? = try await handle.next() else {
            throw ClientError(.protocolViolation, "a watch began without its position")
        }
        return (handle, position)
    }
}
