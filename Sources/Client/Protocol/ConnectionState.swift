import CofferWire

/// The client's side of one connection: bytes in, actions out. Knows frames, the handshake and which answers a
/// request may get; does no I/O, has no clock and knows nothing of callers.
///
/// The owner puts received bytes into ``input``, calls ``next()`` until it returns `nil`, and sends what is in
/// ``output``, telling ``wrote(_:)`` how much.
struct ConnectionState {
    /// What the owner has to do.
    enum Action {
        /// The server said hello: requests may be sent.
        case opened(HelloResponse)
        /// The server accepted the confirmation: the connection works.
        case confirmed
        /// A frame for a request. `body` lies in ``ConnectionState/input``, until the next call of `next()`.
        case frame(requestID: UInt32, kind: FrameKind, body: Range<Int>, final: Bool)
        /// The connection must be closed; all requests have ended.
        case closed(ClientError)
    }

    enum Phase {
        case greeting
        case open(HelloResponse)
        case closed
    }

    private struct Tracked {
        let operation: CofferWire.Operation
        let shape: Shape
        var opened = false
    }

    private static let helloID: UInt32 = 1
    private static let confirmID: UInt32 = 2
    private static let firstID: UInt32 = 3

    let input = WipingBuffer()
    let output = WipingBuffer()
    private(set) var phase = Phase.greeting
    /// Bytes ever put into the output, and of these the ones that were written.
    private(set) var appended: UInt64 = 0
    private(set) var written: UInt64 = 0
    /// Bytes that the input must have before ``next()`` can return a frame.
    private(set) var needed = FrameHeader.size
    private var requests: [UInt32: Tracked] = [:]
    private var confirming = false
    private var nextID = ConnectionState.firstID
    /// Bytes at the beginning of the input that the last action described.
    private var described = 0

    /// A connection that was just made: the hello is in the output.
    init(tenant: String, clientName: String) {
        append(
            .request, .hello, id: Self.helloID,
            body: RequestBody(Request(HelloRequest(features: ProtocolFeature.audit, tenant: tenant, clientName: clientName))))
    }

    var isOpen: Bool { if case .open = phase { true } else { false } }
    var hello: HelloResponse? { if case .open(let hello) = phase { hello } else { nil } }
    /// Requests that the server has not finished, those that were cancelled included.
    var unfinished: Int { requests.count }
    var hasRoom: Bool {
        guard case .open(let hello) = phase else { return false }
        return requests.count < min(Limits.requestsInFlight, Int(hello.requestsInFlight)) - (confirming ? 1 : 0)
    }

    // MARK: Sending

    /// Sends a request where the connection is open and has room.
    /// - Parameter deadline: milliseconds, 0 for none.
    /// - Returns: the request's id.
    mutating func request(_ operation: CofferWire.Operation, deadline: UInt32, body: RequestBody) -> UInt32? {
        guard hasRoom else { return nil }
        while nextID < Self.firstID || requests[nextID] != nil { nextID &+= 1 }
        let id = nextID
        nextID &+= 1
        requests[id] = Tracked(operation: operation, shape: Shape(operation))
        append(.request, operation, id: id, body: body, deadline: deadline)
        return id
    }

    /// Whether a body fits into a frame that the server takes.
    func fits(_ body: RequestBody) -> Bool {
        FrameHeader.countedSize + 4 + body.count <= min(Limits.frame, Int(hello?.frameLimit ?? .max))
    }

    /// Asks the server to end a request. Its last frame still comes.
    mutating func cancel(_ id: UInt32) { follow(.cancel, id, RequestBody(Empty())) }
    /// Allows `count` (1 or more) further chunks or events.
    mutating func credit(_ id: UInt32, _ count: UInt32) { follow(.credit, id, RequestBody(Credit(count: count))) }
    /// Sends a piece of an import; the caller minds the credit.
    mutating func chunk(_ id: UInt32, _ body: RequestBody) { follow(.chunk, id, body) }
    /// Sends the end of an import.
    mutating func end(_ id: UInt32, _ body: RequestBody) { follow(.end, id, body) }

    /// Runs `body` on this state in place.
    mutating func with(_ id: UInt32, _ body: (inout ConnectionState, UInt32) -> Void) { body(&self, id) }

    private mutating func follow(_ kind: FrameKind, _ id: UInt32, _ body: RequestBody) {
        guard let request = requests[id] else { return }
        append(kind, request.operation, id: id, body: body)
    }

    /// Takes note of bytes that the system took from the output.
    mutating func wrote(_ count: Int) {
        output.consume(count)
        written += UInt64(count)
    }

