import ArgumentParser
import CofferClient
import CofferRecords

struct Token: Verb {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Prints a live token of a credential or a pool.",
        discussion: """
            Served from the store where there is one that lives; otherwise the command waits for the one refresh that runs, or that it \
            starts. The token stands alone on standard output; a line end follows only on a terminal or with --newline. With --watch \
            each token that takes its place is printed too, a line each, until Ctrl-C.

            Ends with 8: not in time, 10: a person must act, 11: dead, 12: no member of the pool lives, 13: the upstream asks to wait \
            or cannot be reached.

            EXAMPLES
              curl -H "Authorization: Bearer $(coffer token ci)" https://api.example.org/
              coffer token --pool web --min-left 5m --json
              coffer token ci --watch | while read -r token; do …; done
            """)

    @Argument(help: "The credential's name.")
    var name: String?

    @Option(help: ArgumentHelp("The pool that gives a token of one of its members.", valueName: "name"))
    var pool: String?

    @Option(help: ArgumentHelp("access, share, or another kind that the credential has (default: access).", valueName: "kind"))
    var kind = "access"

    @Option(help: ArgumentHelp("How long it must still live, such as 60s or 5m.", valueName: "duration"))
    var minLeft: String?

    @Option(help: ArgumentHelp("Of a pool: the same key gets the same member as long as that lives.", valueName: "key"))
    var sticky: String?

    @Flag(help: "Prints each token that takes its place, a line each.")
    var watch = false

    @Flag(help: "Ends the output with a line end.")
    var newline = false

    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    var subject: String? { pool ?? name }

    func validate() throws {
        if (name == nil) == (pool == nil) { throw ValidationError("give either a credential's name or --pool") }
        if sticky != nil, pool == nil || watch { throw ValidationError("--sticky is for one token of a pool") }
        _ = try least()
    }

    func run() async throws {
        let client = try global.client()
        let target = pool ?? name ?? ""
        guard watch else {
            let token = try await client.token(
                for: target, pool: pool != nil, kind: kind, atLeast: try least(), sticky: Array((sticky ?? "").utf8))
            return try print(token)
        }
        Interrupts.interruptIsAnEnd()
        for try await token in client.tokens(for: target, pool: pool != nil, kind: kind, atLeast: try least()) { try print(token) }
    }

    private func least() throws -> Duration {
        guard let minLeft else { return .zero }
        guard let span = Moment.span(minLeft), span <= 4_000_000_000 else {
            throw ValidationError("--min-left takes a duration such as 60s or 5m")
        }
        return .milliseconds(Int64(span))
    }

    private func print(_ token: LiveToken) throws {
        if global.json {
            return try Output.line(.object([
                ("name", token.name.isEmpty ? .null : .text(token.name)), ("kind", .text(token.kind)), ("token", .secretText(token.value)),
                ("expires", .moment(token.expires)), ("revision", .number(token.revision)),
                ("lease", token.lease.map { .text(Hex.text($0.bytes)) } ?? .null),
            ]))
        }
        if watch || newline || Output.isTerminal { return try RecordShape.printAlone(token.value) }
        try token.value.withUnsafeBytes { try Output.write($0) }
    }
}
