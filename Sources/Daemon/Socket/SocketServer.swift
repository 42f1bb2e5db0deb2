import Atomics
import CLinux
import CofferStore
import CofferWire
import Dispatch
import Glibc
import Synchronization

/// The socket door: the listening socket, the thread that accepts, and the loops that serve.
final class SocketServer: CommitListener {
    private let path: SocketPath
    private let services: Services
    private let loops: [SocketLoop]
    private let listener: Int32
    /// The service manager's, which keeps it: others may wait in it while the daemon is started anew.
    private let isPassed: Bool
    private let threads = Mutex<[LoopThread]>([])
    private let acceptor: LoopInboxWaker
    private let isStopping = Mutex(false)
    /// Those who asked whether the accepting thread still turns.
    private let rollCalls = Mutex<[DispatchSemaphore]>([])

    /// Binds the socket; nobody is served before ``start()``.
    /// - Parameter passed: the descriptor of a socket that listens already; `nil`: it is made.
    init(path: SocketPath, passed: Int32? = nil, loops count: Int, services: Services, clock: @escaping @Sendable () -> UInt64) throws {
        self.path = path
        self.services = services
        isPassed = passed != nil
        listener = try passed ?? path.listen()
        // Accepted sockets inherit it: every message carries its sender, also those that arrive before anybody asks for it.
        _ = coffer_pass_credentials(listener)
        acceptor = try LoopInboxWaker()
        var loops: [SocketLoop] = []
        for _ in 0..<max(count, 1) { loops.append(try SocketLoop(services: services, clock: clock)) }
        self.loops = loops
    }

    func start() throws {
        services.store.addListener(self)
        for (index, loop) in loops.enumerated() {
            let thread = try LoopThread(name: "coffer-loop-\(index)") { loop.run() }
            threads.withLock { $0.append(thread) }
        }
        let thread = try LoopThread(name: "coffer-accept") { [self] in acceptAll() }
        threads.withLock { $0.append(thread) }
    }

    // MARK: Accepting

    private func acceptAll() {
        var next = 0
        var spare = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { close(spare) }
        let epoll = coffer_epoll_create()
        guard epoll >= 0 else { return }
        defer { close(epoll) }
        _ = coffer_epoll_add(epoll, listener, UInt32(COFFER_READABLE), 0)
        _ = coffer_epoll_add(epoll, acceptor.descriptor, UInt32(COFFER_READABLE), 1)
        var event = coffer_event()
        while true {
            guard coffer_epoll_wait(epoll, &event, 1, -1) >= 0 else { return }
            // Before the question whether it is the end: that one's call must not be cleared away behind it.
            if event.token == 1 { coffer_eventfd_clear(acceptor.descriptor) }
            if isStopping.withLock({ $0 }) { return }
            answerRollCalls()
            while true {
                let descriptor = coffer_accept(listener)
                if descriptor == -EMFILE || descriptor == -ENFILE {
                    // No descriptor is free: the one that is kept for this tells whoever waits.
                    close(spare)
                    let waiting = coffer_accept(listener)
                    if waiting >= 0 {
                        Self.refuse(waiting, Failure(
                            .tooManyConnections, "the daemon has as many connections as its limit of open files allows",
                            retry: .after(milliseconds: 1_000)))
                    }
                    spare = open("/dev/null", O_RDONLY | O_CLOEXEC)
                    if waiting < 0 { break }
                    continue
                }
                guard descriptor >= 0 else { break }
                admit(descriptor, to: loops[next % loops.count])
                next += 1
            }
        }
    }

    private func admit(_ descriptor: Int32, to loop: SocketLoop) {
        let peer: PeerIdentity
        do { peer = try PeerIdentity(acceptedSocket: descriptor) } catch {
            close(descriptor)
            return
        }
        guard services.connections.began(uid: peer.principal.uid) else {
            Self.refuse(descriptor, Failure(
                .tooManyConnections, "uid \(peer.principal.uid) has as many connections as it may have", retry: .after(milliseconds: 1_000)))
            return
        }
        loop.inbox.post(.job { loop in loop.adopt(descriptor, peer) })
    }

