import CofferAccounts
import Logging
import NIOCore
import NIOHTTP1

/// What all connections of one address have in common.
struct ConnectionSetting: Sendable {
    let group: ListenGroup
    let limits: HTTPLimits
    let registry: ConnectionRegistry
    let meters: HTTPMeters?
    let logger: Logger
    /// `nil`: nothing is recorded.
    var audit: (any HTTPAudit)?
}

/// One connection behind the HTTP parser: collects a request, has its door answer it, writes the answer, and so on.
///
/// Lives on its event loop alone. Requests come one by one: the ``RequestGate`` sees to that. How answers are written, and the
/// end of a connection, is in `HTTPConnection+Answers.swift`.
final class HTTPConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    enum State {
        /// No byte of the next request has come.
        case fresh
        case head
        case body(IncomingRequest)
        /// The door is at work, or its answer is on the way out.
        case answering
        /// An answer goes out piece by piece.
        case streaming
        /// The connection speaks another protocol.
        case tunnelling
        /// The last answer is out; what the client still sends is dropped, so that the answer is not lost by a reset.
        case lingering
        case closed
    }

    let setting: ConnectionSetting
    let gate: RequestGate
    let isTLS: Bool
    var state = State.fresh
    var context: ChannelHandlerContext?
    var peer = ClientAddress(v4: 0)
    var local: ClientAddress?
    /// The server is stopping.
    var isDraining = false
    /// The client sends nothing any more.
    var hasEnded = false
    var task: Task<Void, Never>?
    private var timer: Scheduled<Void>?

    init(setting: ConnectionSetting, gate: RequestGate, isTLS: Bool) {
        self.setting = setting
        self.gate = gate
        self.isTLS = isTLS
    }

    // MARK: Channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { opened(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) {
        opened(context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        if case .streaming = state { task?.cancel() }
        state = .closed
        stopTimer()
        context.fireChannelInactive()
    }

    private func opened(_ context: ChannelHandlerContext) {
        peer = RequestFacts.address(context.remoteAddress) ?? peer
        local = RequestFacts.address(context.localAddress)
        // A client that opens a connection, or begins a TLS handshake, and says nothing more.
        startTimer(seconds: setting.limits.headSeconds) { $0.close() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent:
            isDraining = true
            // Events never end by themselves.
            if case .streaming = state { task?.cancel() }
            if case .tunnelling = state { return close() }
            if case .fresh = state, gate.isFresh { close() }
        case is ForcedClose:
            task?.cancel()
            close()
        case ChannelEvent.inputClosed:
            hasEnded = true
            switch state {
            case .answering: return
            case .streaming: task?.cancel()
            default: break
            }
            close()
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError, error != .invalidEOFState else { return close() }
        switch state {
        case .fresh, .head: refuseHead()
        case .body(let request): refuse(.unreadable, request)
        case .answering, .streaming, .tunnelling, .lingering, .closed: break
        }
    }

    // MARK: Requests

    /// The first byte of a request has come.
    func requestBegan() {
        guard case .fresh = state else { return }
        state = .head
        startTimer(seconds: setting.limits.headSeconds) { connection in
            if connection.gate.line != nil { connection.refuseHead(.timeOut) } else { connection.close() }
        }
    }

    /// A head that nobody can read, is too long, or never ends.
    func refuseHead(_ refusal: HTTPRefusal = .unreadable) {
        switch state {
        case .fresh, .head: break
        default: return
        }
        let (method, path) = gate.line.map { RequestFacts.line($0) } ?? ("", "")
        let entry = path.isEmpty ? setting.group.onlyEntry : setting.group.entry(for: path)
        refuse(refusal, IncomingRequest(entry: entry, method: method, path: path, peer: peer))
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (Self.unwrapInboundIn(data), state) {
        case (.head(let head), .head), (.head(let head), .fresh):
            headWasRead(head)
        case (.body(let bytes), .body(var request)):
            // Out of the state, so that the bytes are appended in place.
            state = .head
            request.body += bytes.readableBytesView
            if request.body.count > setting.limits.maxBody {
                refuse(.bodyTooLarge(limit: setting.limits.maxBody), request)
            } else {
                state = .body(request)
            }
        case (.end, .body(let request)):
            gate.requestEnded()
            stopTimer()
            answer(request)
        default:
            break
        }
    }

    private func headWasRead(_ head: HTTPRequestHead) {
        let target = RequestFacts.target(head.uri)
        var request = IncomingRequest(
            entry: target.flatMap { setting.group.entry(for: $0.path) } ?? (target == nil ? setting.group.onlyEntry : nil),
            method: head.method.rawValue, path: target?.path ?? "", peer: peer)
        request.version = head.version
        guard let target, head.method != .CONNECT, head.headers["host"].count == 1, let host = head.headers.first(name: "host"),
            !host.isEmpty
        else {
            return refuse(.unreadable, request)
        }
        let framing = RequestFacts.body(head)
        guard framing != .ambiguous, head.headers.count <= setting.limits.maxFields else { return refuse(.unreadable, request) }
        if let entry = request.entry {
            request.client = TrustedProxies.client(peer: peer, headers: head.headers, trusted: entry.trustedProxies)
            request.isSecure = isTLS || TrustedProxies.isSecure(peer: peer, headers: head.headers, trusted: entry.trustedProxies)
            guard HostRule.allows(host, listen: entry.address.host, local: local, hosts: entry.hosts) else {
                return refuse(.badHost, request)
            }
        }
        guard !isDraining else { return refuse(.draining, request) }
        var length: Int?
        if case .length(let number) = framing {
            guard number <= setting.limits.maxBody else { return refuse(.bodyTooLarge(limit: setting.limits.maxBody), request) }
            length = number
            request.body.reserveCapacity(number)
        }
        request.query = target.query
        request.headers = RequestFacts.fields(head.headers)
        // Behind a request to switch protocols the parser reads nothing more.
        request.keepsAlive = head.isKeepAlive && !head.headers.contains(name: "upgrade")
        state = .body(request)
        gate.headWasRead(bodyLength: length)
        startTimer(seconds: setting.limits.bodySeconds) { connection in
            if case .body(let request) = connection.state { connection.refuse(.timeOut, request) }
        }
        if length != 0, head.version == .http1_1, head.headers.first(name: "expect")?.lowercased() == "100-continue" {
            context?.writeAndFlush(wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .continue))), promise: nil)
        }
    }

    // MARK: Timer

    /// One at a time: each phase of a connection has its own limit.
    func startTimer(seconds: Double, _ body: @escaping (HTTPConnection) -> Void) {
        stopTimer()
        guard let context else { return }
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(Int64(seconds * 1e9))) { [weak self] in
            if let self { body(self) }
        }
    }

    func stopTimer() {
        timer?.cancel()
        timer = nil
    }
}

/// Tells a connection that the time for an orderly end is over.
struct ForcedClose: Sendable {}
