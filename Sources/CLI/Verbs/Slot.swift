import ArgumentParser
import CofferClient

struct SlotCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slot",
        abstract: "Lists, adds, removes, renews and tries the slots that open the store.",
        discussion: """
            Each slot opens the store with another secret: a key file, a passphrase, a credential of the service manager, or a \
            recovery key on paper. With --store the verbs work on a store whose daemon is stopped.
            """,
        subcommands: [Names.self, SlotAdd.self, Remove.self, SlotRotate.self, SlotRehearse.self])

    struct Names: Verb {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Lists the slots that open the store.",
            discussion: """
                EXAMPLES
                  coffer slot list
                  coffer slot list --store /var/lib/coffer
                """)

        @OptionGroup var access: SlotAccess
        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        func run() async throws {
            let slots = try await access.list(global)
            if global.json {
                return try Output.line(.array(slots.map {
                    .object([
                        ("id", .number(UInt64($0.id))), ("kind", .text($0.kind.word)), ("label", .text($0.label)),
                        ("created", .moment($0.created)), ("in_use", .bool($0.inUse)),
                    ])
                }))
            }
            var table = Table(["ID", "KIND", "CREATED", "IN USE", "LABEL"])
            for slot in slots {
                table.add([
                    String(slot.id), slot.kind.word, Moment.cell(slot.created), slot.inUse ? "yes" : "-",
                    slot.label.isEmpty ? "-" : slot.label,
                ])
            }
            try table.print()
        }
    }

    struct Remove: Verb {
        static let configuration = CommandConfiguration(
            commandName: "remove",
            abstract: "Removes a slot from this store file; the last one stays.",
            discussion: """
                It stops only this file: older copies and backups of the store still open with the slot's secret. With --new-root \
                the store gets a new root key as well, which whoever learned the old one does not have; see 'coffer rekey root'.

                EXAMPLES
                  coffer slot remove 3
                  coffer slot remove 3 --new-root
                """,
            aliases: ["rm"])

        @Argument(help: "The slot's number, as slot list shows it.")
        var id: UInt32

        @Flag(help: "Replaces the root key too; all slots whose secret is not at hand are dropped.")
        var newRoot = false

        @OptionGroup var secrets: RootSecrets
        @OptionGroup var access: SlotAccess
        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { "slot \(id)" }

        func validate() throws {
            if !newRoot, secrets.areGiven { throw ValidationError("--secret-file, --passphrase-fd and --drop-others go with --new-root") }
        }

        func run() async throws {
            if newRoot { return try await RootChange(access: access, secrets: secrets, global: global).run(removing: id) }
            try await access.remove(id, global)
            if global.json { return try Output.line(.object([("id", .number(UInt64(id))), ("removed", .bool(true))])) }
            try Output.line("""
                slot \(id) is removed: its secret no longer opens this store file
                This stops only this file: copies and backups made before still open with it.
                """)
        }
    }
}
