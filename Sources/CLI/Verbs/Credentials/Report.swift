import ArgumentParser
import CofferClient

/// What somebody got who used a token.
enum ReportedVerdict: String, ExpressibleByArgument, CaseIterable {
    case ok
    case unauthorized
    case paymentRequired = "payment-required"
    case limited
    case serverError = "server-error"

    var onTheWire: TokenVerdict {
        switch self {
        case .ok: .ok
        case .unauthorized: .unauthorized
        case .paymentRequired: .paymentRequired
        case .limited: .limited
        case .serverError: .serverError
        }
    }
}

struct Report: Verb {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Tells a pool what came of a token that it gave.",
        discussion: """
            401 is unauthorized, 402 payment-required, 429 limited, 5xx server-error. The lease is the one that token --json prints; it \
            lives for 60 seconds. Without one the member is named.

            EXAMPLES
              coffer report 00112233445566778899aabbccddeeff ok
              coffer report --pool web --credential ada limited --retry-after 30s
            """)

    @Argument(help: ArgumentHelp(
        "The token's lease, where there is one, and ok, unauthorized, payment-required, limited or server-error.", valueName: "lease verdict"))
    var words: [String]

    @Option(help: ArgumentHelp("The pool, where there is no lease.", valueName: "name"))
    var pool: String?

    @Option(help: ArgumentHelp("The member whose token it was.", valueName: "name"))
    var credential: String?

    @Option(help: ArgumentHelp("How long the upstream asked to wait, such as 30s.", valueName: "duration"))
    var retryAfter: String?

    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    var subject: String? { credential }

    func validate() throws {
        guard (pool == nil) == (credential == nil), words.count == (pool == nil ? 2 : 1) else {
            throw ValidationError("give a lease and a verdict, or --pool, --credential and a verdict")
        }
        _ = try verdict()
        _ = try lease()
        _ = try wait()
    }

    func run() async throws {
        let client = try global.client()
        let answer = if let lease = try lease() {
            try await client.report(try verdict().onTheWire, lease: lease, retryAfter: try wait())
        } else {
            try await client.report(try verdict().onTheWire, pool: pool ?? "", credential: credential ?? "", retryAfter: try wait())
        }
        if global.json {
            return try Output.line(.object([
                ("effect", .text("\(answer.effect)")), ("state", .text(answer.state)), ("until", .moment(answer.until)),
            ]))
        }
        let until = answer.until == 0 ? "" : " until \(Moment.cell(answer.until))"
        try Output.line("\(answer.effect): the member is \(Printable.text(answer.state))\(until)")
    }

    private func verdict() throws -> ReportedVerdict {
        guard let verdict = words.last.flatMap({ ReportedVerdict(rawValue: $0) }) else {
            throw ValidationError("a verdict is one of \(ReportedVerdict.allValueStrings.joined(separator: ", "))")
        }
        return verdict
    }

    private func lease() throws -> Bytes16? {
        guard pool == nil, let word = words.first else { return nil }
        guard let id = Hex.bytes(word[...]).flatMap({ Bytes16($0) }) else {
            throw ValidationError("a lease is 32 hexadecimal digits, as token --json prints them")
        }
        return id
    }

    private func wait() throws -> Duration {
        guard let retryAfter else { return .zero }
        guard let span = Moment.span(retryAfter), span <= 4_000_000_000 else {
            throw ValidationError("--retry-after takes a duration such as 30s")
        }
        return .milliseconds(Int64(span))
    }
}
