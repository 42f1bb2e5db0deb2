import CofferWire

/// What a connection's frames mean at the moment: protocol.md, "The connection" and "Requests". A state machine without I/O: a frame's
/// header goes in, what to do with the frame comes out.
struct ConnectionRules {
    enum Phase: Equatable {
        case greeting
        case confirming
        case open
        /// Nothing more is read; what is written still goes out.
        case closing
    }

    /// What is unfinished under one request id.
    enum Unfinished: Equatable {
        /// Waits for its one answer.
        case single(UInt16)
        /// Streams down: takes credit.
        case down(UInt16)
        /// An import that the client still sends; `credit` chunks may come.
        case up(UInt16, credit: UInt32)
        /// An import whose end has come.
        case finishing(UInt16)

        var operation: UInt16 {
            switch self {
            case .single(let operation), .down(let operation), .up(let operation, _), .finishing(let operation): operation
            }
        }
    }

    enum Verdict: Equatable {
        case hello
        case confirm
        case begin(Operation)
        /// To be answered `unknownOperation`.
        case unknown
        case cancel
        case credit
        case chunk
        case end
        /// Late: it crossed the server's last frame.
        case ignore
        /// The connection is at fault and ends.
        case fail(ErrorCode, String)
    }

    private(set) var phase = Phase.greeting

    mutating func greeted() { phase = .confirming }
    mutating func confirmed() { phase = .open }
    mutating func close() { phase = .closing }

    /// Largest length field that is taken now.
    var frameLimit: Int { phase == .open ? Limits.frame : Limits.handshakeFrame }

    /// - Parameter unfinished: what is unfinished under the frame's request id.
    func judge(_ header: FrameHeader, unfinished: Unfinished?) -> Verdict {
        switch phase {
        case .greeting:
            return isRequest(header, .hello) ? .hello : .fail(.unexpected, "the first request must be hello")
        case .confirming:
            return isRequest(header, .confirm) ? .confirm : .fail(.unexpected, "the request behind hello must be confirm")
        case .closing: return .ignore
        case .open: break
        }
        guard header.requestID != 0 else { return .fail(.unexpected, "request id 0 is the connection itself") }
        switch header.kind {
        case .request:
            guard unfinished == nil else { return .fail(.unexpected, "request id \(header.requestID) is not finished yet") }
            guard let operation = Operation(rawValue: header.operation) else { return .unknown }
            guard operation != .hello && operation != .confirm else {
                return .fail(.unexpected, "the handshake is done already")
            }
            return .begin(operation)
        case .response, .event: return .fail(.unexpected, "a client sends neither responses nor events")
        case .cancel, .credit, .chunk, .end: return judgeControl(header, unfinished)
        }
    }

    private func isRequest(_ header: FrameHeader, _ operation: Operation) -> Bool {
        header.kind == .request && header.operation == operation.rawValue && header.requestID != 0
    }

    private func judgeControl(_ header: FrameHeader, _ unfinished: Unfinished?) -> Verdict {
        guard let unfinished else { return .ignore }
        guard unfinished.operation == header.operation else {
            return .fail(.unexpected, "request \(header.requestID) is of another operation")
        }
        switch (header.kind, unfinished) {
        case (.cancel, _): return .cancel
        case (.credit, .down): return .credit
        case (.chunk, .up(_, let credit)):
            return credit > 0 ? .chunk : .fail(.unexpected, "a chunk came without credit")
        case (.end, .up): return .end
        case (.chunk, .finishing), (.end, .finishing): return .fail(.unexpected, "the import has ended already")
        default: return .fail(.unexpected, "operation \(header.operation) takes no frame of this kind")
        }
    }
}
