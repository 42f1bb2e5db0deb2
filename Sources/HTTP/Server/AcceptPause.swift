import Glibc
import NIOCore

/// Lets a listening socket rest while no file is free for another connection: whoever waits there would have NIO try again without end.
final class AcceptPause: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private static let pause = TimeAmount.milliseconds(250)
    private static let reasons: Set<CInt> = [EMFILE, ENFILE, ENOBUFS, ENOMEM]
    private var isResting = false

    /// In front of everything that the server's channel has.
    static func add(to channel: any Channel) {
        channel.eventLoop.execute { try? channel.pipeline.syncOperations.addHandler(AcceptPause(), position: .first) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let code = (error as? IOError)?.errnoCode, Self.reasons.contains(code) { rest(context.channel) }
        context.fireErrorCaught(error)
    }

    private func rest(_ channel: any Channel) {
        guard !isResting else { return }
        isResting = true
        try? channel.syncOptions?.setOption(.autoRead, value: false)
        channel.eventLoop.assumeIsolated().scheduleTask(in: Self.pause) {
            self.isResting = false
            try? channel.syncOptions?.setOption(.autoRead, value: true)
        }
    }
}
