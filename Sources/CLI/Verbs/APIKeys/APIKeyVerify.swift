import ArgumentParser
import CofferClient

struct APIKeyVerify: Verb {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Tells whether an API key is valid, and if not, why.",
        discussion: """
            The key is one line of standard input, or, where that is a terminal, asked for. Ends with 0 where it is valid and with \
            9 where it is refused. With --cost the units are taken from a valid key.

            EXAMPLES
              coffer apikey verify < key
              coffer apikey verify --address 10.1.2.3 --model gpt-4o --json < key
            """)

    @OptionGroup var noSecrets: NoSecretsHere
    @OptionGroup var use: APIKeyUse

    @Option(help: ArgumentHelp("Quota units to take at once (default: 0).", valueName: "n"))
    var cost: UInt64 = 0

    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    func validate() throws { try AccountArgument.check(units: cost, "--cost") }

    func run() async throws {
        let client = try global.client()
        let key = try APIKeyUse.key()
        let verdict = try await client.verify(key, address: AccountArgument.address(use.address), model: use.model, cost: cost)
        if global.json {
            try Output.line(.object(verdict.fields))
        } else {
            try verdict.print()
        }
        if !verdict.isValid { throw QuietExit(status: .refused) }
    }
}

/// Who uses an API key, and for what.
struct APIKeyUse: ParsableArguments {
    @Option(help: ArgumentHelp("Where the request comes from.", valueName: "address"))
    var address: String?

    @Option(help: ArgumentHelp("The model that is to be used.", valueName: "model"))
    var model = ""

    func validate() throws { _ = try AccountArgument.address(address) }

    /// Longest key that can be asked about (protocol.md).
    private static let limit = 512

    static func key() throws -> SecretBytes {
        try SecretInput.line("the API key", prompt: "API key", twice: false, limit: limit)
    }
}

extension Verdict {
    /// For people and in JSON, as protocol.md calls them.
    var word: String {
        switch reason {
        case .valid: "valid"
        case .unknownKey: "unknown-key"
        case .address: "address"
        case .disabled: "disabled"
        case .expired: "expired"
        case .owner: "owner-disabled"
        case .group: "group"
        case .model: "model"
        case .quota: "quota"
        case .wallet: "wallet"
        case .requestsPerMinute: "requests-per-minute"
        case .tokensPerDay: "tokens-per-day"
        case .tokensPerMonth: "tokens-per-month"
        case .inFlight: "in-flight"
        case .other(let number): "reason-\(number)"
        }
    }

    private var sentence: String {
        switch reason {
        case .valid: "valid"
        case .unknownKey: "refused: no such key, or none that you may verify"
        case .address: "refused: not from this address"
        case .disabled: "refused: the key is disabled"
        case .expired: "refused: the key has expired"
        case .owner: "refused: its owner is disabled"
        case .group: "refused: not in this group"
        case .model: "refused: not for this model"
        case .quota: "refused: the key's quota is used up"
        case .wallet: "refused: its owner's wallet is empty"
        case .requestsPerMinute: "refused: too many requests in this minute"
        case .tokensPerDay: "refused: too many tokens on this day"
        case .tokensPerMonth: "refused: too many tokens in this month"
        case .inFlight: "refused: too many open reservations"
        case .other(let number): "refused: reason \(number)"
        }
    }

    var fields: [(String, JSON)] {
        [
            ("valid", .bool(isValid)), ("reason", .text(word)), ("scope", .text(scope == .embed ? "embed" : "full")),
            ("unlimited", .bool(unlimited)), ("remaining", .signed(remaining)),
            ("expires", expires < 0 || number == 0 ? .null : .text(expiryText)), ("retry_after_ms", .number(UInt64(retryAfter))),
            ("number", number == 0 ? .null : .number(number)), ("tenant", .text(tenant)), ("owner", .text(owner)),
            ("name", .text(name)), ("group", .text(group)),
        ]
    }

    func print() throws {
        try Output.line(sentence)
        guard number > 0 else { return }
        var table = Table([])
        table.add(["number", String(number)])
        table.add(["name", name.isEmpty ? "-" : name])
        table.add(["tenant", tenant])
        table.add(["owner", owner.isEmpty ? "-" : owner])
        table.add(["group", group.isEmpty ? "-" : group])
        table.add(["scope", scope == .embed ? "embed" : "full"])
        table.add(["left", unlimited ? "unlimited" : String(remaining)])
        table.add(["expires", expires < 0 ? "never" : expiryText])
        if retryAfter > 0 { table.add(["again in", "\(retryAfter) ms"]) }
        try table.print()
    }

    private var expiryText: String {
        expires <= 253_402_300_799 ? Moment.text(UInt64(max(0, expires)) * 1_000) : String(expires)
    }
}
