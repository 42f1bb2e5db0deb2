import ArgumentParser

/// The root of the command line.
struct Coffer: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coffer",
        abstract: "Stores secrets with the Coffer daemon of this machine and gets them back.",
        discussion: """
            Values come from standard input, from a file or from a prompt, never from the command line, where other users and \
            the shell's history could see them.

            EXAMPLES
              openssl rand -hex 24 | coffer put payments/db --trim-newline
              coffer get payments/db
              coffer list payments/
              coffer import .env --prefix payments/ --dry-run
              coffer token ci --min-left 60s
              coffer credential refresh --tag nightly
              coffer apikey create staging --unlimited
              coffer explain --as uid:1001 get payments/db
              coffer status

            EXIT CODES
              0  success            5  locked                 64  usage
              1  other failure      6  no daemon              65  bad input
              2  conflict           7  busy, draining, full   73  cannot create
              3  not found          8  too late                   the output
              4  denied                 9  API key refused

              of tokens: 10 a person must act, 11 dead, 12 no live member, 13 the upstream
            """,
        groupedSubcommands: [
            CommandGroup(name: "Secrets", subcommands: [
                Put.self, Get.self, List.self, Info.self, History.self, Activate.self, Delete.self, Undelete.self, Destroy.self,
                Update.self, Watch.self,
            ]),
            CommandGroup(name: "Files", subcommands: [Import.self, Export.self]),
            CommandGroup(name: "Tokens of other services", subcommands: [
                Token.self, Report.self, CredentialCommand.self, PoolCommand.self, ProviderCommand.self, ScheduleCommand.self,
                SinkCommand.self,
            ]),
            CommandGroup(name: "Accounts", subcommands: [
                TenantCommand.self, UserCommand.self, APIKeyCommand.self, DoorCommand.self,
            ]),
            CommandGroup(name: "Access", subcommands: [Policy.self, Explain.self, Whoami.self]),
            CommandGroup(name: "The store", subcommands: [
                Init.self, Unlock.self, Lock.self, SlotCommand.self, RekeyCommand.self, BackupCommand.self, Restore.self, Status.self, Doctor.self, Scrub.self,
            ]),
            CommandGroup(name: "Who did what", subcommands: [AuditCommand.self]),
            CommandGroup(name: "This command", subcommands: [Completion.self, VersionCommand.self]),
        ])

    /// Verbs at which somebody may type a secret by mistake.
    static let takesSecrets: Set<String> = [
        "put", "import", "unlock", "init", "slot", "rekey", "user", "apikey", "door", "credential", "pool", "backup", "restore",
    ]

    /// The words of `arguments` that name a verb, down to its own verbs.
    static func verbs(on arguments: [String]) -> [String] {
        var names: [String] = []
        var command: any ParsableCommand.Type = Coffer.self
        for argument in arguments {
            let all = command.configuration.subcommands + command.configuration.groupedSubcommands.flatMap(\.subcommands)
            guard let next = all.first(where: { $0.configuration.commandName == argument || $0.configuration.aliases.contains(argument) })
            else { break }
            names.append(argument)
            command = next
        }
        return names
    }
}
