import ArgumentParser
import CofferClient

struct AuditTail: Verb {
    static let configuration = CommandConfiguration(
        commandName: "tail",
        abstract: "Prints the last records, and with -f those that come.",
        discussion: """
            EXAMPLES
              coffer audit tail
              coffer audit tail -f --name 'payments/**'
              coffer audit tail -n 1000 --result denied --json
            """)

    @Flag(name: [.customShort("f"), .long], help: "Goes on with what comes, until Ctrl-C.")
    var follow = false

    @Option(name: [.customShort("n"), .long], help: ArgumentHelp("How many (default: 20).", valueName: "n"))
    var lines = 20

    @OptionGroup var filter: AuditFilter
    @OptionGroup var access: AuditAccess
    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    func validate() throws {
        guard (0...100_000).contains(lines) else { throw ValidationError("-n takes 0 to 100000") }
        if follow, access.store != nil { throw ValidationError("nothing comes in the log of a stopped store") }
    }

    private static let pause = Duration.milliseconds(500)

    func run() async throws {
        if follow { Interrupts.interruptIsAnEnd() }
        let source = try access.open(global)
        defer { source.close() }
        // Where the log ends now, whatever matches: from there on nothing is missed.
        let end = try await source.page(AuditSearchRequest(newestFirst: true, limit: 1)).entries.first?.sequence ?? 0
        var last: [AuditEntry] = []
        if lines > 0 {
            var request = try filter.request()
            request.newestFirst = true
            request.cursor = end + 1
            request.limit = UInt16(min(lines, Limits.auditPage))
            try await source.all(request) { entry in
                last.append(entry)
                return last.count < lines
            }
        }
        for entry in last.reversed() { try AuditLine(entry: entry).print(json: global.json) }
        guard follow else { return }
        var request = try filter.request()
        request.cursor = end
        request.limit = UInt16(Limits.auditPage)
        while true {
            let page = try await source.page(request)
            for entry in page.entries { try AuditLine(entry: entry).print(json: global.json) }
            request.cursor = max(page.cursor, request.cursor)
            if !page.more { try await Task.sleep(for: Self.pause) }
        }
    }
}
