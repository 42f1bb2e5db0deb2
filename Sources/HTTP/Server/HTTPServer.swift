import CofferAccounts
import Glibc
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// All HTTP doors: binds their addresses, serves them until the graceful shutdown, and then ends in an orderly way.
public final class HTTPServer: Service {
    /// Where doors listen really.
    public struct BoundAddress: Sendable, Equatable {
        public let doors: [String]
        public let address: ClientAddress
        public let port: Int
    }

    private enum Phase {
        case starting([CheckedContinuation<[BoundAddress], any Error>])
        case listening
        case failed(HTTPServerError)
    }

    private struct State {
        var phase = Phase.starting([])
        var bound: [Int: BoundAddress] = [:]
    }

    private let settings: HTTPSettings
    private let logger: Logger
    private let registry = ConnectionRegistry()
    private let certificates: [TLSFiles: TLSCertificate]
    private let state = Mutex(State())

    /// Reads the certificates; binds nothing yet.
    /// - Throws: ``HTTPServerError``.
    public init(settings: HTTPSettings, logger: Logger) throws(HTTPServerError) {
        self.settings = settings
        self.logger = logger
        var certificates: [TLSFiles: TLSCertificate] = [:]
        for group in settings.groups {
            if let files = group.tls, certificates[files] == nil { certificates[files] = try TLSCertificate(files) }
        }
        self.certificates = certificates
    }

    /// The addresses that are bound by now, in the order of the settings.
    public func boundAddresses() -> [BoundAddress] {
        state.withLock { state in state.bound.sorted { $0.key < $1.key }.map(\.value) }
    }

    /// Waits until every address is bound.
    /// - Throws: ``HTTPServerError`` where one cannot be.
    public func listening() async throws -> [BoundAddress] {
        if settings.groups.isEmpty { return [] }
        return try await withCheckedThrowingContinuation { continuation in
            let result: Result<[BoundAddress], HTTPServerError>? = state.withLock { state in
                switch state.phase {
                case .starting(let waiting):
                    state.phase = .starting(waiting + [continuation])
                    return nil
                case .listening: return .success(state.bound.sorted { $0.key < $1.key }.map(\.value))
                case .failed(let error): return .failure(error)
                }
            }
            if let result { continuation.resume(with: result) }
        }
    }

    /// Serves until the graceful shutdown. Then nothing new is accepted, idle connections end at once, and running requests
    /// have ``HTTPLimits/drainSeconds``.
    /// - Throws: ``HTTPServerError`` where an address cannot be bound; then none stays bound.
    public func run() async throws {
        guard !settings.groups.isEmpty else { return try await gracefulShutdown() }
        let eventLoops = MultiThreadedEventLoopGroup(numberOfThreads: settings.threads)
        let outcome: HTTPServerError?
        do {
            try await withGracefulShutdownHandler {
                try await serve(on: eventLoops)
            } onGracefulShutdown: { [self] in
                eventLoops.next().scheduleTask(in: .nanoseconds(Int64(settings.limits.drainSeconds * 1e9))) { [registry] in
                    registry.closeAll()
                }
            }
            outcome = nil
        } catch let error as HTTPServerError {
            outcome = error
        } catch {
            outcome = nil
        }
        fail(outcome ?? HTTPServerError(.bind, "the HTTP server has stopped"))
        await rest(eventLoops)
        if let outcome { throw outcome }
    }

    // MARK: Serving

    private func serve(on eventLoops: MultiThreadedEventLoopGroup) async throws {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for (index, group) in settings.groups.enumerated() {
                tasks.addTask { try await self.serve(group, index: index, on: eventLoops) }
            }
            let lookout = Task { await self.watchCertificates() }
            defer { lookout.cancel() }
            while try await tasks.next() != nil {}
        }
    }

    private func serve(_ group: ListenGroup, index: Int, on eventLoops: MultiThreadedEventLoopGroup) async throws {
        let ids = group.entries.map(\.door.id)
        let name = "\(group.address) (\(ids.map { "http.\($0)" }.joined(separator: ", ")))"
        let setting = ConnectionSetting(
            group: group, limits: settings.limits, registry: registry, meters: settings.meters, logger: logger,
            audit: settings.audit)
        // Hummingbird says the same as we do, in its own words.
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        let server = Server(
            childChannelSetup: DoorChannel(setting: setting, certificate: group.tls.flatMap { certificates[$0] }),
            configuration: ServerConfiguration(
                address: .hostname("\(group.address.host)", port: Int(group.address.port)),
                availableConnectionsDelegate: .maximum(settings.limits.maxConnections, logger: quiet)),
            onServerRunning: { channel in
                AcceptPause.add(to: channel)
                self.opened(
                    index, BoundAddress(doors: ids, address: group.address.host, port: channel.localAddress?.port ?? 0),
                    isTLS: group.tls != nil)
            },
            eventLoopGroup: eventLoops, logger: quiet)
        do {
            try await server.run()
        } catch {
            let code = (error as? IOError)?.errnoCode
            let reason = code.map { String(cString: strerror($0)) } ?? "it cannot be bound"
            throw HTTPServerError(code == EADDRINUSE ? .inUse : .bind, "\(name): \(reason)")
        }
        // Hummingbird only logs when its listening socket breaks; a door that is silently gone helps nobody.
        if !Task.isShuttingDownGracefully, !Task.isCancelled { throw HTTPServerError(.bind, "\(name): it is not listened on any more") }
    }

    private func opened(_ index: Int, _ address: BoundAddress, isTLS: Bool) {
        logger.info(
            "listening",
            metadata: [
                "doors": "\(address.doors.joined(separator: " "))", "address": "\(address.address)", "port": "\(address.port)",
                "tls": "\(isTLS)",
            ])
        let (waiting, bound) = state.withLock { state -> ([CheckedContinuation<[BoundAddress], any Error>], [BoundAddress]) in
            state.bound[index] = address
            guard state.bound.count == settings.groups.count, case .starting(let waiting) = state.phase else { return ([], []) }
            state.phase = .listening
            return (waiting, state.bound.sorted { $0.key < $1.key }.map(\.value))
        }
        for continuation in waiting { continuation.resume(returning: bound) }
    }

    private func fail(_ error: HTTPServerError) {
        let waiting = state.withLock { state -> [CheckedContinuation<[BoundAddress], any Error>] in
            let waiting =
                if case .starting(let waiting) = state.phase { waiting } else { [CheckedContinuation<[BoundAddress], any Error>]() }
            state.phase = .failed(error)
            state.bound = [:]
            return waiting
        }
        for continuation in waiting { continuation.resume(throwing: error) }
    }

    private func watchCertificates() async {
        guard !certificates.isEmpty else { return }
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(settings.limits.certificateSeconds))
            for certificate in certificates.values where !Task.isCancelled { certificate.reload(logger) }
        }
    }

    /// A door that does not end even when cancelled keeps its event loop; the process is about to end anyway.
    private func rest(_ eventLoops: MultiThreadedEventLoopGroup) async {
        for _ in 0..<100 where registry.requests > 0 { try? await Task.sleep(for: .milliseconds(20)) }
        guard registry.requests == 0 else {
            logger.warning("requests did not end", metadata: ["requests": "\(registry.requests)"])
            return
        }
        try? await eventLoops.shutdownGracefully()
    }
}
