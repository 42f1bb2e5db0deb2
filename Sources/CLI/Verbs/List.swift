import ArgumentParser
import CofferClient

struct List: Verb {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists the names of secrets.",
        discussion: """
            The prefix is compared byte for byte: payments/ lists what lies below it, payments also payments-old. Only names \
            that the caller may list are shown. In a pipe each line is a name, with --deleted followed by a tab and \
            "deleted" where it is.

            EXAMPLES
              coffer list
              coffer list payments/ --limit 100
              coffer list --deleted --json
            """)

    @Argument(help: "The beginning of the names.")
    var prefix: String = ""

    @Option(help: ArgumentHelp("At most so many names.", valueName: "n"))
    var limit: Int?

    @Flag(help: "Also names that are deleted and can be undeleted.")
    var deleted = false

    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    var subject: String? { prefix.isEmpty ? nil : prefix }

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit takes 1 or more") }
    }

    func run() async throws {
        let client = try global.client()
        let names = try client.list(prefix: prefix, includeDeleted: deleted)
        var lines = Lines(isTable: !global.json && Output.isTerminal, json: global.json, deleted: deleted)
        var count = 0
        var isCut = false
        for try await entry in names {
            if let limit, count == limit {
                isCut = true
                break
            }
            try lines.add(entry)
            count += 1
        }
        try lines.finish()
        if isCut { Output.remark("coffer: there are more names than --limit allows") }
    }

    /// Collects lines, so that a long list does not cost a system call for each name.
    private struct Lines {
        let isTable: Bool
        let json: Bool
        let deleted: Bool
        private var count = 0
        private var buffer: [UInt8] = []

        init(isTable: Bool, json: Bool, deleted: Bool) {
            self.isTable = isTable
            self.json = json
            self.deleted = deleted
        }

        mutating func add(_ entry: ListPage.Entry) throws {
            if json {
                buffer += Array((count == 0 ? "[\n" : ",\n").utf8)
                JSON.object([JSON.name(entry.name), ("deleted", .bool(entry.deleted))]).append(to: &buffer)
            } else if isTable {
                if count == 0 { buffer += Array((deleted ? "STATE    NAME\n" : "NAME\n").utf8) }
                if deleted { buffer += Array((entry.deleted ? "deleted  " : "live     ").utf8) }
                buffer += Array((Printable.name(entry.name) + "\n").utf8)
            } else {
                buffer += entry.name
                buffer += Array((entry.deleted ? "\tdeleted\n" : "\n").utf8)
            }
            count += 1
            if buffer.count > 32_768 { try flush() }
        }

        mutating func finish() throws {
            if json { buffer += Array((count == 0 ? "[]\n" : "\n]\n").utf8) }
            try flush()
        }

        private mutating func flush() throws {
            try Output.write(buffer)
            buffer.removeAll(keepingCapacity: true)
        }
    }
}
