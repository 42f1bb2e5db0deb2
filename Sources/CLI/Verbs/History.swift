import ArgumentParser
import CofferClient

struct History: Verb {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Shows the versions of a secret, the oldest first.",
        discussion: """
            A star marks the active version, the one that get reads.

            EXAMPLES
              coffer history payments/db
            """)

    @Argument(help: "The secret's name.")
    var name: String

    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    var subject: String? { name }

    func run() async throws {
        let info = try await global.client().info(name)
        if global.json { return try Output.line(.array(info.versions.map { Self.json($0, active: info.activeVersion) })) }
        try Self.print(info)
    }

    static func print(_ info: InfoResponse) throws {
        var table = Table(["VERSION", "STATE", "CREATED", "EXPIRES", "DELETED", "BYTES", "TYPE", "BY"])
        for version in info.versions {
            table.add([
                "\(version.version)\(version.version == info.activeVersion ? " *" : "")", "\(version.state)",
                Moment.cell(version.created), Moment.cell(version.expires), Moment.cell(version.deleted), String(version.size),
                version.contentType.isEmpty ? "-" : version.contentType, version.createdBy.isEmpty ? "-" : version.createdBy,
            ])
        }
        try table.print()
    }

    static func json(_ version: VersionInfo, active: UInt64) -> JSON {
        .object([
            ("version", .number(version.version)), ("active", .bool(version.version == active)), ("state", .text("\(version.state)")),
            ("created", .moment(version.created)), ("expires", .moment(version.expires)), ("deleted", .moment(version.deleted)),
            ("size", .number(UInt64(version.size))), ("content_type", .text(version.contentType)),
            ("created_by", .text(version.createdBy)),
        ])
    }
}
