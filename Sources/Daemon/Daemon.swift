import CLinux
import CofferAccounts
import CofferAudit
import CofferCredentials
import CofferHTTP
import CofferStore
import CofferUpstream
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
    private let accounts: Accounts
    private let credentials: Credentials
    private let backups: BackupService
    private let scrubs: ScrubService
    private let trail: AuditTrail
    private let server: SocketServer
    private let http: HTTPServer?
    /// The admin API's way to the socket's services.
    private let gate: InsideGate
    private let recovery: MemoryRecovery
    private let notifier: ServiceNotifier?

    /// How long unfinished requests may take when the daemon stops.
    private static let drainSeconds = 10

    /// Opens the store and binds the socket; nobody is served before ``run()``.
    /// - Parameter examiner: has the store's file looked at first. `nil`, in a program that does not serve as its child: it is not.
    /// - Throws: ``StoreError``, ``SocketError``, ``ConfigurationErrors``.
    public init(settings given: Settings, logger: Logger, environment: [String: String], examiner: StoreExaminer? = nil) throws {
        // First: until it is marked so, a socket that was handed over would be inherited by children.
        let passed = try SocketActivation(environment: environment).socket()
        var settings = given
        if let passed { settings.socket = passed.place.path }
        self.settings = settings
        self.logger = logger
        notifier = ServiceNotifier(environment: environment, logger: logger)
        let isHidden = coffer_hide_process() == 0
        if !isHidden { logger.critical("core dumps and tracing could not be switched off") }
        _ = coffer_raise_file_limit()
        signal(SIGPIPE, SIG_IGN)
        if settings.makesSocketFolder && passed == nil { KeyFile.makeFolder(SystemPath.folder(of: settings.socket), mode: 0o755) }
        // Before a store is made: a daemon that cannot be reached leaves nothing behind.
        let place = passed?.place ?? SocketPath(path: settings.socket, mode: settings.socketMode)
        if passed == nil { _ = try place.check() }
        try Self.check(settings)
        let (upstreamOptions, transport) = try Self.upstream(settings)
        let clock: @Sendable () -> UInt64 = { Store.systemClock() }
        let audit = try AuditLog(
            folder: settings.auditFolder, headFile: settings.store + "/audit.head", options: settings.audit.options, clock: clock)
        trail = AuditTrail(log: audit, clock: clock)
        let opened: StoreOpening.Opened
        do throws(StoreError) {
            opened = try StoreOpening(settings: settings, logger: logger, environment: environment, examiner: examiner, audit: audit).open()
        } catch {
            audit.close()
            throw error
        }
        store = opened.store
        AuditFolderLink(store: settings.store, folder: settings.audit.folder).update()
        trail.did(.daemon, .daemon, .start, note: DaemonVersion.number)
        let counts = ConnectionCounts(limit: settings.connectionsPerUID)
        // It follows the store by itself, and is told of commits before the policies, whose rules name tenants.
        accounts = Accounts(store: store, options: Self.accountOptions(settings))
        // Behind the accounts: what it keeps lies in their tenants.
        credentials = Credentials(store: store, options: upstreamOptions, transport: transport)
        policies = PolicyService(store: store, accounts: accounts)
        store.addListener(policies)
        policies.lockChanged(locked: store.isLocked)
        scrubs = ScrubService(
            store: store, accounts: accounts, memory: ScrubMemory(path: settings.store + "/last-scrub"),
            schedule: ScrubSchedule(interval: settings.scrub.every), clock: clock, logger: logger)
        recovery = MemoryRecovery(accounts: accounts, credentials: credentials, policies: policies)
        do throws(ConfigurationErrors) {
            backups = BackupService(store: store, keeper: try Self.keeper(settings, store, trail, logger, clock))
        } catch {
            policies.stop()
            credentials.stop()
            accounts.stop()
            store.close()
            audit.close()
            throw error
        }
        let signs = BackupSigns(keeper: backups.keeper, clock: clock)
        let status = StatusService(
            store: store, policies: policies, connections: counts, credentials: CredentialSigns(credentials: credentials, clock: clock),
            backups: signs, scrubs: scrubs, audit: AuditSigns(log: audit), facts: .init(
                socket: place, storePath: settings.store, isHidden: isHidden,
                startTime: clock(), unlockNote: opened.note, isRehearsal: settings.rehearsal,
                legacyVariables: HTTPDoors.legacyVariables(settings.http, environment)),
            clock: clock)
        let unlock = UnlockService(store: store, throttle: UnlockThrottle(path: settings.store + "/unlock-attempts"), trail: trail)
        gate = InsideGate()
        let services = Services(
            store: store, policies: policies, unlock: unlock, status: status, connections: counts, accounts: accounts,
            credentials: credentials, backups: backups, scrubs: scrubs, trail: trail, meter: RequestMeter(), clock: clock)
        do {
            http = try HTTPDoors(
                configuration: settings.http, accounts: accounts, credentials: credentials, store: store, authority: PolicyAuthority(policies: policies),
                gate: gate, requests: services.meter,
                health: DaemonHealth(
                    store: store, accounts: accounts, credentials: CredentialSigns(credentials: credentials, clock: clock),
                    backups: signs, scrubs: scrubs, audit: AuditSigns(log: audit), connections: counts,
                    socket: place,
                    startTime: clock(), clock: clock),
                backups: backups, audit: AuditedDoors(trail: trail), logger: logger, environment: environment
            ).server()
            server = try SocketServer(
                path: place, passed: passed?.descriptor, loops: settings.loops, services: services, clock: clock)
            gate.open(server)
        } catch {
            store.removeListener(policies)
            policies.stop()
            credentials.stop()
            accounts.stop()
            store.close()
            audit.close()
            throw error
        }
        if settings.rehearsal { logger.warning("a rehearsal: no upstream is called, nothing is written") }
        if !opened.note.isEmpty { logger.warning("the store is locked", metadata: ["reason": "\(opened.note)"]) }
    }

    /// What can be said of the settings without touching a store.
    /// - Throws: ``ConfigurationErrors``.
    public static func check(_ settings: Settings) throws(ConfigurationErrors) { try HTTPDoors.check(settings.http) }

    /// - Throws: ``ConfigurationErrors`` where calls to upstreams cannot be made as configured.
    private static func upstream(_ settings: Settings) throws(ConfigurationErrors) -> (CredentialOptions, CurlTransport) {
        var options = CredentialOptions()
        options.bases = settings.upstream.providers
        options.rehearses = settings.rehearsal
        options.ownFiles = [settings.keyFile, settings.configuration].filter { !$0.isEmpty }
        var curl = CurlOptions()
        if !settings.upstream.authorities.isEmpty { curl.authorities = settings.upstream.authorities }
        do throws(ProviderError) {
            options.addresses = try AddressRules(allowed: settings.upstream.allow)
            return (options, try CurlTransport(options: curl))
        } catch {
            throw ConfigurationErrors(messages: ["upstream: \(error.description)"])
        }
    }

    /// - Returns: `nil` where no backups are configured, and in a rehearsal.
    private static func keeper(
        _ settings: Settings, _ store: Store, _ trail: AuditTrail, _ logger: Logger, _ clock: @escaping @Sendable () -> UInt64
    ) throws(ConfigurationErrors) -> BackupKeeper? {
        guard !settings.backups.folder.isEmpty, !settings.rehearsal else { return nil }
        return try BackupKeeper(
            store: store, configuration: settings.backups, memory: BackupLedgerFile(path: settings.store + "/scheduled-backups"),
            trail: trail, logger: logger, clock: clock)
    }

    private static func accountOptions(_ settings: Settings) -> AccountOptions {
        var options = AccountOptions()
        // Groups are the business of new-api's door: without it a key's group is a word without meaning.
        if let newapi = settings.http.newapi { options.groups = Set(newapi.groups.map(\.name)) }
        return options
    }

    /// Serves until the graceful shutdown; then drains and closes.
    public func run() async throws {
        do {
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                if let http { tasks.addTask { try await http.run() } }
                tasks.addTask { try await self.serve() }
                // Where a door cannot be bound, the daemon does not run without it.
                while try await tasks.next() != nil {}
            }
        } catch {
            await close()
            throw error
        }
        await close()
        logger.info("stopped")
    }

    private func serve() async throws {
        if let http { _ = try await http.listening() }
        accounts.start()
        credentials.start()
        recovery.start()
        scrubs.start()
        try server.start()
        backups.keeper?.start()
        let numbers = store.statistics()
        logger.info("ready", metadata: [
            "socket": "\(settings.socket)", "store": "\(settings.store)", "locked": "\(store.isLocked)",
            "secrets": "\(numbers.secrets)", "suite": "\(numbers.suite)", "version": "\(DaemonVersion.number)",
        ])
        if !store.isLocked && !numbers.keysLockedInMemory {
            logger.warning("the kernel does not lock all key pages into memory; 'coffer doctor' has more")
        }
        if let notifier {
            store.addListener(notifier)
            notifier.ready(isLocked: store.isLocked)
            try notifier.watch(server)
        }
        try await gracefulShutdown()
        notifier?.stopping()
        logger.info("stopping")
        await stopServer()
    }

    private func stopServer() async {
        await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
            DispatchQueue.global().async { [self] in
                server.stop(withinSeconds: Self.drainSeconds)
                done.resume()
            }
        }
    }

    /// Doors first, then what they used.
    private func close() async {
        await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
            DispatchQueue.global().async { [self] in
                gate.close()
                server.stop(withinSeconds: Self.drainSeconds)
                notifier?.stop()
                if let notifier { store.removeListener(notifier) }
                recovery.stop()
                backups.keeper?.stop()
                backups.stop(withinSeconds: Self.drainSeconds)
                scrubs.stop()
                // What was dialled comes to its end, and is saved.
                credentials.stop()
                accounts.stop()
                store.removeListener(policies)
                policies.stop()
                trail.did(.daemon, .daemon, .stop)
                store.close()
                // Behind the last change, which it has to witness.
                trail.log.close()
                done.resume()
            }
        }
    }
}
