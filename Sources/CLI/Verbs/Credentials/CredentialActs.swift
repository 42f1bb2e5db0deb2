import ArgumentParser
import CofferClient
import CofferRecords

/// Acts may wait for an upstream, and for their turn.
extension GlobalOptions {
    var actTimeout: Duration? { timeout == nil ? .seconds(300) : nil }
}

struct CredentialRefresh: Verb {
    static let configuration = CommandConfiguration(
        commandName: "refresh",
        abstract: "Gets new tokens now, whether or not those that are there still live.",
        discussion: """
            Joins a refresh that is running. A credential that needs a person is not dialled unless --again says that somebody takes the \
            risk of presenting a token that may have been used. A line tells what became of each; ends with 1 where one of several \
            failed, with its own code where it was the only one.

            EXAMPLES
              coffer credential refresh ci
              coffer credential refresh --tag nightly --json
              coffer credential refresh ada --relogin
            """)

    @OptionGroup var selection: CredentialSelection

    @Flag(help: "Logs in anew, even where a session is alive.")
    var relogin = false

    @Flag(help: "Tries again although a person should have looked first.")
    var again = false

    @Option(help: ArgumentHelp("Also gets tokens of this kind, such as share; repeat it.", valueName: "kind"))
    var kind: [String] = []

    @Option(help: ArgumentHelp("A step of the provider to run behind it, such as user-info; repeat it.", valueName: "step"))
    var step: [String] = []

    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    func run() async throws {
        var options: [RecordField] = []
        if again { options.append(RecordField("again", "true")) }
        if let kinds = try AccountArgument.lines(kind, "--kind") { options.append(RecordField("kinds", "access\n" + kinds)) }
        if let steps = try AccountArgument.lines(step, "--step") { options.append(RecordField("steps", steps)) }
        let (verb, fixed, timeout) = (relogin ? "relogin" : "refresh", options, global.actTimeout)
        try await BatchRun(selection, global).run { client, name in
            .init(try await client.act(verb, "credential", id: name, options: fixed, timeout: timeout), done: "refreshed")
        }
    }
}

struct CredentialCheck: Verb {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Asks the service whether credentials live.",
        discussion: """
            The verdict is live, dead, suspect (one verdict; a second one at least ten minutes later decides) or unknown. Ends with 11 \
            where the only one is dead.

            EXAMPLES
              coffer credential check ci
              coffer credential check --provider free-api
            """)

    @OptionGroup var selection: CredentialSelection
    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    func run() async throws {
        let timeout = global.actTimeout
        try await BatchRun(selection, global).run { client, name in
            let act = try await client.act("check", "credential", id: name, timeout: timeout)
            let verdict = act["verdict"] ?? "unknown"
            var outcome = BatchRun.Outcome(act, done: verdict)
            switch verdict {
            case "live": break
            case "dead": outcome.status = .dead
            case "unknown": outcome.status = .upstream
            default: outcome.status = .failure
            }
            return outcome
        }
    }
}

struct CredentialRevive: Verb {
    static let configuration = CommandConfiguration(
        commandName: "revive",
        abstract: "Forgets that credentials are dead, cooling or need a person: they are tried again.",
        discussion: "EXAMPLES\n  coffer credential revive ci")

    @OptionGroup var selection: CredentialSelection
    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    func run() async throws {
        try await BatchRun(selection, global).run { client, name in
            .init(try await client.act("revive", "credential", id: name), done: "revived")
        }
    }
}

struct CredentialReveal: Verb {
    static let configuration = CommandConfiguration(
        commandName: "reveal",
        abstract: "Prints a token or a sealed field as it lies in the store, alive or not.",
        discussion: "EXAMPLES\n  coffer credential reveal ci refresh")

    @OptionGroup var credential: CredentialCommand.Name

    @Argument(help: "refresh, session, password, proxy, …")
    var field: String

    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    var subject: String? { credential.name }

    func run() async throws {
        let act = try await global.client().act("reveal", "credential", id: credential.name, options: [RecordField("field", field)])
        guard let secret = act.secret else { throw CommandFailure(.notFound, "not-found", "the credential has no \(field)") }
        guard global.json else { return try RecordShape.printAlone(secret) }
        try Output.line(.object([("name", .text(credential.name)), ("field", .text(field)), JSON.value(secret)]))
    }
}
