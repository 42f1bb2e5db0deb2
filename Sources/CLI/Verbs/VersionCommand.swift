import ArgumentParser
import CofferClient

struct VersionCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "version",
        abstract: "Prints the version of this command and of the protocol that it speaks.",
        discussion: "EXAMPLES\n  coffer version --json")

    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    func run() async throws {
        if global.json {
            return try Output.line(.object([
                ("version", .text(Version.current)), ("protocol_minimum", .number(UInt64(ProtocolVersion.minimum))),
                ("protocol_maximum", .number(UInt64(ProtocolVersion.maximum))),
            ]))
        }
        try Output.line("coffer \(Version.current), protocol \(ProtocolVersion.minimum) to \(ProtocolVersion.maximum)")
    }
}
