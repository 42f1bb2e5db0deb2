import ArgumentParser
import CofferClient

struct APIKeyReserve: Verb {
    static let configuration = CommandConfiguration(
        commandName: "reserve",
        abstract: "Verifies an API key and sets quota units aside for a piece of work.",
        discussion: """
            The key is one line of standard input, or, where that is a terminal, asked for. The same --request-id again is answered \
            as the first time. Units that are neither settled nor released go back when the time is up. Ends with 9 where the key \
            is refused.

            EXAMPLES
              coffer apikey reserve --amount 2000 --request-id job-17 --lifetime 5m < key
              coffer apikey settle 7 --request-id job-17 --amount 1830
            """)

    @OptionGroup var noSecrets: NoSecretsHere

    @Option(help: ArgumentHelp("Quota units to set aside.", valueName: "n"))
    var amount: UInt64

    @Option(help: ArgumentHelp("Names this piece of work among those of the key.", valueName: "text"))
    var requestID: String

    @Option(help: ArgumentHelp("After which time the units go back, 1s to 1d (default: 10m).", valueName: "duration"))
    var lifetime = "10m"

    @OptionGroup var use: APIKeyUse
    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    func validate() throws {
        try AccountArgument.check(units: amount, "--amount")
        _ = try milliseconds()
    }

    func run() async throws {
        let client = try global.client()
        let key = try APIKeyUse.key()
        let answer = try await client.reserve(
            key, address: AccountArgument.address(use.address), model: use.model, amount: amount, requestID: requestID,
            lifetime: .milliseconds(milliseconds()))
        let verdict = answer.verdict
        if global.json {
            try Output.line(.object(verdict.fields + [
                ("amount", .signed(answer.amount)), ("reserved_until", .moment(answer.expires)), ("repeated", .bool(answer.repeated)),
            ]))
        } else if answer.expires > 0 {
            let again = answer.repeated ? " (before)" : ""
            try Output.line("API key \(verdict.number): \(answer.amount) reserved\(again) until \(Moment.text(answer.expires))")
        } else {
            try verdict.print()
        }
        if !verdict.isValid { throw QuietExit(status: .refused) }
    }

    private func milliseconds() throws -> UInt32 {
        guard let span = Moment.span(lifetime), (1_000...86_400_000).contains(span) else {
            throw ValidationError("--lifetime takes a duration from 1s to 1d")
        }
        return UInt32(span)
    }
}

struct APIKeySettle: Verb {
    static let configuration = CommandConfiguration(
        commandName: "settle",
        abstract: "Says what reserved work really cost; the rest goes back.",
        discussion: "EXAMPLES\n  coffer apikey settle 7 --request-id job-17 --amount 1830 --model gpt-4o --input-tokens 900")

    @OptionGroup var key: APIKeyCommand.Number

    @Option(help: ArgumentHelp("As it was given to reserve.", valueName: "text"))
    var requestID: String

    @Option(help: ArgumentHelp("Quota units that the work cost; may be more than was reserved.", valueName: "n"))
    var amount: UInt64

    @Option(help: ArgumentHelp("The model, for the usage line.", valueName: "model"))
    var model = ""

    @Option(help: ArgumentHelp("Tokens that went in.", valueName: "n"))
    var inputTokens: UInt64 = 0

    @Option(help: ArgumentHelp("Tokens that came out.", valueName: "n"))
    var outputTokens: UInt64 = 0

    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    var subject: String? { key.subject }

    func validate() throws {
        try AccountArgument.check(units: amount, "--amount")
        try AccountArgument.check(units: inputTokens, "--input-tokens")
        try AccountArgument.check(units: outputTokens, "--output-tokens")
    }

    func run() async throws {
        let answer = try await global.client().settle(
            key.number, requestID: requestID, amount: amount, model: model, inputTokens: inputTokens, outputTokens: outputTokens)
        try answer.print(key.number, "settled", global)
    }
}

struct APIKeyRelease: Verb {
    static let configuration = CommandConfiguration(
        commandName: "release",
        abstract: "Gives a reservation back: the work was not done.",
        discussion: "EXAMPLES\n  coffer apikey release 7 --request-id job-17")

    @OptionGroup var key: APIKeyCommand.Number

    @Option(help: ArgumentHelp("As it was given to reserve.", valueName: "text"))
    var requestID: String

    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    var subject: String? { key.subject }

    func run() async throws {
        let answer = try await global.client().release(key.number, requestID: requestID)
        try answer.print(key.number, "released", global)
    }
}

extension Settlement {
    func print(_ number: UInt64, _ what: String, _ global: GlobalOptions) throws {
        if global.json {
            return try Output.line(.object([
                ("number", .number(number)), ("charged", .signed(charged)), ("shortfall", .signed(shortfall)),
                ("remaining", .signed(remaining)), ("unlimited", .bool(unlimited)), ("repeated", .bool(repeated)),
            ]))
        }
        var line = "API key \(number): \(what)\(repeated ? " before" : ""), \(charged) charged"
        if shortfall > 0 { line += ", \(shortfall) more were not there" }
        try Output.line(line + ", \(unlimited ? "unlimited" : String(remaining)) left")
    }
}
