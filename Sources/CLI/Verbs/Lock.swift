import ArgumentParser
import CofferClient

struct Lock: Verb {
    static let configuration = CommandConfiguration(
        commandName: "lock",
        abstract: "Locks the store: its keys are wiped, nothing can be read until unlock.",
        discussion: "EXAMPLES\n  coffer lock")

    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    func run() async throws {
        try await global.client().lock()
        try global.json ? Output.line(.object([("locked", .bool(true))])) : Output.line("the store is locked")
    }
}
