import ArgumentParser
import CofferClient

struct Explain: Verb {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Tells whether something would be allowed, and which rule decides.",
        discussion: """
            Ends with 0 where it is allowed and with 4 where it is not. Without --as it is about the caller itself.

            EXAMPLES
              coffer explain get payments/db
              coffer explain --as uid:1001,gid:100 get payments/db
              coffer explain --as unit:web.service list payments/
              coffer explain --noun policy put web
            """)

    @Option(name: .customLong("as"), help: ArgumentHelp(
        "Who asks: selectors with commas between, such as uid:1001,gid:100; repeat it.", valueName: "selectors"))
    var selectors: [String] = []

    @Option(help: ArgumentHelp("What it is about: secret, credential, pool, provider, schedule, sink, apikey, user, policy, …", valueName: "noun"))
    var noun = "secret"

    @Argument(help: "What would be done: get, info, list, put, activate, delete, destroy, …")
    var action: String

    @Argument(help: "The name of the secret or the policy.")
    var name: String = ""

    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    func run() async throws {
        let all = selectors.flatMap { $0.split(separator: ",").map(String.init) }
        let answer = try await global.client().explain(selectors: all, noun: noun, action: action, name: name)
        if global.json {
            try Output.line(.object([
                ("allowed", .bool(answer.allowed)), ("policy", answer.policy.isEmpty ? .null : .text(answer.policy)),
                ("rule", answer.rule == 0 ? .null : .number(UInt64(answer.rule))), ("notes", .texts(answer.notes)),
            ]))
        } else {
            var line = answer.allowed ? "allowed" : "denied"
            if !answer.policy.isEmpty { line += " by policy \(Printable.text(answer.policy))" }
            if answer.rule > 0 { line += ", rule \(answer.rule)" }
            try Output.line(line)
            for note in answer.notes { try Output.line("  " + Printable.text(note)) }
        }
        if !answer.allowed { throw QuietExit(status: .denied) }
    }
}
