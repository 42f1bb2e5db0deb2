import ArgumentParser
import CofferClient

/// Which records of the audit log are wanted.
struct AuditFilter: ParsableArguments {
    @Option(help: ArgumentHelp("Names that match this pattern, such as 'payments/**'.", valueName: "pattern"))
    var name: String?

    @Option(help: ArgumentHelp("What a caller was: uid:1001, unit:app.service, login:ada, door:admin, address:192.0.2.7.", valueName: "selector"))
    var who: String?

    @Option(help: ArgumentHelp("What it was about: secret, policy, credential, ….", valueName: "noun"))
    var noun: String?

    @Option(help: ArgumentHelp("What was done: get, put, unlock, ….", valueName: "action"))
    var action: String?

    @Option(help: ArgumentHelp("ok, refused, or an error such as denied or not-found.", valueName: "result"))
    var result: String?

    @Option(help: ArgumentHelp("Not before: 2027-01-31T12:00:00Z, or so long ago: 30d, 12h.", valueName: "time"))
    var since: String?

    @Option(help: ArgumentHelp("Not after, in the same way.", valueName: "time"))
    var until: String?

    func validate() throws { _ = try request() }

    func request() throws -> AuditSearchRequest {
        AuditSearchRequest(
            name: Array((name ?? "").utf8), who: who ?? "", noun: noun ?? "", action: action ?? "", result: try resultAsked(),
            since: try Self.moment(since, "--since"), until: try Self.moment(until, "--until"))
    }

    private func resultAsked() throws -> AuditSearchRequest.Result {
        switch result {
        case nil: return .any
        case "ok"?: return .done
        case "refused"?: return .refused
        case let word?:
            guard let code = AuditLine.code(of: word) else {
                throw ValidationError("--result takes ok, refused, or the name of an error such as denied, not-found, locked")
            }
            return .error(code)
        }
    }

    private static func moment(_ text: String?, _ option: String) throws -> UInt64 {
        guard let text else { return 0 }
        if let moment = Moment.parse(text) { return moment }
        guard let span = Moment.span(text) else { throw ValidationError("\(option) takes 2027-01-31T12:00:00Z, or so long ago: 30d, 12h") }
        return max(Moment.now() - min(span, Moment.now()), 1)
    }
}
