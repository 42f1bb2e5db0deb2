import CofferStore
import Glibc
import Logging
import Testing

@testable import CofferDaemon

/// What keeps a daemon from starting, and that it says so.
@Suite struct StartTests {
    private func start(_ settings: Settings) throws {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        _ = try Daemon(settings: settings, logger: logger, environment: [:])
    }

    @Test func aSecondDaemonOnTheStoreIsRefused() async throws {
        try await RunningDaemon.with { daemon in
            var settings = RunningDaemon.settings(in: daemon.folder)
            settings.socket = daemon.folder + "/other"
            let error = #expect(throws: StoreError.self) { try start(settings) }
            #expect(error?.code == .inUse)
        }
    }

    @Test func aSocketThatIsServedIsRefused() async throws {
        try await RunningDaemon.with { daemon in
            var settings = RunningDaemon.settings(in: daemon.folder + "/second")
            settings.socket = daemon.socket
            #expect(throws: SocketError.self) { try start(settings) }
        }
    }

    @Test func pathsThatCannotBeSockets() async throws {
        try await RunningDaemon.with { daemon in
            for path in [daemon.folder + "/" + String(repeating: "x", count: 108), daemon.folder + "/missing/s", daemon.folder + "/key/s"] {
                var settings = RunningDaemon.settings(in: daemon.folder + "/second")
                settings.socket = path
                #expect(throws: SocketError.self) { try start(settings) }
            }
            // A file is never taken away for a socket.
            var settings = RunningDaemon.settings(in: daemon.folder + "/second")
            settings.socket = daemon.folder + "/key"
            #expect(throws: SocketError.self) { try start(settings) }
            #expect(access(daemon.folder + "/key", F_OK) == 0)
        }
    }

    @Test func aKeyWithoutItsStoreIsAnAccident() async throws {
        try await RunningDaemon.with { daemon in
            var settings = RunningDaemon.settings(in: daemon.folder)
            settings.store = daemon.folder + "/elsewhere"
            settings.socket = daemon.folder + "/other"
            let error = #expect(throws: StoreError.self) { try start(settings) }
            #expect(error?.code == .notAStore)
            #expect(access(daemon.folder + "/elsewhere", F_OK) != 0)
        }
    }
}
