import CofferWire

/// A request that has not had its last frame.
final class PendingRequest {
    let id: UInt32
    let operation: UInt16
    /// As the rules see it.
    var shape: ConnectionRules.Unfinished
    /// On the loop's clock; 0: none.
    var deadline: UInt64 = 0
    /// A change that the writer has: whoever stops waiting does not stop it.
    var isWithWriter = false
    var stream: (any RequestStream)?
    /// Whether its refusal stands in the audit log already.
    var refusal: RefusalNote?

    init(id: UInt32, operation: UInt16, shape: ConnectionRules.Unfinished) {
        self.id = id
        self.operation = operation
        self.shape = shape
    }

    /// The kind of the frame that ends it.
    var lastKind: FrameKind {
        switch shape {
        case .single: .response
        case .down, .up, .finishing: .end
        }
    }
}

/// What goes on behind a request that is a stream. All calls come on the loop's thread.
protocol RequestStream: AnyObject {
    /// More chunks or events may be sent.
    func credited(_ count: UInt32)
    /// There is room in the output again.
    func resume()
    /// A chunk of the client's.
    func received(chunk: UnsafeRawBufferPointer) throws(Failure)
    /// The client's end.
    func received(end: UnsafeRawBufferPointer) throws(Failure)
    /// The request is finished, whyever.
    func closed()
}

extension RequestStream {
    func credited(_ count: UInt32) {}
    func resume() {}
    func received(chunk: UnsafeRawBufferPointer) throws(Failure) { throw Failure(.unexpected, "this stream takes no chunks") }
    func received(end: UnsafeRawBufferPointer) throws(Failure) { throw Failure(.unexpected, "this stream takes no end") }
    func closed() {}
}

/// Where other threads bring what a request waits for. It keeps nothing alive but the loop's inbox.
struct RequestHandle: Sendable {
    let inbox: LoopInbox
    let connection: ConnectionID
    let id: UInt32
    /// The request itself, to tell it from a later one of the same id.
    let identity: ObjectIdentifier

    /// Runs `body` on the loop if the request is still unfinished.
    func resume(_ body: @escaping @Sendable (Connection, PendingRequest) -> Void) {
        inbox.post(.job { loop in
            guard let connection = loop.connection(connection), let request = connection.unfinished[id],
                ObjectIdentifier(request) == identity
            else { return }
            body(connection, request)
            loop.touch(connection)
        })
    }

    /// Sends the last frame.
    func finish<Success: WireMessage>(_ result: Result<Success, Failure>) {
        resume { connection, request in connection.finish(request, result) }
    }
}

/// A connection's place in its loop: the descriptor, and a number that no other connection ever had.
struct ConnectionID: Hashable, Sendable {
    var descriptor: Int32
    var serial: UInt64
}
