import ArgumentParser
import CofferClient
import CofferRecords

struct APIKeyReveal: Verb {
    static let configuration = CommandConfiguration(
        commandName: "reveal",
        abstract: "Prints an API key again, where its tenant keeps readable forms.",
        discussion: "EXAMPLES\n  coffer apikey reveal 7")

    @OptionGroup var key: APIKeyCommand.Number
    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    var subject: String? { key.subject }

    func run() async throws {
        let secret = try await global.client().reveal(apiKey: key.id)
        if global.json { return try Output.line(.object([("number", .number(key.number)), ("key", .secretText(secret))])) }
        try RecordShape.printAlone(secret)
    }
}

struct APIKeyUsageVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "usage",
        abstract: "Shows what an API key was used for, the newest first.",
        discussion: """
            EXAMPLES
              coffer apikey usage 7
              coffer apikey usage 7 --lines 200 --json
            """)

    @OptionGroup var key: APIKeyCommand.Number

    @Option(help: ArgumentHelp("Most lines, 0 to 1000 (default: 20).", valueName: "n"))
    var lines = 20

    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    var subject: String? { key.subject }

    func validate() throws {
        if !(0...1_000).contains(lines) { throw ValidationError("--lines takes 0 to 1000") }
    }

    func run() async throws {
        let usage = try await global.client().usage(apiKey: key.id, limit: lines)
        if global.json {
            return try Output.line(.object([
                ("apikey", RecordShape.apikey.json(usage.record)), ("lines", .array(usage.lines.map(Self.json))),
            ]))
        }
        let shape = RecordShape.apikey
        var totals = Table([])
        for name in ["used", "quota", "reserved", "requests_per_minute", "day_used", "tokens_per_day", "month_used", "tokens_per_month"] {
            totals.add([shape.field(name).title, shape.cell(usage.record, name)])
        }
        try totals.print()
        guard !usage.lines.isEmpty else { return }
        var table = Table(["TIME", "AMOUNT", "MODEL", "INPUT", "OUTPUT", "REQUEST"])
        for line in usage.lines {
            table.add([
                Moment.cell(line.time), String(line.amount), line.model.isEmpty ? "-" : line.model, String(line.inputTokens),
                String(line.outputTokens), line.requestID.isEmpty ? "-" : line.requestID,
            ])
        }
        try Output.line("")
        try table.print()
    }

    private static func json(_ line: UsageLine) -> JSON {
        .object([
            ("time", .moment(line.time)), ("amount", .signed(line.amount)), ("request_id", .text(line.requestID)),
            ("model", .text(line.model)), ("input_tokens", .signed(line.inputTokens)), ("output_tokens", .signed(line.outputTokens)),
        ])
    }
}
