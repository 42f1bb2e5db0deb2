import CofferClient
import Glibc
import Logging
import ServiceLifecycle

@testable import CofferDaemon

/// A real daemon on a real socket with a real store, in a folder of its own, for the length of one test.
struct RunningDaemon {
    let folder: String
    var socket: String { folder + "/s" }

    static func settings(in folder: String) -> Settings {
        var settings = Settings(store: folder + "/store", socket: folder + "/s", keyFile: folder + "/key")
        settings.indexSize = 16 << 20
        return settings
    }

    /// Starts a daemon, gives it to `body`, stops it and takes everything away.
    static func with<T: Sendable>(
        adjust: (inout Settings) -> Void = { _ in }, _ body: @Sendable (RunningDaemon) async throws -> T
    ) async throws -> T {
        var template = Array("/tmp/coffer-e2e.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SocketError.system("mkdtemp", errno) }
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { remove(folder) }
        var settings = settings(in: folder)
        adjust(&settings)
        return try await run(settings, body: { try await body(RunningDaemon(folder: folder)) })
    }

    /// Runs a daemon with these settings around `body`.
    static func run<T: Sendable>(_ settings: Settings, body: @Sendable () async throws -> T) async throws -> T {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let daemon = try Daemon(settings: settings, logger: logger, environment: [:])
        let group = ServiceGroup(configuration: .init(services: [.init(service: daemon)], logger: logger))
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let result: T
            do { result = try await body() } catch {
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return result
        }
    }

    /// Patient: the tests of one process share few threads.
    func client() throws -> CofferClient { try Self.client(socket) }

    static func client(_ socket: String) throws -> CofferClient {
        try CofferClient(ClientConfiguration(socketPath: socket, connectTimeout: .seconds(60), requestTimeout: .seconds(60)))
    }

    private static func remove(_ folder: String) {
        var files = [folder]
        var folders: [String] = []
        while let path = files.popLast() {
            var status = stat()
            guard lstat(path, &status) == 0 else { continue }
            guard status.st_mode & S_IFMT == S_IFDIR, let handle = opendir(path) else {
                unlink(path)
                continue
            }
            folders.append(path)
            while let entry = readdir(handle) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name != "." && name != ".." { files.append(path + "/" + name) }
            }
            closedir(handle)
        }
        for path in folders.reversed() { rmdir(path) }
    }
}
