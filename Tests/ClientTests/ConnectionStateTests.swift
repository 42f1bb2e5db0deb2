import Testing

@testable import CofferClient

/// Frames as the server writes them.
func frame(_ kind: FrameKind, _ operation: CofferWire.Operation?, _ id: UInt32, _ body: some WireMessage) -> [UInt8] {
    let bytes = body.encoded()
    var header = [UInt8](repeating: 0, count: FrameHeader.size)
    header.withUnsafeMutableBytes { buffer in
        guard let address = buffer.baseAddress else { return }
        FrameHeader(kind: kind, operation: operation?.rawValue ?? 0, requestID: id)
            .write(to: address, bodyLength: bytes.count)
    }
    return header + bytes
}

func sampleHello(requestsInFlight: UInt32 = 256, incarnation: Bytes16 = .zero) -> HelloResponse {
    HelloResponse(
        version: 1, features: 0, requestsInFlight: requestsInFlight, storeID: .zero,
        position: Position(incarnation: incarnation, revision: 7), serverTime: 1, locked: false,
        nonce: Bytes16([UInt8](1...16)) ?? .zero, serverName: "test")
}

@Suite("ConnectionState")
struct ConnectionStateTests {
    /// A record of an action that can be compared.
    enum Seen: Equatable {
        case opened, confirmed
        case frame(UInt32, FrameKind, [UInt8], Bool)
        case closed(String)
    }

