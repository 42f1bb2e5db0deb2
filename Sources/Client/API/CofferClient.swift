import CLinux
import CofferWire

/// A connection to the Coffer daemon that any number of tasks share.
///
/// Requests of all tasks go through one connection, pipelined; more than 256 at once wait in the client, in order.
/// The connection is made by the first call and again after a break, with growing waits. A request that was not sent
/// yet waits for the new connection; one that was sent is sent once more where that is safe: reads, and changes,
/// which carry a random idempotency key. Where that does not help, the call throws
/// ``ClientError/Code/disconnected``, and ``ClientError/outcome`` tells whether something may have changed.
///
/// Every call throws ``ClientError``, or `CancellationError` after its task was cancelled. A `timeout` of `nil` is
/// ``ClientConfiguration/requestTimeout``; zero is no limit.
public final class CofferClient: Sendable {
    /// What the client was made with.
    public let configuration: ClientConfiguration
    let engine: Engine

    /// A client that connects with its first call.
    /// - Throws: ``ClientError/Code/invalidArgument`` where the configuration can never work.
    public init(_ configuration: ClientConfiguration) throws(ClientError) {
        try configuration.validate()
        self.configuration = configuration
        engine = Engine(configuration)
    }

    deinit { engine.close() }

    /// Closes the connection. Calls that wait, and all later ones, throw ``ClientError/Code/disconnected``.
    public func close() { engine.close() }

    // MARK: For the operations

    func spec(
        _ operation: CofferWire.Operation, _ body: RequestBody, timeout: Duration?, repeatable: Bool, changes: Bool = false
    ) -> CallSpec {
        CallSpec(
            operation: operation, body: body, timeout: (timeout ?? configuration.requestTimeout).nanoseconds,
            isRepeatable: repeatable, changes: changes)
    }

    /// A request without secrets whose answer is one message.
    func read<Answer: WireMessage>(
        _ operation: CofferWire.Operation, _ fields: some WireMessage, timeout: Duration?
    ) async throws -> Answer {
        try await engine.answer(to: spec(operation, RequestBody(fields), timeout: timeout, repeatable: true)) {
            decoder, _ throws(WireError) in try Answer(from: &decoder)
        }
    }

    /// A change whose answer is one message.
    /// - Parameter repeatable: whether it carries an idempotency key.
    func change<Answer: WireMessage>(
        _ operation: CofferWire.Operation, _ body: RequestBody, timeout: Duration?, repeatable: Bool
    ) async throws -> Answer {
        try await engine.answer(
            to: spec(operation, body, timeout: timeout, repeatable: repeatable, changes: true)
        ) { decoder, _ throws(WireError) in try Answer(from: &decoder) }
    }

    /// Sixteen random bytes, by which the daemon knows a request that is sent again.
    static func idempotencyKey() throws(ClientError) -> Bytes16 {
        var bytes = [UInt8](repeating: 0, count: Bytes16.size)
        let status = bytes.withUnsafeMutableBytes { coffer_client_random($0.baseAddress, $0.count) }
        guard status == 0, let key = Bytes16(bytes) else {
            throw ClientError(.invalidArgument, "the system gives no random bytes: \(describe(-status))")
        }
        return key
    }
}
