import ArgumentParser
import CofferClient
import CofferRecords

struct CredentialPrune: Verb {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Disables or removes credentials that two verdicts, ten minutes apart, found dead.",
        discussion: """
            Never one that nobody could ask about. A line tells of each that is dead or suspect what became of it, and why. Removed ones \
            come back with undelete for 30 days.

            EXAMPLES
              coffer credential prune '*' --dry-run
              coffer credential prune --provider free-api --remove
            """)

    @Argument(help: "Those whose name matches; * stands for anything, '*' alone for all.")
    var name: String?

    @Option(help: ArgumentHelp("Those with this tag.", valueName: "tag"))
    var tag: String?

    @Option(help: ArgumentHelp("Those of this provider.", valueName: "name"))
    var provider: String?

    @Option(help: ArgumentHelp("Those in this pool.", valueName: "name"))
    var pool: String?

    @Flag(help: "Removes them; else they are disabled.")
    var remove = false

    @Flag(help: "Says what would be done and does nothing.")
    var dryRun = false

    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    func validate() throws {
        if name == nil, tag == nil, provider == nil, pool == nil {
            throw ValidationError("say which: a name, '*' for all, --tag, --provider or --pool")
        }
    }

    func run() async throws {
        let given = [("tag", tag), ("provider", provider), ("pool", pool)].compactMap { name, value in value.map { RecordField(name, $0) } }
        let options = given + [RecordField("action", remove ? "remove" : "disable"), RecordField("dry_run", dryRun ? "true" : "false")]
        let act = try await global.client().act("prune", "credential", id: name ?? "*", options: options)
        let lines = (act["credentials"] ?? "").split(separator: "\n").map { RecordShape.words($0, ["number", "result", "credential"]) }
        if global.json {
            return try Output.line(.object([
                ("dry_run", .bool(dryRun)), ("action", .text(remove ? "remove" : "disable")),
                ("pruned", .number(act["pruned"].flatMap { UInt64($0) } ?? 0)), ("kept", .number(act["kept"].flatMap { UInt64($0) } ?? 0)),
                ("credentials", .array(lines.map { words in .object(words.map { ($0.name, .text($0.value)) }) })),
            ]))
        }
        for words in lines where words.count == 3 {
            let word = dryRun && words[1].value == "pruned" ? "would prune" : words[1].value
            try Output.line("\(word) \(Printable.text(words[2].value))")
        }
        try Output.line(Printable.text(act.result))
    }
}
