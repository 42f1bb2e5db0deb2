import CofferRecords
import ArgumentParser

struct APIKeyCreate: Verb {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Issues an API key and prints it.",
        discussion: """
            The key stands alone on standard output, everything else on standard error. Whether it can be shown again with reveal \
            is for the tenant to say. Without --tenant the key belongs to the tenant of its owner. Lists are given by repeating their \
            option.

            EXAMPLES
              coffer apikey create staging --owner ada --unlimited > key
              coffer apikey create batch --form sk --quota 500000 --model gpt-4o --address 10.0.0.0/8 --expires 90d
            """)

    @Argument(help: "The API key's name, for people; need not be unique.")
    var name: String

    @OptionGroup var noSecrets: NoSecretsHere

    @Option(help: ArgumentHelp("The user that it belongs to.", valueName: "user"))
    var owner: String?

    @Option(help: ArgumentHelp("What it looks like: coffer, sk or ragflow (default: coffer).", valueName: "form"))
    var form: APIKeyForm = .coffer

    @OptionGroup var limits: APIKeyLimits
    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    func validate() throws {
        if limits.quota == nil, !limits.unlimited { throw ValidationError("give --quota or --unlimited") }
    }

    func run() async throws {
        let fields = [("name", name), ("tenant", global.namedTenant), ("owner", owner), ("form", form.rawValue)] as [(String, String?)]
        try await RecordShape.apikey.create(fields + limits.fields(), shownOnce: "key", global)
    }
}

struct APIKeyUpdate: Verb {
    static let configuration = CommandConfiguration(
        commandName: "update",
        abstract: "Changes an API key; what is not given stays.",
        discussion: """
            A list is replaced by what its option is given with; '' alone empties it: --model '' allows every model.

            EXAMPLES
              coffer apikey update 7 --quota 1000000 --expires never
              coffer apikey update 7 --address '' --tag ci --tag nightly
            """)

    @OptionGroup var key: APIKeyCommand.Number

    @Option(help: ArgumentHelp("The new name.", valueName: "name"))
    var name: String?

    @OptionGroup var limits: APIKeyLimits
    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    var subject: String? { key.subject }

    func run() async throws {
        try await RecordShape.apikey.update(key.id, [("name", name)] + limits.fields(), global)
    }
}

/// What create and update share.
struct APIKeyLimits: ParsableArguments {
    @Option(help: ArgumentHelp("Quota units that are left.", valueName: "n"))
    var quota: UInt64?

    @Flag(help: "No quota; what is used is counted all the same.")
    var unlimited = false

    @Option(help: ArgumentHelp("When it ends: 2027-01-31T12:00:00Z, from now 90d, or never.", valueName: "time"))
    var expires: String?

    @Option(help: ArgumentHelp("A model that it may use; repeat it. None: all.", valueName: "model"))
    var model: [String] = []

    @Option(help: ArgumentHelp("An address or a network that it may come from; repeat it. None: everywhere.", valueName: "address"))
    var address: [String] = []

    @Option(help: ArgumentHelp("The group; '': that of its owner.", valueName: "group"))
    var group: String?

    @Option(help: ArgumentHelp("A tag; repeat it.", valueName: "tag"))
    var tag: [String] = []

    @Option(help: ArgumentHelp("Most requests in a minute; 0: without limit.", valueName: "n"))
    var requestsPerMinute: UInt32?

    @Option(help: ArgumentHelp("Most tokens in a day; 0: without limit.", valueName: "n"))
    var tokensPerDay: UInt64?

    @Option(help: ArgumentHelp("Most tokens in a month; 0: without limit.", valueName: "n"))
    var tokensPerMonth: UInt64?

    @Option(help: ArgumentHelp("Where days and months begin, such as Europe/Berlin (default: UTC).", valueName: "zone"))
    var timeZone: String?

    @Option(help: ArgumentHelp("Most reservations that are open at once; 0: without limit.", valueName: "n"))
    var inFlight: UInt32?

    func validate() throws {
        if quota != nil, unlimited { throw ValidationError("give either --quota or --unlimited") }
        _ = try fields()
    }

    func fields() throws -> [(String, String?)] {
        try AccountArgument.check(units: quota, "--quota")
        try AccountArgument.check(units: tokensPerDay, "--tokens-per-day")
        try AccountArgument.check(units: tokensPerMonth, "--tokens-per-month")
        let models = try AccountArgument.lines(model, "--model")
        return [
            ("quota", quota.map { String($0) }),
            ("unlimited", unlimited ? "true" : quota == nil ? nil : "false"),
            ("expires", try AccountArgument.expirySeconds(expires)),
            // The list counts only where it is switched on.
            ("model_limits", models.map { $0.isEmpty ? "false" : "true" }), ("models", models),
            ("addresses", try AccountArgument.lines(address, "--address")), ("group", group),
            ("tags", try AccountArgument.lines(tag, "--tag")),
            ("requests_per_minute", requestsPerMinute.map { String($0) }), ("tokens_per_day", tokensPerDay.map { String($0) }),
            ("tokens_per_month", tokensPerMonth.map { String($0) }), ("time_zone", timeZone),
            ("in_flight", inFlight.map { String($0) }),
        ]
    }
}