    /// A connection from inside: of a door that has found out by itself who calls.
    /// - Returns: the caller's end, a connected stream socket that does not block.
    /// - Throws: where the system gives no sockets, or too many such callers are connected.
    func connect(as principal: Principal) throws(SocketError) -> Int32 {
        guard !isStopping.withLock({ $0 }) else { throw SocketError(.inUse, "the daemon is stopping") }
        guard services.connections.began(uid: principal.uid) else { throw SocketError(.inUse, "too many callers of HTTP doors are connected") }
        var ends: (Int32, Int32) = (-1, -1)
        let code = coffer_socket_pair(&ends.0, &ends.1)
        guard code == 0 else {
            services.connections.ended(uid: principal.uid)
            throw SocketError.system("cannot make a connection inside of the daemon", -code)
        }
        let peer = PeerIdentity(principal: principal)
        let ours = ends.0
        loops[0].inbox.post(.job { loop in loop.adopt(ours, peer) })
        return ends.1
    }

    /// Says why, once, without waiting.
    private static func refuse(_ descriptor: Int32, _ failure: Failure) {
        let body = failure.encoded()
        var frame = [UInt8](repeating: 0, count: FrameHeader.size)
        frame.withUnsafeMutableBytes { bytes in
            if let base = bytes.baseAddress { FrameHeader(kind: .end, operation: 0, requestID: 0).write(to: base, bodyLength: body.count) }
        }
        frame += body
        _ = coffer_send(descriptor, frame, frame.count)
        close(descriptor)
    }

    // MARK: Liveness

    /// Whether the accepting thread and every loop still turn: each is asked, and has `milliseconds` to answer. Blocks; not for their threads.
    func answers(withinMilliseconds milliseconds: Int) -> Bool {
        let answered = DispatchSemaphore(value: 0)
        for loop in loops { loop.inbox.post(.job { _ in answered.signal() }) }
        rollCalls.withLock { $0.append(answered) }
        coffer_eventfd_raise(acceptor.descriptor)
        let end = DispatchTime.now() + .milliseconds(milliseconds)
        return (0...loops.count).allSatisfy { _ in answered.wait(timeout: end) == .success }
    }

    private func answerRollCalls() {
        let waiting = rollCalls.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        for answered in waiting { answered.signal() }
    }

    // MARK: Following the store

    func committed(_ changes: [Change]) {
        for loop in loops where loop.watchCount.load(ordering: .acquiring) > 0 { loop.inbox.post(.changes(changes)) }
    }

    func answering(_ begins: Bool) {
        for loop in loops { if begins { loop.inbox.hold() } else { loop.inbox.release() } }
    }

    func lockChanged(locked: Bool) {
        for loop in loops { loop.inbox.post(.job { $0.lockChanged(locked: locked) }) }
    }

    /// The loops ask the store whether it is moving.
    func restoring() {}

    func restored() {
        for loop in loops { loop.inbox.post(.job { $0.restored() }) }
    }

    var socket: SocketPath { path }

    // MARK: Ending

    /// Takes no more connections, lets what is unfinished finish for at most `seconds`, and ends. Blocks. The second time nothing happens.
    func stop(withinSeconds seconds: Int) {
        let isFirst = isStopping.withLock { isStopping in
            defer { isStopping = true }
            return !isStopping
        }
        guard isFirst else { return }
        coffer_eventfd_raise(acceptor.descriptor)
        if !isPassed { path.remove() }
        for loop in loops { loop.inbox.post(.job { $0.drain() }) }
        let emptied = Mutex(0)
        // Loops that never turned have nothing to finish.
        for _ in 0..<(threads.withLock({ $0.isEmpty }) ? 0 : seconds * 20) {
            emptied.withLock { $0 = 0 }
            for loop in loops {
                loop.inbox.post(.job { loop in if loop.drainFurther() { emptied.withLock { $0 += 1 } } })
            }
            usleep(50_000)
            if emptied.withLock({ $0 }) == loops.count { break }
        }
        for loop in loops { loop.inbox.post(.job { $0.stop() }) }
        for thread in threads.withLock({ $0 }) { thread.join() }
        services.store.removeListener(self)
        close(listener)
    }
}

/// An eventfd that ends the accepting thread's wait.
struct LoopInboxWaker: Sendable {
    let descriptor: Int32

    init() throws(SocketError) {
        descriptor = coffer_eventfd()
        guard descriptor >= 0 else { throw SocketError.system("cannot make an eventfd", -descriptor) }
    }
}
