import ArgumentParser
import CofferClient

/// What belongs to a name: shared by put and update.
struct SettingsOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A pair of metadata, readable with info; repeat it. Replaces all pairs.", valueName: "key=value"))
    var metadata: [String] = []

    @Option(help: ArgumentHelp("A tag; repeat it. Replaces all tags.", valueName: "tag"))
    var tag: [String] = []

    @Option(help: ArgumentHelp("How many versions are kept, 1 to 100 (new secrets: 10).", valueName: "n"))
    var keepLast: UInt16?

    @Option(help: ArgumentHelp("Each new version deletes itself so long after its creation: 30d, 12h, never.", valueName: "duration"))
    var deleteAfter: String?

    func validate() throws {
        if let keepLast, !(1...Limits.keptVersions).contains(Int(keepLast)) {
            throw ValidationError("--keep-last takes 1 to \(Limits.keptVersions)")
        }
        _ = try settings()
    }

    /// Absent fields keep what is there.
    func settings() throws -> SecretSettings {
        var settings = SecretSettings()
        if !metadata.isEmpty {
            settings.metadata = try metadata.map { pair in
                guard let sign = pair.firstIndex(of: "="), sign != pair.startIndex else {
                    throw ValidationError("--metadata takes KEY=VALUE")
                }
                return MetadataPair(key: String(pair[..<sign]), value: String(pair[pair.index(after: sign)...]))
            }
        }
        if !tag.isEmpty { settings.tags = tag }
        settings.keepLast = keepLast
        if let deleteAfter {
            guard let span = deleteAfter == "never" ? 0 : Moment.span(deleteAfter) else {
                throw ValidationError("--delete-after takes a duration such as 30d or 12h, or never")
            }
            settings.deleteAfter = span
        }
        return settings
    }
}

/// What the latest version must be.
struct ExpectOption: ParsableArguments {
    @Option(help: ArgumentHelp("Changes something only where this is the latest version; 0: where there is none.", valueName: "version"))
    var expect: UInt64?

    var expectation: Expectation { expect.map { .version($0) } ?? .none }
}