    private mutating func append(
        _ kind: FrameKind, _ operation: CofferWire.Operation, id: UInt32, body: RequestBody, deadline: UInt32? = nil
    ) {
        let before = output.count
        let length = body.count + (deadline == nil ? 0 : 4)
        let header = FrameHeader(kind: kind, operation: operation, requestID: id)
        withUnsafeTemporaryAllocation(byteCount: FrameHeader.size, alignment: 8) { bytes in
            if let address = bytes.baseAddress { header.write(to: address, bodyLength: length) }
            output.append(UnsafeRawBufferPointer(bytes))
        }
        if let deadline {
            withUnsafeBytes(of: deadline.bigEndian) { output.append($0) }
        }
        body.append(to: output)
        appended += UInt64(output.count - before)
    }

    // MARK: Receiving

    /// What the input says next; `nil` until more bytes are there.
    mutating func next() -> Action? {
        input.consume(described)
        described = 0
        let limit: Int
        switch phase {
        case .greeting: limit = Limits.handshakeFrame
        case .open: limit = Limits.frame
        case .closed: return nil
        }
        switch FrameScan.scan(input.bytes, limit: limit) {
        case .incomplete(let needed):
            self.needed = needed
            return nil
        case .malformed(let error):
            return close(ClientError(error))
        case .frame(let header, let body):
            described = body.upperBound
            do throws(WireError) {
                return try receive(header, body)
            } catch {
                return close(ClientError(error))
            }
        }
    }

    /// Ends the connection from this side, or because the other end closed it.
    mutating func close() {
        phase = .closed
        requests = [:]
    }

    private mutating func close(_ error: ClientError) -> Action {
        close()
        return .closed(error)
    }

    private mutating func violation(_ message: String) -> Action {
        close(ClientError(.protocolViolation, "the daemon broke the protocol: \(message)"))
    }

    private func body(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: input.bytes[range])
    }

    private mutating func receive(_ header: FrameHeader, _ range: Range<Int>) throws(WireError) -> Action? {
        if header.requestID == 0 {
            guard header.kind == .end, header.operation == 0 else { return violation("a frame for no request") }
            return close(ClientError(try Failure(decoding: body(range))))
        }
        switch phase {
        case .greeting: return try greet(header, range)
        case .open where confirming && header.requestID == Self.confirmID: return try confirm(header, range)
        case .open: return judge(header, range)
        case .closed: return nil
        }
    }

    private mutating func greet(_ header: FrameHeader, _ range: Range<Int>) throws(WireError) -> Action? {
        guard header == FrameHeader(kind: .response, operation: .hello, requestID: Self.helloID) else {
            return violation("something else than the answer to hello")
        }
        switch try Answer<HelloResponse>(decoding: body(range)) {
        case .failure(let failure): return close(ClientError(failure))
        case .success(let hello):
            guard (ProtocolVersion.minimum...ProtocolVersion.maximum).contains(hello.version) else {
                return close(ClientError(
                    .unsupportedVersion, "the daemon chose version \(hello.version), which was not offered"))
            }
            guard hello.requestsInFlight > 1, hello.frameLimit >= Limits.handshakeFrame else {
                return violation("limits that allow no requests")
            }
            append(
                .request, .confirm, id: Self.confirmID, body: RequestBody(Request(ConfirmRequest(nonce: hello.nonce))))
            confirming = true
            phase = .open(hello)
            return .opened(hello)
        }
    }

    private mutating func confirm(_ header: FrameHeader, _ range: Range<Int>) throws(WireError) -> Action? {
        guard header.kind == .response, header.operation == CofferWire.Operation.confirm.rawValue else {
            return violation("something else than the answer to confirm")
        }
        switch try Answer<Empty>(decoding: body(range)) {
        case .failure(let failure): return close(ClientError(failure))
        case .success:
            confirming = false
            return .confirmed
        }
    }

    private mutating func judge(_ header: FrameHeader, _ range: Range<Int>) -> Action {
        guard let request = requests[header.requestID], request.operation.rawValue == header.operation else {
            return violation("an answer to no request")
        }
        let bytes = body(range)
        let failed = bytes.count >= 2 && (bytes[0] != 0 || bytes[1] != 0)
        switch request.shape.judge(header.kind, opened: request.opened, failed: failed) {
        case .refused: return violation("a frame of the wrong kind")
        case .more:
            requests[header.requestID]?.opened = true
            return .frame(requestID: header.requestID, kind: header.kind, body: range, final: false)
        case .final:
            requests[header.requestID] = nil
            return .frame(requestID: header.requestID, kind: header.kind, body: range, final: true)
        }
    }
}
