import ArgumentParser
import CofferClient

struct Update: Verb {
    static let configuration = CommandConfiguration(
        commandName: "update",
        abstract: "Changes a secret's metadata, tags and rules, without a new version.",
        discussion: """
            What is not given stays. --metadata and --tag replace what was there.

            EXAMPLES
              coffer update payments/db --tag production --tag billing
              coffer update payments/db --keep-last 3 --delete-after 90d
              coffer update payments/db --clear-metadata
            """)

    @Argument(help: "The secret's name.")
    var name: String

    @OptionGroup var settings: SettingsOptions

    @Flag(help: "Removes all metadata.")
    var clearMetadata = false

    @Flag(help: "Removes all tags.")
    var clearTags = false

    @OptionGroup var expected: ExpectOption
    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    var subject: String? { name }

    func validate() throws {
        if clearMetadata, !settings.metadata.isEmpty { throw ValidationError("--clear-metadata and --metadata exclude each other") }
        if clearTags, !settings.tag.isEmpty { throw ValidationError("--clear-tags and --tag exclude each other") }
        if try complete().isEmpty { throw ValidationError("there is nothing to change: name an option") }
    }

    func run() async throws {
        let change = try await global.client().update(name, settings: complete(), expected: expected.expectation)
        try ChangeReport.print(name, "updated", version: 0, change, json: global.json)
    }

    private func complete() throws -> SecretSettings {
        var settings = try settings.settings()
        if clearMetadata { settings.metadata = [] }
        if clearTags { settings.tags = [] }
        return settings
    }
}
