import CLinux
import CofferStore
import Dispatch
import Glibc
import Logging
import ServiceLifecycle

/// The daemon: a store, the services over it, and the doors. Configuration in, running until it is told to stop.
public final class Daemon: Service {
    private let settings: Settings
    private let logger: Logger
    private let store: Store
    private let policies: PolicyService
    private let server: SocketServer

    /// How long unfinished requests may take when the daemon stops.
    private static let drainSeconds = 10

    /// Opens the store and binds the socket; nobody is served before ``run()``.
    /// - Throws: ``StoreError``, ``SocketError``.
    public init(settings: Settings, logger: Logger, environment: [String: String]) throws {
        self.settings = settings
        self.logger = logger
        let isHidden = coffer_hide_process() == 0
        if !isHidden { logger.critical("core dumps and tracing could not be switched off") }
        _ = coffer_raise_file_limit()
        signal(SIGPIPE, SIG_IGN)
        if settings.makesSocketFolder { KeyFile.makeFolder(SystemPath.folder(of: settings.socket), mode: 0o755) }
        // Before a store is made: a daemon that cannot be reached leaves nothing behind.
        _ = try SocketPath(path: settings.socket, mode: settings.socketMode).check()
        let opened = try StoreOpening(settings: settings, logger: logger, environment: environment).open()
        store = opened.store
        let clock: @Sendable () -> UInt64 = { Store.systemClock() }
        let counts = ConnectionCounts(limit: settings.connectionsPerUID)
        policies = PolicyService(store: store)
        store.addListener(policies)
        policies.lockChanged(locked: store.isLocked)
        let status = StatusService(
            store: store, policies: policies, connections: counts,
            facts: .init(
                socketPath: settings.socket, socketMode: settings.socketMode, storePath: settings.store, isHidden: isHidden,
                startTime: clock(), unlockNote: opened.note),
            clock: clock)
        let unlock = UnlockService(store: store, throttle: UnlockThrottle(path: settings.store + "/unlock-attempts"))
        let services = Services(store: store, policies: policies, unlock: unlock, status: status, connections: counts)
        do {
            server = try SocketServer(
                path: SocketPath(path: settings.socket, mode: settings.socketMode), loops: settings.loops, services: services, clock: clock)
        } catch {
            store.removeListener(policies)
            policies.stop()
            store.close()
            throw error
        }
        if !opened.note.isEmpty { logger.warning("the store is locked", metadata: ["reason": "\(opened.note)"]) }
    }

    /// Serves until the graceful shutdown; then drains and closes.
    public func run() async throws {
        try server.start()
        let numbers = store.statistics()
        logger.info("ready", metadata: [
            "socket": "\(settings.socket)", "store": "\(settings.store)", "locked": "\(store.isLocked)",
            "secrets": "\(numbers.secrets)", "suite": "\(numbers.suite)", "version": "\(DaemonVersion.number)",
        ])
        if !store.isLocked && !numbers.keysLockedInMemory {
            logger.warning("the kernel does not lock all key pages into memory; 'coffer doctor' has more")
        }
        try await gracefulShutdown()
        logger.info("stopping")
        await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
            DispatchQueue.global().async { [self] in
                server.stop(withinSeconds: Self.drainSeconds)
                store.removeListener(policies)
                policies.stop()
                store.close()
                done.resume()
            }
        }
        logger.info("stopped")
    }
}
