import CofferWire
import Synchronization

/// The pieces of one stream on their way to the one task that takes them.
///
/// It holds no more than the credit that was given. The lock order is session, then channel.
final class StreamChannel<Piece: Sendable>: CallReceiver {
    /// Turns a frame into a piece. For a final frame an error in the result ends the stream with it, and `nil` ends
    /// it well.
    typealias Decode = @Sendable (
        FrameKind, UnsafeRawBufferPointer, _ final: Bool, HelloResponse
    ) throws(WireError) -> Result<Piece?, ClientError>

    private struct State {
        var pieces: ArraySlice<Piece> = []
        var ending: Result<Void, any Error>?
        var waiter: CheckedContinuation<Piece?, any Error>?
        var waitingSince: UInt64?
    }

    private let decode: Decode
    private let state = Mutex(State())

    init(decode: @escaping Decode) { self.decode = decode }

    var waitingSince: UInt64? { state.withLock { $0.waitingSince } }

    func receive(
        _ kind: FrameKind, _ body: UnsafeRawBufferPointer, final: Bool, hello: HelloResponse
    ) throws(WireError) -> Effect? {
        switch try decode(kind, body, final, hello) {
        case .failure(let error): return fail(error)
        case .success(let piece):
            return change { state in
                if let piece { state.pieces.append(piece) }
                if final { state.ending = .success(()) }
            }
        }
    }

    func fail(_ error: any Error) -> Effect? {
        change { $0.ending = .failure(error) }
    }

    /// The next piece; `nil` at the end of the stream. One task at a time.
    /// - Throws: what ended the stream; afterwards `nil` follows.
    func next() async throws -> Piece? {
        try await withCheckedThrowingContinuation { continuation in
            var isTaken = false
            let effect = change { state in
                isTaken = state.waiter != nil
                guard !isTaken else { return }
                state.waiter = continuation
                state.waitingSince = Clock.now()
            }
            if isTaken {
                continuation.resume(throwing: ClientError(.invalidArgument, "two tasks read one stream"))
            }
            effect?()
        }
    }

    /// Changes the state, then hands over what can be handed over.
    private func change(_ body: (inout State) -> Void) -> Effect? {
        state.withLock { state in
            body(&state)
            guard let waiter = state.waiter else { return nil }
            if let piece = state.pieces.popFirst() {
                state.waiter = nil
                state.waitingSince = nil
                return { waiter.resume(returning: piece) }
            }
            guard let ending = state.ending else { return nil }
            state.waiter = nil
            state.waitingSince = nil
            state.ending = .success(())
            return { waiter.resume(with: ending.map { nil }) }
        }
    }
}

/// A stream that somebody reads: gives credit, and cancels the stream when it is let go before its end.
final class StreamHandle<Piece: Sendable>: Sendable {
    /// Keeps the client's connection alive as long as the stream.
    private let client: CofferClient
    private let id: CallID
    private let channel: StreamChannel<Piece>
    /// Pieces taken since credit was given last.
    private let taken = Mutex<UInt32>(0)
    private let creditStep: UInt32

    /// Starts the stream.
    /// - Parameter creditStep: after so many pieces (1 or more) as much credit is given again.
    init(_ client: CofferClient, _ spec: CallSpec, creditStep: UInt32, decode: @escaping StreamChannel<Piece>.Decode) {
        self.client = client
        self.creditStep = creditStep
        id = client.engine.newID()
        channel = StreamChannel(decode: decode)
        client.engine.start(id, spec, channel)
    }

    deinit { client.engine.cancel(id, CancellationError()) }

    /// The next piece; `nil` at the end.
    /// - Throws: ``ClientError``, or `CancellationError` where the task was cancelled.
    func next() async throws -> Piece? {
        let engine = client.engine
        return try await withTaskCancellationHandler {
            try Task.checkCancellation()
            return try await channel.next()
        } onCancel: { [id] in
            engine.cancel(id, CancellationError())
        }
    }

    /// Tells the server, now and then, that pieces have been used.
    func used() {
        let mustGive = taken.withLock { taken in
            taken += 1
            guard taken >= creditStep else { return false }
            taken = 0
            return true
        }
        if mustGive { client.engine.credit(id, creditStep) }
    }

    /// Sends a chunk. Returns whether the stream is still open.
    func send(_ body: RequestBody) -> Bool { client.engine.chunk(id, body) }
    /// Sends the end. Returns whether the stream is still open.
    func finish(_ body: RequestBody) -> Bool { client.engine.end(id, body) }
}
