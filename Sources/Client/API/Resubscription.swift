import CofferWire
import Synchronization

/// What has arrived of a watch: its beginning, or an update.
enum SubscriptionPiece<Update: Sendable>: Sendable {
    case opened(Position)
    case update(Update)

    /// - Parameter decodeUpdate: decodes an event, its kind included.
    static func decode(
        _ kind: FrameKind, _ body: UnsafeRawBufferPointer, _ decodeUpdate: (inout WireDecoder) throws(WireError) -> Update
    ) throws(WireError) -> Result<SubscriptionPiece<Update>?, ClientError> {
        switch kind {
        case .response:
            return try decodeAnswer(body) { decoder throws(WireError) in .opened(try Position(from: &decoder)) }
        case .event:
            var decoder = WireDecoder(body)
            let update = try decodeUpdate(&decoder)
            try decoder.finish()
            return .success(.update(update))
        default:
            return try decodeAnswer(body) { decoder throws(WireError) in
                _ = try Empty(from: &decoder)
                return nil
            }
        }
    }
}

/// Where a watch stands, so that it can go on behind a break.
protocol SubscriptionCursor: Sendable {
    associatedtype Update: Sendable
    /// Behind the last revision that was reported whole.
    var position: Position { get }
    /// Takes note of an update.
    /// - Returns: what to report; `nil` for what was reported before the connection broke.
    mutating func take(_ update: Update) -> Update?
    mutating func restart(at position: Position)
    /// The news that changes were missed.
    static func resync(_ position: Position) -> Update
}

/// A subscription and its successors: after a break it subscribes again, without limit of time, behind what was reported.
struct Resubscription<Cursor: SubscriptionCursor> {
    typealias Handle = StreamHandle<SubscriptionPiece<Cursor.Update>>

    private let client: CofferClient
    private let subscribe: @Sendable (Position?) async throws -> (Handle, Position)
    private var cursor: Cursor
    private var handle: Handle?
    private var backoff: Backoff
    private var hasEnded = false

    /// - Parameter handle: the first subscription; `nil`: it is made.
    init(
        client: CofferClient, cursor: Cursor, handle: Handle?, subscribe: @escaping @Sendable (Position?) async throws -> (Handle, Position)
    ) {
        self.client = client
        self.cursor = cursor
        self.handle = handle
        self.subscribe = subscribe
        backoff = Backoff(
            initial: client.configuration.backoffInitial.nanoseconds, maximum: client.configuration.backoffMaximum.nanoseconds)
    }

    /// The next update; `nil` only after an error.
    mutating func next() async throws -> Cursor.Update? {
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

    private mutating func step() async throws -> Cursor.Update? {
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
    private mutating func subscribeAgain() async throws -> Cursor.Update? {
        do {
            let (handle, opened) = try await subscribe(cursor.position)
            self.handle = handle
            guard opened.incarnation != cursor.position.incarnation else { return nil }
            cursor.restart(at: opened)
            return Cursor.resync(opened)
        } catch let error as ClientError where error.code == .resync {
            let (handle, opened) = try await subscribe(nil)
            self.handle = handle
            cursor.restart(at: opened)
            return Cursor.resync(opened)
        }
    }

    private mutating func pause(_ error: ClientError) async throws {
        var wait = backoff.next()
        if case .after(let milliseconds) = error.retry { wait = Swift.max(wait, UInt64(milliseconds) * 1_000_000) }
        try await Task.sleep(nanoseconds: wait)
    }
}

/// The subscription that was made before a sequence's first iteration; later ones make their own.
final class FirstSubscription<Update: Sendable>: Sendable {
    private let handle: Mutex<StreamHandle<SubscriptionPiece<Update>>?>
    init(_ handle: StreamHandle<SubscriptionPiece<Update>>) { self.handle = Mutex(handle) }
    func take() -> StreamHandle<SubscriptionPiece<Update>>? {
        handle.withLock { handle in
            defer { handle = nil }
            return handle
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
