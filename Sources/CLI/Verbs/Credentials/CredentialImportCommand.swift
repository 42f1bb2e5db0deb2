import ArgumentParser

struct CredentialImportCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Brings credentials from files of JSON lines or CSV, whatever their length.",
        discussion: """
            The same as 'coffer import --from credentials'. A line that is broken is told and skipped. Credentials that are there are \
            left as they are.

            EXAMPLES
              coffer credential import accounts.jsonl --dry-run
              coffer credential import - < accounts.csv
            """)

    @Argument(help: "The files; -: standard input.", completion: .file())
    var files: [String]

    @Flag(help: "Says what would change and changes nothing.")
    var dryRun = false

    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    func run() async throws { try await TokenImport(source: "credentials", dryRun: dryRun, global: global).run(lines: files) }
}
