import CLinux
import CofferWire
import Glibc
import Synchronization

extension Engine {
    /// Bytes of room for one read.
    private static let readSize = 32_768

    /// What the thread does next.
    private enum Plan {
        case stop
        case connect
        case sleep(socket: Int32, forOutput: Bool, milliseconds: Int32)
    }

    /// The body of the thread: until the client is closed.
    func run() {
        while true {
            switch plan() {
            case .stop: return
            case .connect: connect()
            case .sleep(let socket, let forOutput, let milliseconds):
                sleep(socket, forOutput, milliseconds)
            }
        }
    }

    private func plan() -> Plan {
        inThread { shared, now in
            if shared.session.connection == nil || shared.session.isClosed, shared.socket >= 0 {
                _ = Glibc.close(shared.socket)
                shared.socket = -1
                shared.writeError = 0
            }
            if shared.session.isClosed {
                shared.threadRuns = false
                return .stop
            }
            Self.pump(&shared, now: now)
            let moment = shared.session.nextMoment
            if moment <= now, shared.session.wantsConnection, shared.session.nextAttempt <= now { return .connect }
            shared.sleepsUntil = moment
            shared.sleepsForOutput = shared.session.connection?.output.isEmpty == false
            var milliseconds: Int32 = -1
            if shared.writeError != 0 {
                milliseconds = 0
            } else if moment != Clock.never {
                // Rounded up, so that the moment has come when the thread wakes.
                milliseconds = moment <= now ? 0 : Int32(clamping: (moment - now) / 1_000_000 + 1)
            }
            return .sleep(socket: shared.socket, forOutput: shared.sleepsForOutput, milliseconds: milliseconds)
        }
    }

    private func sleep(_ socket: Int32, _ forOutput: Bool, _ milliseconds: Int32) {
        // A negative descriptor is passed over by poll.
        var wanted = [
            pollfd(fd: wakeup, events: Int16(POLLIN), revents: 0),
            pollfd(fd: socket, events: Int16(POLLIN) | (forOutput ? Int16(POLLOUT) : 0), revents: 0),
        ]
        _ = poll(&wanted, 2, milliseconds)
        if wanted[0].revents != 0 {
            var count: UInt64 = 0
            _ = read(wakeup, &count, 8)
        }
        let hasSocketEvent = wanted[1].revents != 0
        inThread { shared, now in
            shared.sleepsUntil = 0
            if shared.writeError != 0 {
                // What the daemon said before it closed is worth more than the failed write.
                self.receive(&shared, now: now)
                if shared.session.connection != nil {
                    shared.session.broke(Self.broken(describe(shared.writeError)), now: now)
                }
            } else if hasSocketEvent {
                self.receive(&shared, now: now)
            }
            shared.session.tick(now: now)
        }
    }

    /// Reads until the socket is empty, but lets others at the lock after some rounds.
    private func receive(_ shared: inout Shared, now: UInt64) {
        for _ in 0..<16 {
            guard shared.socket >= 0, let input = shared.session.connection?.input else { return }
            let missing = (shared.session.connection?.needed ?? 0) - input.count
            let space = input.space(max(Self.readSize, min(missing, Limits.frame)))
            let received = coffer_client_receive(shared.socket, space.baseAddress, space.count)
            if received == -Int(EAGAIN) { return }
            guard received > 0 else {
                let reason = received == 0 ? "the daemon closed it" : describe(Int32(-received))
                shared.session.broke(Self.broken(reason), now: now)
                return
            }
            input.commit(received)
            shared.session.process(now: now)
            if received < space.count { return }
        }
    }

    private static func broken(_ reason: String) -> ClientError {
        ClientError(.disconnected, reason, retry: .now)
    }

    /// Connects and looks at who answers. The calls do not block: a Unix socket connects at once or not at all.
    private func connect() {
        let path = configuration.socketPath
        var error: ClientError?
        var socket: Int32 = -1
        if let connector = configuration.connector {
            do throws(ClientError) { socket = try connector() } catch let failure { error = failure }
            return connected(socket, error)
        }
        socket = coffer_client_connect(path)
        if socket < 0 {
            let code: ClientError.Code = -socket == ENAMETOOLONG ? .invalidArgument : .unreachable
            error = ClientError(code, "cannot connect to \(path): \(describe(-socket))", retry: .now)
        } else if let refusal = refusal(of: socket, path) {
            error = refusal
            _ = Glibc.close(socket)
            socket = -1
        }
        connected(socket, error)
    }

    private func connected(_ socket: Int32, _ error: ClientError?) {
        inThread { shared, now in
            if let error {
                shared.session.broke(error, now: now)
            } else {
                shared.socket = socket
                shared.session.connected(now: now)
            }
        }
    }

    private func refusal(of socket: Int32, _ path: String) -> ClientError? {
        var peer: UInt32 = 0
        let status = coffer_client_peer_uid(socket, &peer)
        guard status == 0 else {
            return ClientError(.untrustedServer, "cannot tell who answers at \(path): \(describe(-status))")
        }
        let trust = ServerTrust(ownUID: geteuid(), configured: configuration.trustedServerUIDs)
        guard !trust.accepts(peer: peer, folders: []) else { return nil }
        guard !trust.accepts(peer: peer, folders: ServerTrust.folders(above: path)) else { return nil }
        return ClientError(
            .untrustedServer, "the process behind \(path) runs as user \(peer), who is not trusted to be the daemon")
    }

    /// Runs `body` under the lock, writes what it put out, resumes tasks after.
    @discardableResult
    private func inThread<Result: Sendable>(_ body: (inout Shared, UInt64) -> Result) -> Result {
        let now = Clock.now()
        var effects: [Effect] = []
        let result = shared.withLock { shared in
            let result = body(&shared, now)
            Self.pump(&shared, now: now)
            effects = shared.session.effects
            shared.session.effects = []
            return result
        }
        for effect in effects { effect() }
        return result
    }
}
