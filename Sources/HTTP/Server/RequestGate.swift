import NIOCore

/// Stands between the socket (or TLS) and the HTTP parser and lets one request through at a time; see ``RequestScanner``.
///
/// While a request is being answered nothing is parsed and nothing more is read: what a client sends ahead costs it, not us.
final class RequestGate: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private(set) var scanner: RequestScanner
    /// Told of first bytes and of refusals. Goes with the pipeline.
    weak var connection: HTTPConnection?
    private var context: ChannelHandlerContext?
    private var pending = ByteBuffer()
    private var isPumping = false
    private var isHolding = false
    private var isDiscarding = false
    private var wantsRead = false
    /// Nothing is parsed any more: bytes pass between the client and this end.
    private var tunnel: TunnelEnd?

    init(limits: HTTPLimits) {
        scanner = RequestScanner(maximumLine: limits.maxLine, maximumHead: limits.maxHead)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        isDiscarding = true
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDiscarding else { return }
        var buffer = Self.unwrapInboundIn(data)
        if let tunnel { return tunnel.take(buffer) }
        if pending.readableBytes == 0 { pending = buffer } else { pending.writeBuffer(&buffer) }
        pump()
    }

    func channelReadComplete(context: ChannelHandlerContext) { context.fireChannelReadComplete() }

    func read(context: ChannelHandlerContext) {
        if isHolding || tunnel?.isWritable == false { wantsRead = true } else { context.read() }
    }

    // MARK: Tunnel

    /// From here on bytes pass as they are; what came behind the request goes first.
    func pass(to end: TunnelEnd) {
        tunnel = end
        if pending.readableBytes > 0 { end.take(pending) }
        pending = ByteBuffer()
    }

    func tunnelOpened() { readOn() }

    func readOn() {
        isHolding = false
        resumeReading()
    }

    func writeThrough(_ buffer: ByteBuffer) { context?.write(Self.wrapOutboundOut(buffer), promise: nil) }
    func flushThrough() { context?.flush() }
    var isWritable: Bool { context?.channel.isWritable ?? false }

    func tunnelClosed() {
        tunnel = nil
        isDiscarding = true
        context?.close(promise: nil)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { tunnel?.outerIsWritable() }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        tunnel?.close()
        tunnel = nil
        context.fireChannelInactive()
    }

    // MARK: Requests

    /// What the connection has learnt from the parser.
    func headWasRead(bodyLength: Int?) { scanner.headWasRead(bodyLength: bodyLength) }

    func requestEnded() {
        scanner.requestEnded()
        isHolding = true
    }

    /// The request line that has been read while its head has not.
    var line: [UInt8]? { scanner.hasLine ? scanner.line : nil }

    /// Whether not a byte of the next request has come.
    var isFresh: Bool { scanner.isFresh && pending.readableBytes == 0 }

    /// The answer is out.
    func nextRequest() {
        scanner.nextRequest()
        isHolding = false
        pump()
        resumeReading()
    }

    /// From here on all that comes is read and dropped.
    func discard() {
        isDiscarding = true
        isHolding = false
        pending = ByteBuffer()
        resumeReading()
    }

    private func resumeReading() {
        guard wantsRead, !isHolding else { return }
        wantsRead = false
        context?.read()
    }

    /// The connection calls back while pieces pass: into ``requestEnded()``, ``discard()`` or ``nextRequest()``.
    private func pump() {
        guard !isPumping else { return }
        isPumping = true
        defer { isPumping = false }
        while !isDiscarding, let context {
            if scanner.isFresh, pending.readableBytes > 0 { connection?.requestBegan() }
            switch scanner.step(&pending) {
            case .pass(let piece): context.fireChannelRead(Self.wrapInboundOut(piece))
            case .wait: return
            case .refuse:
                connection?.refuseHead()
                isDiscarding = true
            }
        }
    }
}
