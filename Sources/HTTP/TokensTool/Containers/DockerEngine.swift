import CofferJSON
import NIOCore
import NIOHTTP1
import NIOPosix

/// Why the Engine did not do it. Without anything that it sent but the status.
struct DockerError: Error, Equatable, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// A Docker Engine behind a Unix socket, spoken to by its HTTP API. Each call has a connection of its own.
struct DockerEngine: Sendable {
    /// Absolute path.
    let socket: String
    /// Of one call, in seconds: a container may take its ten seconds to end, and start again behind that.
    static let timeout: Int64 = 75
    static let maximumAnswer = 1 << 20

    /// `running`, `exited`, …; `nil`: there is no such container.
    func status(_ name: String) async throws(DockerError) -> String? {
        let reply = try await call(.GET, "/containers/\(name)/json")
        if reply.status == 404 { return nil }
        guard reply.status == 200, let status = (try? JSONValue.parse(reply.body))?["State"]?["Status"]?.string else {
            throw DockerError("HTTP \(reply.status), or no state in the answer")
        }
        return status
    }

    func start(_ name: String) async throws(DockerError) { try await act("/containers/\(name)/start") }
    func stop(_ name: String) async throws(DockerError) { try await act("/containers/\(name)/stop") }
    func restart(_ name: String) async throws(DockerError) { try await act("/containers/\(name)/restart") }

    /// 304: it is so already.
    private func act(_ path: String) async throws(DockerError) {
        let reply = try await call(.POST, path)
        guard reply.status == 204 || reply.status == 304 || reply.status == 200 else { throw DockerError("HTTP \(reply.status)") }
    }

    struct Reply: Sendable {
        var status: UInt = 0
        var body: [UInt8] = []
    }

    private func call(_ method: HTTPMethod, _ path: String) async throws(DockerError) -> Reply {
        let eventLoop = MultiThreadedEventLoopGroup.singleton.any()
        let promise = eventLoop.makePromise(of: Reply.self)
        let bootstrap = ClientBootstrap(group: eventLoop).connectTimeout(.seconds(5)).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHTTPClientHandlers()
                try channel.pipeline.syncOperations.addHandler(DockerReplyHandler(promise))
            }
        }
        do {
            let channel: any Channel
            do { channel = try await bootstrap.connect(unixDomainSocketPath: socket).get() } catch {
                promise.fail(error)
                throw error
            }
            let timeout = eventLoop.scheduleTask(in: .seconds(Self.timeout)) {
                promise.fail(DockerError("no answer within \(Self.timeout) s"))
            }
            defer {
                timeout.cancel()
                channel.close(promise: nil)
            }
            var head = HTTPRequestHead(version: .http1_1, method: method, uri: path)
            head.headers = ["Host": "docker", "User-Agent": "coffer", "Connection": "close", "Content-Length": "0"]
            channel.write(HTTPClientRequestPart.head(head), promise: nil)
            channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
            return try await promise.futureResult.get()
        } catch let error as DockerError {
            throw error
        } catch {
            throw DockerError("the engine's socket cannot be used")
        }
    }
}

/// Takes one answer. On the channel's event loop.
private final class DockerReplyHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    private let promise: EventLoopPromise<DockerEngine.Reply>
    private var reply = DockerEngine.Reply()

    init(_ promise: EventLoopPromise<DockerEngine.Reply>) { self.promise = promise }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch Self.unwrapInboundIn(data) {
        case .head(let head): reply.status = head.status.code
        case .body(let part):
            guard reply.body.count + part.readableBytes <= DockerEngine.maximumAnswer else {
                promise.fail(DockerError("the answer is too long"))
                context.close(promise: nil)
                return
            }
            reply.body += part.readableBytesView
        case .end: promise.succeed(reply)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        promise.fail(DockerError("what came is no HTTP"))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        promise.fail(DockerError("the engine closed the connection"))
        context.fireChannelInactive()
    }
}
