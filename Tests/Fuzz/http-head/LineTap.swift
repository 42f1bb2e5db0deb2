import FuzzSupport
import NIOCore

/// Between the gate and the parser: no byte from 0x80 on passes in a request line.
final class LineTap: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private var isInLine = true
    private var isEmpty = true

    func nextRequest() {
        isInLine = true
        isEmpty = true
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = Self.unwrapInboundIn(data)
        Harness.check(buffer.readableBytes > 0, "a piece without bytes passed")
        for byte in buffer.readableBytesView where isInLine {
            Harness.check(byte < 0x80, "a raw byte of a request line passed")
            if byte == UInt8(ascii: "\n") {
                isInLine = isEmpty
            } else if byte != UInt8(ascii: "\r") {
                isEmpty = false
            }
        }
        context.fireChannelRead(data)
    }
}
