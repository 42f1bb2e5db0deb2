import CofferRecords
import ArgumentParser

struct APIKeyList: Verb {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists the API keys of the tenant, without the keys themselves.",
        discussion: """
            EXAMPLES
              coffer apikey list
              coffer apikey list --owner ada --status enabled --json
            """)

    @Option(help: ArgumentHelp("Only those of this user.", valueName: "user"))
    var owner: String?

    @Option(help: ArgumentHelp("Only those of this form: coffer, sk or ragflow.", valueName: "form"))
    var form: APIKeyForm?

    @Option(help: ArgumentHelp("Only those of this group.", valueName: "group"))
    var group: String?

    @Option(help: ArgumentHelp("Only those with this tag.", valueName: "tag"))
    var tag: String?

    @Option(help: ArgumentHelp("Only those that stand so: enabled, disabled, expired or exhausted.", valueName: "status"))
    var status: APIKeyStatus?

    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    func run() async throws {
        try await RecordShape.apikey.printList(
            [
                ("tenant", global.workingTenant), ("owner", owner), ("form", form?.rawValue), ("group", group), ("tag", tag),
                ("status", status?.rawValue),
            ], global)
    }
}

struct APIKeySearch: Verb {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Lists the API keys of the tenant that have a text in their name.",
        discussion: "EXAMPLES\n  coffer apikey search staging")

    @Argument(help: "The text.")
    var text: String

    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    func run() async throws {
        try await RecordShape.apikey.printList([("tenant", global.workingTenant), ("contains", text)], global)
    }
}
