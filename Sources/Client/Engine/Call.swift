import CofferWire

/// What runs once the lock is released: resuming a task.
typealias Effect = @Sendable () -> Void

/// Names a call of this client, over all its connections.
struct CallID: Hashable, Sendable {
    let number: UInt64
}

/// One call as its caller describes it.
struct CallSpec: Sendable {
    var operation: CofferWire.Operation
    var body: RequestBody
    /// Nanoseconds; 0 for none. For streams: the longest wait for the next piece.
    var timeout: UInt64
    /// Whether the call is a stream, whose timeout counts anew for each piece and is not told to the server.
    var isStream = false
    /// Whether it may be sent a second time when the connection broke behind it and nothing was received.
    var isRepeatable: Bool
    /// Whether it may have changed something once it was sent.
    var changes = false
    /// Whether it waits for a connection without limit.
    var waitsForConnection = false
}

/// Takes what arrives for a call. All functions are called with the session's lock held: they must not block and
/// must leave resuming tasks to the effect that they return.
protocol CallReceiver: AnyObject, Sendable {
    /// A frame; `body` is valid during the call only. After a `final` one nothing more comes.
    /// - Throws: what is wrong with the body; the connection is closed then and ``fail(_:)`` follows.
    func receive(
        _ kind: FrameKind, _ body: UnsafeRawBufferPointer, final: Bool, hello: HelloResponse
    ) throws(WireError) -> Effect?
    /// The call has failed; nothing more comes.
    func fail(_ error: any Error) -> Effect?
    /// Since when somebody waits for the next piece of a stream; `nil` where nobody does.
    var waitingSince: UInt64? { get }
}

/// Decodes the code in front of every response and end, and throws nothing for a failure: it returns it.
func decodeAnswer<Success>(
    _ body: UnsafeRawBufferPointer, _ decode: (inout WireDecoder) throws(WireError) -> Success
) throws(WireError) -> Result<Success, ClientError> {
    var decoder = WireDecoder(body)
    guard let code = ErrorCode(rawValue: try decoder.u16("error")) else { throw .unknownValue("error") }
    let result: Result<Success, ClientError>
    if code == .ok {
        result = .success(try decode(&decoder))
    } else {
        result = .failure(ClientError(try Failure(code: code, from: &decoder)))
    }
    try decoder.finish()
    return result
}
