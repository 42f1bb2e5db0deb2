import ArgumentParser
import CofferClient
import Glibc

/// What every verb takes.
struct GlobalOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The daemon's socket (default: $COFFER_SOCKET, else the system's).", valueName: "path"))
    var socket: String?

    @OptionGroup var remote: RemoteOptions

    @Option(help: ArgumentHelp("The tenant to work in (default: $COFFER_TENANT, else main).", valueName: "name"))
    var tenant: String?

    @Flag(help: "Writes JSON, errors included.")
    var json = false

    @Option(help: ArgumentHelp("How long to wait for an answer; 0: without limit (default: 30).", valueName: "seconds"))
    var timeout: Double?

    func validate() throws {
        if let timeout, !(timeout >= 0 && timeout <= 4_000_000) {
            throw ValidationError("--timeout takes 0 to 4000000 seconds")
        }
        if socket != nil, remote.url != nil { throw ValidationError("--socket and --url exclude each other") }
    }

    /// The tenant that was asked for, where one was.
    var namedTenant: String? { tenant ?? Environment.variable("COFFER_TENANT") }

    /// The tenant that the verb works in.
    var workingTenant: String { namedTenant ?? "main" }

    /// A client that connects with its first call.
    func client() throws -> CofferClient {
        var configuration: ClientConfiguration
        if socket == nil, let address = try remote.address() {
            configuration = ClientConfiguration(socketPath: address.text, tenant: Environment.variable("COFFER_TENANT") ?? "main")
            configuration.connector = try remote.connector(to: address)
        } else if let socket {
            configuration = ClientConfiguration(socketPath: socket, tenant: Environment.variable("COFFER_TENANT") ?? "main")
        } else {
            configuration = try ClientConfiguration.fromEnvironment()
        }
        if let tenant { configuration.tenant = tenant }
        configuration.clientName = "coffer \(Version.current)"
        // A person waits: a second is enough for a daemon that is just starting.
        configuration.connectTimeout = .seconds(configuration.connector == nil ? 1 : 10)
        if let timeout {
            configuration.requestTimeout = .milliseconds(Int64((timeout * 1_000).rounded(.up)))
            // Shorter than the whole, so that "no daemon" is told from "no answer".
            if timeout > 0 { configuration.connectTimeout = .milliseconds(Int64(min(timeout * 500, 5_000))) }
        }
        return try CofferClient(configuration)
    }
}

enum Environment {
    /// A variable that is empty counts as absent.
    static func variable(_ name: String) -> String? {
        guard let value = getenv(name).map({ String(cString: $0) }), !value.isEmpty else { return nil }
        return value
    }
}

/// A verb as the runner sees it.
protocol Verb: AsyncParsableCommand {
    var global: GlobalOptions { get }
    /// What it is about, for the beginning of an error message.
    var subject: String? { get }
}

extension Verb {
    var subject: String? { nil }
}

/// Takes the words that somebody may have meant for a secret, and refuses them without repeating them.
struct NoSecretsHere: ParsableArguments {
    @Argument(help: .hidden)
    var extra: [String] = []

    static let reason =
        "a secret is never taken from the command line, where other users and the shell's history can see it; "
        + "give it on standard input, with an option that names a file, or at the prompt (if this was one, replace it)"

    func validate() throws {
        if !extra.isEmpty { throw ValidationError("unexpected argument: \(Self.reason)") }
    }
}
