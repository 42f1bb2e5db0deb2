import CofferWire
import Synchronization

/// Takes the one answer of a request that is no stream, and resumes its caller.
final class SingleReceiver<Value: Sendable>: CallReceiver {
    typealias Decode = @Sendable (inout WireDecoder, HelloResponse) throws(WireError) -> Value

    private let decode: Decode
    // A checked one allocates for each call; the session ends each call exactly once (SessionTests).
    private let continuation: UnsafeContinuation<Value, any Error>

    init(_ continuation: UnsafeContinuation<Value, any Error>, decode: @escaping Decode) {
        self.continuation = continuation
        self.decode = decode
    }

    var waitingSince: UInt64? { nil }

    func receive(
        _ kind: FrameKind, _ body: UnsafeRawBufferPointer, final: Bool, hello: HelloResponse
    ) throws(WireError) -> Effect? {
        let continuation = self.continuation
        let result = try decodeAnswer(body) { decoder throws(WireError) in try decode(&decoder, hello) }
        switch result {
        case .success(let value): return { continuation.resume(returning: value) }
        case .failure(let error): return { continuation.resume(throwing: error) }
        }
    }

    func fail(_ error: any Error) -> Effect? {
        let continuation = self.continuation
        return { continuation.resume(throwing: error) }
    }
}

extension Engine {
    /// Sends a request and waits for its answer.
    /// - Throws: ``ClientError``, or `CancellationError` where the task was cancelled.
    func answer<Value: Sendable>(
        to spec: CallSpec, _ decode: @escaping SingleReceiver<Value>.Decode
    ) async throws -> Value {
        try Task.checkCancellation()
        let id = newID()
        return try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { continuation in
                start(id, spec, SingleReceiver(continuation, decode: decode))
                // A cancellation before the start found nothing to cancel.
                if Task.isCancelled { cancel(id, CancellationError()) }
            }
        } onCancel: {
            cancel(id, CancellationError())
        }
    }
}
