import ArgumentParser
import CWipe
import CofferDaemon
import CofferHTTP
import CofferStore
import Glibc
import Logging
import ServiceLifecycle
import UnixSignals

/// `cofferd`: flags, environment and file in, a running daemon out.
@main
struct CofferDaemonCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cofferd",
        abstract: "Keeps tokens and secrets sealed, and hands them to the programs that may have them.",
        discussion: """
            Where there is neither a store nor a key file yet, a new store is made and its key file written. Each setting may be given \
            as a flag, in the environment (COFFER_STORE, COFFER_SOCKET, …) or in the configuration file, in this order.

            Exit codes: 0 stopped, 64 usage, 65 the store's file is damaged or older than it was (see --accept-rollback), 73 and 77 \
            something cannot be made or may not be used, 75 in use by another process, 78 configuration, 1 anything else.
            """,
        version: DaemonVersion.number)

    @Option(help: "Folder of the store.") var store: String?
    @Option(help: "Path of the Unix socket.") var socket: String?
    @Option(name: .customLong("key-file"), help: "File with the store's key.") var keyFile: String?
    @Option(help: "Configuration file (YAML).") var config: String?
    @Option(name: .customLong("socket-mode"), help: "Permission bits of the socket, octal.") var socketMode: String?
    @Option(help: "Threads that serve connections.") var loops: String?
    @Option(help: "Largest size of the store's file, such as 10GiB; 0: no limit of its own.") var quota: String?
    @Option(name: .customLong("map-size"), help: "Address space for the store's file.") var mapSize: String?
    @Option(name: .customLong("index-size"), help: "Memory for sealed records, such as 320MiB.") var indexSize: String?
    @Option(name: .customLong("log-revisions"), help: "Revisions that a watch can go back.") var logRevisions: String?
    @Option(name: .customLong("keep-generations"), help: "Generations of the store that stay after a restore; they open with the same key.")
    var keepGenerations: String?
    @Option(
        name: .customLong("accept-rollback"),
        help: ArgumentHelp(
            "Take a store that is older than it was before, where it is at exactly this revision.",
            discussion: "The store then goes on in a new incarnation above everything that was known. Without effect where it is not older.",
            valueName: "revision"))
    var acceptRollback: UInt64?
    @Flag(
        help: ArgumentHelp(
            "Try out a restored copy of a store: no upstream is called, no token refreshed, no sink written, no backup taken.",
            discussion: "Schedules rest. For one start; without it a restored store goes on where the backup left off."))
    var rehearsal = false
    @Option(name: .customLong("connections-per-uid"), help: "Connections that one user may have open.") var connectionsPerUID: String?
    @Option(name: .customLong("log-level"), help: "trace, debug, info, notice, warning, error or critical.") var logLevel: String?
    @Flag(name: .customLong("check-config"), help: "Check the configuration, say what is wrong, and stop.") var checkConfig = false

    private var flags: [String: String] {
        let pairs: [(String, String?)] = [
            ("store", store), ("socket", socket), ("key_file", keyFile), ("socket_mode", socketMode), ("loops", loops), ("quota", quota),
            ("map_size", mapSize), ("index_size", indexSize), ("log_revisions", logRevisions),
            ("keep_generations", keepGenerations), ("connections_per_uid", connectionsPerUID), ("log_level", logLevel),
        ]
        return Dictionary(pairs.compactMap { pair in pair.1.map { (pair.0, $0) } }, uniquingKeysWith: { $1 })
    }

    static func main() async {
        // Before anything else is started: where this process is the child that looks at a store's file, it ends here.
        StoreExaminer.serve(CommandLine.arguments)
        await main(nil)
    }

    func run() async throws {
        let environment = ProcessEnvironment.all()
        var settings: Settings
        do throws(ConfigurationErrors) {
            settings = try Settings.load(flags: flags, configuration: config, environment: environment)
            if checkConfig { try Daemon.check(settings) }
        } catch {
            Self.complain(error.messages)
            throw ExitCode(78)
        }
        if checkConfig {
            print("the configuration is good: store \(settings.store), socket \(settings.socket), key file \(settings.keyFile)")
            return
        }
        settings.acceptRollback = acceptRollback
        settings.rehearsal = rehearsal
        LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
        var logger = Logger(label: "cofferd")
        logger.logLevel = Logger.Level(rawValue: settings.logLevel) ?? .info
        if coffer_wipes_freed_memory() == 0 { logger.warning("this build does not wipe freed memory") }
        let daemon: Daemon
        do {
            daemon = try Daemon(settings: settings, logger: logger, environment: environment, examiner: StoreExaminer())
        } catch {
            Self.complain(["\(Self.message(error))"])
            throw ExitCode(Self.exitCode(error))
        }
        let group = ServiceGroup(
            services: [daemon], gracefulShutdownSignals: [.sigterm, .sigint], cancellationSignals: [], logger: logger)
        do {
            try await group.run()
        } catch {
            Self.complain([Self.message(error)])
            throw ExitCode(Self.exitCode(error))
        }
    }

    private static func complain(_ messages: [String]) {
        for message in messages {
            let bytes = Array("cofferd: \(message)\n".utf8)
            _ = write(STDERR_FILENO, bytes, bytes.count)
        }
    }

    private static func message(_ error: any Error) -> String {
        (error as? StoreError)?.message ?? "\(error)"
    }

    private static func exitCode(_ error: any Error) -> Int32 {
        if let error = error as? StoreError {
            switch error.code {
            case .inUse: return 75
            case .damaged, .rolledBack: return 65
            case .unwritable, .full, .audit: return 73
            case .notOurs: return 77
            case .invalidArgument: return 78
            default: return 1
            }
        }
        if error is ConfigurationErrors { return 78 }
        if let error = error as? HTTPServerError {
            switch error.kind {
            case .inUse: return 75
            case .bind: return 73
            case .certificate: return 78
            }
        }
        if let error = error as? SocketError {
            switch error.kind {
            case .inUse: return 75
            case .permission: return 77
            case .path: return 73
            case .system: return 1
            }
        }
        return 1
    }
}

/// The environment as a dictionary, without Foundation.
enum ProcessEnvironment {
    static func all() -> [String: String] {
        var result: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let pair = String(cString: text)
            if let equals = pair.firstIndex(of: "=") { result[String(pair[..<equals])] = String(pair[pair.index(after: equals)...]) }
            entry += 1
        }
        return result
    }
}