    /// Feeds `bytes` in pieces of `step` and records what comes out.
    func feed(_ state: inout ConnectionState, _ bytes: [UInt8], step: Int = .max) -> [Seen] {
        var seen: [Seen] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(step))
            rest = rest.dropFirst(piece.count)
            state.input.append(piece)
            while let action = state.next() {
                switch action {
                case .opened: seen.append(.opened)
                case .confirmed: seen.append(.confirmed)
                case .closed(let error): seen.append(.closed("\(error.code)"))
                case .frame(let id, let kind, let body, let final):
                    seen.append(.frame(id, kind, Array(state.input.bytes[body]), final))
                }
            }
        }
        return seen
    }

    func opened() -> ConnectionState {
        var state = ConnectionState(tenant: "main", clientName: "t")
        let answers = frame(.response, .hello, 1, Answer.success(sampleHello())) + frame(.response, .confirm, 2, Answer.success(Empty()))
        #expect(feed(&state, answers) == [.opened, .confirmed])
        state.wrote(state.output.count)
        return state
    }

    @Test("says hello, confirms with the nonce, and sends requests behind it")
    func handshake() {
        var state = ConnectionState(tenant: "blue", clientName: "t")
        let hello = frame(.request, .hello, 1, Request(HelloRequest(features: ProtocolFeature.audit, tenant: "blue", clientName: "t")))
        #expect(Array(state.output.bytes) == hello)
        #expect(state.request(.ping, deadline: 5, body: RequestBody(Empty())) == nil)
        state.wrote(hello.count)
        #expect(feed(&state, frame(.response, .hello, 1, Answer.success(sampleHello()))) == [.opened])
        #expect(state.request(.ping, deadline: 5, body: RequestBody(Empty())) == 3)
        let confirm = frame(.request, .confirm, 2, Request(ConfirmRequest(nonce: sampleHello().nonce)))
        #expect(Array(state.output.bytes) == confirm + frame(.request, .ping, 3, Request(deadline: 5, Empty())))
        #expect(state.appended == UInt64(hello.count + state.output.count))
        #expect(feed(&state, frame(.response, .confirm, 2, Answer.success(Empty()))) == [.confirmed])
        #expect(state.unfinished == 1)
    }

    @Test("sees the same whole and in pieces", arguments: [1, 2, 3, 7, 12, 13, 100])
    func pieces(step: Int) {
        let pong = Answer.success(PingResponse(serverTime: 9))
        let page = ListPage(revision: 1, entries: [ListPage.Entry(name: [97], deleted: false)])
        let end = Answer.success(ListEnd(revision: 1, more: false))
        let bytes =
            frame(.response, .ping, 3, pong) + frame(.chunk, .list, 4, page) + frame(.chunk, .list, 4, page)
            + frame(.end, .list, 4, end)
        var state = opened()
        #expect(state.request(.ping, deadline: 0, body: RequestBody(Empty())) == 3)
        #expect(state.request(.list, deadline: 0, body: RequestBody(ListRequest())) == 4)
        #expect(
            feed(&state, bytes, step: step) == [
                .frame(3, .response, pong.encoded(), true), .frame(4, .chunk, page.encoded(), false),
                .frame(4, .chunk, page.encoded(), false), .frame(4, .end, end.encoded(), true),
            ])
        #expect(state.unfinished == 0)
        #expect(state.input.isEmpty)
    }

    @Test("a watch has a response, then events, then an end")
    func watch() {
        var state = opened()
        #expect(state.request(.watch, deadline: 0, body: RequestBody(WatchRequest(exact: true, name: [97]))) == 3)
        let position = Position(incarnation: .zero, revision: 1)
        let answer = Answer.success(position)
        let event = WatchEvent.resync(position)
        let end = Answer<Empty>.failure(Failure(.locked, "locked"))
        let bytes = frame(.response, .watch, 3, answer) + frame(.event, .watch, 3, event) + frame(.end, .watch, 3, end)
        #expect(
            feed(&state, bytes) == [
                .frame(3, .response, answer.encoded(), false), .frame(3, .event, event.encoded(), false),
                .frame(3, .end, end.encoded(), true),
            ])
    }

    @Test("a failure ends any request, as a response or an end", arguments: [FrameKind.response, .end])
    func failures(kind: FrameKind) {
        for operation in [CofferWire.Operation.get, .list, .import, .watch] {
            var state = opened()
            #expect(state.request(operation, deadline: 0, body: RequestBody(Empty())) == 3)
            let body = Answer<Empty>.failure(Failure(.denied, "no"))
            #expect(feed(&state, frame(kind, operation, 3, body)) == [.frame(3, kind, body.encoded(), true)])
            #expect(state.unfinished == 0)
        }
    }

    @Test("what the protocol does not allow closes the connection")
    func violations() {
        let pong = Answer.success(PingResponse(serverTime: 9))
        let wrong: [[UInt8]] = [
            frame(.response, .ping, 9, pong),
            frame(.response, .get, 3, pong),
            frame(.chunk, .ping, 3, pong),
            frame(.event, .ping, 3, pong),
            frame(.response, .ping, 3, pong) + frame(.response, .ping, 3, pong),
            frame(.end, .ping, 0, Failure(.busy, "x")),
            [0, 0, 0, 1, 0, 0, 0, 0],
            [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0],
        ]
        for bytes in wrong {
            var state = opened()
            #expect(state.request(.ping, deadline: 0, body: RequestBody(Empty())) == 3)
            #expect(feed(&state, bytes).last == .closed("protocolViolation"))
            #expect(feed(&state, frame(.response, .ping, 3, pong)).isEmpty)
        }
    }

    @Test("the daemon's reason for closing is passed on, before and after the handshake")
    func connectionFailure() {
        let bytes = frame(.end, nil, 0, Failure(.tooManyConnections, "full", retry: .now))
        var greeting = ConnectionState(tenant: "main", clientName: "")
        #expect(feed(&greeting, bytes) == [.closed("tooManyConnections")])
        var state = opened()
        #expect(feed(&state, bytes) == [.closed("tooManyConnections")])
    }

    @Test("has no more requests in flight than both allow, and takes ids once they are free")
    func room() {
        var state = ConnectionState(tenant: "main", clientName: "")
        _ = feed(&state, frame(.response, .hello, 1, Answer.success(sampleHello(requestsInFlight: 3))))
        #expect(state.request(.ping, deadline: 0, body: RequestBody(Empty())) == 3)
        #expect(state.request(.ping, deadline: 0, body: RequestBody(Empty())) == 4)
        #expect(state.request(.ping, deadline: 0, body: RequestBody(Empty())) == nil)
        _ = feed(&state, frame(.response, .confirm, 2, Answer.success(Empty())))
        #expect(state.request(.ping, deadline: 0, body: RequestBody(Empty())) == 5)
        #expect(!state.hasRoom)
        _ = feed(&state, frame(.response, .ping, 4, Answer.success(PingResponse(serverTime: 1))))
        #expect(state.hasRoom)
    }

    @Test("cancel, credit, chunk and end carry the request's operation and id")
    func followers() {
        var state = opened()
        #expect(state.request(.import, deadline: 0, body: RequestBody(ImportRequest(dryRun: true))) == 3)
        state.wrote(state.output.count)
        state.credit(3, 2)
        state.cancel(3)
        state.end(3, RequestBody(ImportFinish(count: 0)))
        state.cancel(99)
        #expect(
            Array(state.output.bytes) == frame(.credit, .import, 3, Credit(count: 2)) + frame(.cancel, .import, 3, Empty())
                + frame(.end, .import, 3, ImportFinish(count: 0)))
    }

    @Test("bodies with secrets are what the messages encode")
    func bodies() {
        func bytes(_ body: RequestBody) -> [UInt8] {
            let buffer = WipingBuffer()
            body.append(to: buffer)
            #expect(buffer.count == body.count)
            return Array(buffer.bytes)
        }
        let value = SecretBytes(utf8: "hunter2")
        let raw = Array("hunter2".utf8)
        #expect(
            bytes(RequestBody(PutRequest(name: [97], value: []), endingIn: value, lengthSize: 4))
                == PutRequest(name: [97], value: raw).encoded())
        #expect(
            bytes(RequestBody(UnlockRequest(kind: .passphrase, secret: []), endingIn: value, lengthSize: 2))
                == UnlockRequest(kind: .passphrase, secret: raw).encoded())
        let entries = [SecretEntry(name: "a", value: value), SecretEntry(name: "b", value: value, contentType: "x")]
        let chunk = TransferChunk(entries: [
            TransferEntry(name: [97], value: raw), TransferEntry(name: [98], value: raw, contentType: "x"),
        ])
        #expect(bytes(RequestBody(chunk: entries.map(\.transfer))) == chunk.encoded())
        #expect(entries[1].encodedSize == chunk.entries[1].encoded().count)
    }
}
