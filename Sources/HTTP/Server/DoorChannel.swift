import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL

/// An accepted connection, as Hummingbird's server keeps it.
struct AcceptedConnection: ServerChildChannelValue {
    let channel: any Channel
}

/// Sets a connection up: TLS, the gate, the HTTP parser, the connection itself.
///
/// Hummingbird's server binds, accepts, counts and stops. Its own HTTP channel is not used: before its parser no handler of ours can
/// stand, and it has no limits on time.
struct DoorChannel: ServerChildChannel {
    let setting: ConnectionSetting
    let certificate: TLSCertificate?

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<AcceptedConnection> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            if let certificate { try pipeline.addHandler(NIOSSLServerHandler(context: certificate.context)) }
            var limits = NIOHTTPDecoderLimitConfiguration()
            limits.maxHeaderFieldSize = setting.limits.maxHead + setting.limits.maxLine * 3
            limits.maxHeaderListSize = setting.limits.maxHead + setting.limits.maxLine * 3
            limits.maxHeaderFieldCount = setting.limits.maxFields
            let gate = RequestGate(limits: setting.limits)
            let connection = HTTPConnection(setting: setting, gate: gate, isTLS: certificate != nil)
            gate.connection = connection
            try pipeline.addHandler(gate)
            try pipeline.addHandler(HTTPResponseEncoder())
            try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: limits)))
            try pipeline.addHandler(connection)
            setting.registry.opened(channel)
            return AcceptedConnection(channel: channel)
        }
    }

    /// The handlers do the work; the server only waits for the end.
    func handle(value: AcceptedConnection, logger: Logger) async {
        await withTaskCancellationHandler {
            try? await value.channel.closeFuture.get()
        } onCancel: {
            value.channel.pipeline.fireUserInboundEventTriggered(ForcedClose())
        }
    }
}
