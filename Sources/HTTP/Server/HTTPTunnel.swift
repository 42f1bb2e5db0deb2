import Glibc
import NIOCore
import NIOPosix

/// An answer that hands the connection over to another protocol (RFC 9110 §7.8): from then on bytes pass both ways as they are.
public struct HTTPTunnel: Sendable {
    /// The protocol's name, as `Upgrade` has it.
    public var name: String
    /// Gives the other end: a connected stream socket that does not block, which becomes the server's.
    let connect: @Sendable () throws -> Int32
    /// Asked every few seconds: whether the caller is still let in.
    let goesOn: @Sendable () -> Bool

    public init(name: String, goesOn: @escaping @Sendable () -> Bool, connect: @escaping @Sendable () throws -> Int32) {
        self.name = name
        self.goesOn = goesOn
        self.connect = connect
    }
}

/// The inner end of a tunnel: passes what it reads to the client, and is given what the client sends. On the connection's event loop.
final class TunnelEnd: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let gate: RequestGate
    private var context: ChannelHandlerContext?
    /// What came before the inner end was there.
    private var early = ByteBuffer()
    private var isWaiting = false

    init(gate: RequestGate) { self.gate = gate }

    /// Reading is asked for by hand: whoever is slow on one side slows the other down.
    static func open(_ descriptor: Int32, _ end: TunnelEnd, on eventLoop: any EventLoop) -> EventLoopFuture<any Channel> {
        let bound = NIOLoopBound(end, eventLoop: eventLoop)
        return ClientBootstrap(group: eventLoop)
            .channelOption(.autoRead, value: false)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(bound.value) }
            }
            .withConnectedSocket(descriptor)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        context.write(wrapOutboundOut(early), promise: nil)
        context.flush()
        early = ByteBuffer()
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        gate.tunnelOpened()
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { gate.writeThrough(Self.unwrapInboundIn(data)) }

    func channelReadComplete(context: ChannelHandlerContext) {
        gate.flushThrough()
        if gate.isWritable { context.read() } else { isWaiting = true }
    }

    func channelInactive(context: ChannelHandlerContext) {
        gate.tunnelClosed()
        context.fireChannelInactive()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { gate.readOn() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    // MARK: For the gate

    func take(_ buffer: ByteBuffer) {
        guard let context else {
            var buffer = buffer
            early.writeBuffer(&buffer)
            return
        }
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    }

    var isWritable: Bool { context?.channel.isWritable ?? (early.readableBytes < 1 << 16) }

    /// The client takes bytes again.
    func outerIsWritable() {
        guard isWaiting else { return }
        isWaiting = false
        context?.read()
    }

    func close() { context?.close(promise: nil) }
}
