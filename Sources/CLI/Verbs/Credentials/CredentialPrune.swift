import ArgumentParser
import CofferClient

struct CredentialPrune: Verb {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Removes credentials of which two verdicts, ten minutes apart, say that they are dead.",
        discussion: """
            Never one that nobody could ask about. Removed ones come back with undelete for 30 days.

            EXAMPLES
              coffer credential prune --all --dry-run
              coffer credential prune --provider free-api --disable
            """)

    @OptionGroup var selection: CredentialSelection

    @Flag(help: "Disables them instead.")
    var disable = false

    @Flag(help: "Says what would be done and does nothing.")
    var dryRun = false

    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    func run() async throws {
        let options = [RecordField("action", disable ? "disable" : "remove"), RecordField("dry_run", dryRun ? "true" : "false")]
        let done = (dryRun ? "would be " : "") + (disable ? "disabled" : "removed")
        try await BatchRun(selection, global).run { client, name in
            let act = try await client.act("prune", "credential", id: name, options: options)
            return .init(act, done: act["pruned"] == "true" ? done : "stays")
        }
    }
}
