import Logging
import NIOCore
import NIOHTTP1

extension HTTPConnection {
    /// Long enough for a client to read the answer and to see the end.
    private static let lingerSeconds = 1.0

    /// Has the door answer. A client that goes away does not stop it: what a door has begun is finished.
    func answer(_ request: IncomingRequest) {
        guard let context else { return }
        state = .answering
        let door = request.door
        let call = request.call
        let (method, path) = (request.method, request.path)
        let route = door.route(method: call.method, path: path)
        let audit = door is HealthDoor || route.isPublished ? nil : setting.audit
        if let audit, !audit.permits { return refuse(.auditDown, request) }
        var act = HTTPAct(door: door.id, route: route.name, client: request.client, isRead: route.isRead || request.isHead)
        let eventLoop = context.eventLoop
        var request = request
        request.body = []
        let ticket = NIOLoopBound((connection: self, request: request), eventLoop: eventLoop)
        let registry = setting.registry
        registry.requestBegan()
        task = Task {
            let answer: HTTPReply
            if let audit, !(await audit.begin(act)) {
                answer = door.refusal(.auditDown, method: method, path: path)
            } else {
                let reply = await door.answer(call)
                (act.route, act.principal, act.status) = (reply.route, reply.principal, reply.status)
                let isRecorded = await audit?.record(act) ?? true
                answer = isRecorded ? reply : door.refusal(.auditDown, method: method, path: path)
            }
            eventLoop.execute {
                ticket.value.connection.send(answer, ticket.value.request)
                registry.requestEnded()
            }
        }
    }

    /// Answers in the door's place and closes the connection: of what the client still sends nothing is read.
    func refuse(_ refusal: HTTPRefusal, _ request: IncomingRequest) {
        gate.discard()
        stopTimer()
        state = .answering
        var request = request
        request.keepsAlive = false
        request.body = []
        var reply = request.door.refusal(refusal, method: request.method, path: request.path)
        if let seconds = refusal.retryAfterSeconds, !reply.headers.contains(where: { $0.name.lowercased() == "retry-after" }) {
            reply.headers.append(("Retry-After", String(seconds)))
        }
        if let name = request.door.requestIDHeader { reply.headers.append((name, request.id)) }
        send(reply, request)
    }

    private func send(_ reply: HTTPReply, _ request: IncomingRequest) {
        task = nil
        if let tunnel = reply.tunnel { return open(tunnel, reply, request) }
        let keepsAlive = request.keepsAlive && !isDraining && !hasEnded && reply.stream == nil
        var reply = reply
        func head(_ reply: HTTPReply) -> HTTPResponseHead? {
            ReplyHead.make(reply, version: request.version, requestID: request.id, keepsAlive: keepsAlive, date: DateLine.now)
        }
        var head = head(reply)
        if head == nil {
            setting.logger.error("a door's answer cannot be sent", metadata: ["id": "\(request.id)", "door": "\(request.door.id)"])
            reply = .text(500, "500 internal server error\n", route: reply.route, principal: reply.principal)
            head = ReplyHead.make(reply, version: request.version, requestID: request.id, keepsAlive: keepsAlive, date: DateLine.now)
        }
        record(reply, request)
        guard let head, let context, case .answering = state else { return }
        if let stream = reply.stream, !request.isHead { return send(head, stream, context) }
        let written = context.eventLoop.makePromise(of: Void.self)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !request.isHead, !reply.body.isEmpty {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: reply.body)))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
        // A client that does not take its answer.
        startTimer(seconds: setting.limits.idleSeconds) { $0.close() }
        written.futureResult.assumeIsolated().whenComplete { result in
            switch result {
            case .success: self.answered(keepsAlive: keepsAlive)
            case .failure: self.close()
            }
        }
    }

    /// The head now, the body as it comes about; the connection's last answer.
    private func send(_ head: HTTPResponseHead, _ stream: HTTPStream, _ context: ChannelHandlerContext) {
        // Until it ends, only the stream itself says whether anybody is there.
        stopTimer()
        state = .streaming
        context.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
        let writer = HTTPStreamWriter(channel: context.channel)
        let eventLoop = context.eventLoop
        let ticket = NIOLoopBound(self, eventLoop: eventLoop)
        let registry = setting.registry
        registry.requestBegan()
        task = Task {
            do {
                try await stream.produce(writer)
                try await writer.end()
                eventLoop.execute { ticket.value.streamed(whole: true) }
            } catch {
                eventLoop.execute { ticket.value.streamed(whole: false) }
            }
            registry.requestEnded()
        }
    }

    private static let tunnelCheckSeconds = 5.0

    /// 101, and behind it nothing of HTTP.
    private func open(_ tunnel: HTTPTunnel, _ reply: HTTPReply, _ request: IncomingRequest) {
        record(reply, request)
        guard let context, case .answering = state, !isDraining, !hasEnded, let descriptor = try? tunnel.connect() else { return close() }
        stopTimer()
        state = .tunnelling
        var head = HTTPResponseHead(version: .http1_1, status: .switchingProtocols)
        head.headers.add(name: "Connection", value: "Upgrade")
        head.headers.add(name: "Upgrade", value: tunnel.name)
        head.headers.add(name: "X-Request-Id", value: request.id)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        let end = TunnelEnd(gate: gate)
        gate.pass(to: end)
        TunnelEnd.open(descriptor, end, on: context.eventLoop).assumeIsolated().whenFailure { _ in self.close() }
        watch(tunnel)
    }

    /// A caller who is no longer let in is cut off.
    private func watch(_ tunnel: HTTPTunnel) {
        startTimer(seconds: Self.tunnelCheckSeconds) { connection in
            guard case .tunnelling = connection.state else { return }
            if tunnel.goesOn() { connection.watch(tunnel) } else { connection.close() }
        }
    }

    private func streamed(whole: Bool) {
        task = nil
        guard case .streaming = state else { return }
        if whole { linger() } else { close() }
    }

    private func answered(keepsAlive: Bool) {
        guard case .answering = state else { return }
        stopTimer()
        guard keepsAlive, !isDraining, !hasEnded else { return linger() }
        state = .fresh
        startTimer(seconds: setting.limits.idleSeconds) { $0.close() }
        gate.nextRequest()
    }

    /// Ends our side and waits for the client's.
    private func linger() {
        guard !hasEnded else { return close() }
        state = .lingering
        gate.discard()
        startTimer(seconds: Self.lingerSeconds) { $0.close() }
        context?.close(mode: .output, promise: nil)
    }

    func close() {
        stopTimer()
        state = .closed
        context?.close(promise: nil)
    }

    /// A request line that nobody could read may have anything in this place.
    private static func loggedMethod(_ method: String) -> String {
        let known = HTTPMethod(rawValue: method)
        if case .RAW = known { return "?" }
        return known.rawValue
    }

    /// One line for each request: never its path, query, headers or body.
    private func record(_ reply: HTTPReply, _ request: IncomingRequest) {
        let duration = NIODeadline.now() - request.start
        setting.meters?.record(door: request.door.id, status: reply.status, nanoseconds: duration.nanoseconds)
        setting.logger.info(
            "request",
            metadata: [
                "id": "\(request.id)", "door": "\(request.door.id)", "method": "\(Self.loggedMethod(request.method))",
                "route": "\(reply.route)",
                "status": "\(reply.status)", "ms": "\(duration.nanoseconds / 1_000_000)", "principal": "\(reply.principal)",
                "client": "\(request.client)",
            ])
    }
}
