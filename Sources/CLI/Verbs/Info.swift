import ArgumentParser
import CofferClient

struct Info: Verb {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "Shows what there is to know of a secret besides its values.",
        discussion: """
            EXAMPLES
              coffer info payments/db
              coffer info payments/db --json
            """)

    @Argument(help: "The secret's name.")
    var name: String

    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    var subject: String? { name }

    func run() async throws {
        let info = try await global.client().info(name)
        if global.json { return try Output.line(Self.json(name, info)) }
        var table = Table([])
        table.add(["name", name])
        table.add(["state", info.deleted ? "deleted" : "live"])
        table.add(["active version", info.activeVersion == 0 ? "none" : String(info.activeVersion)])
        table.add(["latest version", String(info.latestVersion)])
        table.add(["created", Moment.cell(info.created)])
        table.add(["updated", Moment.cell(info.updated)])
        table.add(["revision", String(info.revision)])
        table.add(["kept versions", String(info.keepLast)])
        table.add(["deleted after", Moment.spanText(info.deleteAfter)])
        table.add(["tags", info.tags.isEmpty ? "-" : info.tags.joined(separator: ", ")])
        for pair in info.metadata { table.add(["metadata", "\(pair.key)=\(pair.value)"]) }
        try table.print()
        try Output.line("")
        try History.print(info)
    }

    static func json(_ name: String, _ info: InfoResponse) -> JSON {
        .object([
            ("name", .text(name)), ("deleted", .bool(info.deleted)), ("active_version", .number(info.activeVersion)),
            ("latest_version", .number(info.latestVersion)), ("created", .moment(info.created)), ("updated", .moment(info.updated)),
            ("revision", .number(info.revision)), ("keep_last", .number(UInt64(info.keepLast))),
            ("delete_after_ms", .number(info.deleteAfter)),
            ("metadata", .object(info.metadata.map { ($0.key, .text($0.value)) })), ("tags", .texts(info.tags)),
            ("versions", .array(info.versions.map { History.json($0, active: info.activeVersion) })),
        ])
    }
}
