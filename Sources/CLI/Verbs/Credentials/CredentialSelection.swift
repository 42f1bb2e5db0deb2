import ArgumentParser
import CofferClient
import CofferRecords

/// Which credentials a verb is about: some by name, or all that an option finds.
struct CredentialSelection: ParsableArguments {
    @Argument(help: "Their names, or # and their numbers.")
    var names: [String] = []

    @Flag(help: "All of the tenant.")
    var all = false

    @Option(help: ArgumentHelp("Those with this tag.", valueName: "tag"))
    var tag: String?

    @Option(help: ArgumentHelp("Those of this provider.", valueName: "name"))
    var provider: String?

    @Option(help: ArgumentHelp("Those in this state: due, cooling, needs-person, dead, …", valueName: "state"))
    var state: String?

    func validate() throws {
        let isFiltered = tag != nil || provider != nil || state != nil
        guard [!names.isEmpty, all || isFiltered].count(where: { $0 }) == 1 else {
            throw ValidationError("give names, or --tag, --provider or --state, or --all")
        }
    }

    /// The names, in the order in which they were made.
    func resolve(_ client: CofferClient) async throws -> [String] {
        guard names.isEmpty else { return names }
        let filter = [("tag", tag), ("provider", provider), ("state", state)].compactMap { name, value in
            value.map { RecordField(name, $0) }
        }
        return try await RecordShape.credential.all(filter, client).map(\.id)
    }

    /// Gives all of them the same values.
    func update(_ fields: [RecordField], done: String, _ global: GlobalOptions) async throws {
        try await BatchRun(self, global).run { client, name in
            let record = try await client.updateRecord("credential", id: name, fields: fields)
            return .init(done, record: record)
        }
    }
}
