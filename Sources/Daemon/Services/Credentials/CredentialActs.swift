import CofferAccounts
import CofferCredentials
import CofferJSON
import CofferStore
import CofferUpstream
import CofferWire

/// What can be done with credentials and their like besides making, changing and deleting them (protocol.md, "Acts").
struct CredentialActs: Sendable {
    let credentials: Credentials
    let records: CredentialRecords
    private let pools: PoolActs
    private let schedules: ScheduleActs

    init(credentials: Credentials, records: CredentialRecords, pools: PoolRecords, schedules: ScheduleRecords, sinks: SinkRecords) {
        self.credentials = credentials
        self.records = records
        self.pools = PoolActs(credentials: credentials, records: pools, lookup: records)
        self.schedules = ScheduleActs(credentials: credentials, schedules: schedules, sinks: sinks)
    }

    func act(_ caller: Caller, _ request: CredentialActRequest) async throws(Failure) -> CredentialActResponse {
        let secret = request.secret.isEmpty ? nil : SecretBuffer(request.secret)
        let act = Act(caller: caller, id: request.id, verb: request.verb, options: RecordFields(request.options), secret: secret)
        switch request.noun {
        case "credential": return try await credential(act)
        case "pool": return try await pools.act(act)
        case "schedule": return try await schedules.runSchedule(act)
        case "sink": return try await schedules.runSink(act)
        default: throw Failure(.invalidArgument, "nothing can be done with this noun; it may be credential, pool, schedule or sink")
        }
    }

    // MARK: Credentials

    private func credential(_ act: Act) async throws(Failure) -> CredentialActResponse {
        switch act.verb {
        case "refresh", "relogin": return try await refresh(act)
        case "check": return try await check(act)
        case "step": return try await step(act)
        case "revive": return try await revive(act)
        case "undelete": return try await undelete(act)
        case "reveal": return try await reveal(act)
        case "prune": return try await schedules.prune(act)
        default: throw act.unknownVerb("refresh, relogin, check, step, revive, undelete, reveal and prune")
        }
    }

    private func refresh(_ act: Act) async throws(Failure) -> CredentialActResponse {
        var given = act.options
        var options = RefreshOptions()
        options.relogin = act.verb == "relogin"
        options.again = try given.bool("again") ?? false
        options.hastens = try given.bool("hasten") ?? false
        if let kinds = given.lines("kinds") {
            guard !kinds.isEmpty else { throw Failure(.invalidArgument, "'kinds' names no kind of token") }
            options.kinds = Set(kinds)
        }
        options.optionalSteps = given.lines("steps") ?? []
        try act.finish(given, .credential)
        let found = try records.find(act.caller, .refresh, act.id)
        // Who takes the risk that a token is presented twice, or undoes a verdict, changes the credential.
        if options.again { try act.caller.require(.credential, .put, of: found.tenant, found.name.bytes) }
        let ready = options
        let report = try await credentialCall { () async throws(CredentialError) in
            try await credentials.tokens.refresh(found.number, options: ready, by: act.caller.selector)
        }
        var details = [RecordField("dialled", report.dialled ? "true" : "false"), RecordField("renewed", report.isRenewed ? "true" : "false")]
        if let result = report.result { details += Self.details(of: result) }
        if let error = report.error {
            let failure = Failure(error)
            details.append(RecordField("error", "\(failure.code.rawValue)"))
            if case .after(let milliseconds) = failure.retry { details.append(RecordField("retry_after", "\(milliseconds)")) }
        }
        for (name, result) in report.optional { details.append(RecordField("step.\(name)", result.verdict.word)) }
        return CredentialActResponse(
            record: records.record(report.credential), result: Act.bounded(report.error?.message ?? "the tokens are new"), details: details)
    }

    private func check(_ act: Act) async throws(Failure) -> CredentialActResponse {
        try act.finish(act.options, .credential)
        let found = try records.find(act.caller, .check, act.id)
        let report = try await credentialCall { () async throws(CredentialError) in
            try await credentials.tokens.check(found.number, by: act.caller.selector)
        }
        var details = report.result.map(Self.details) ?? []
        details.removeAll { $0.name == "verdict" }
        details.append(RecordField("verdict", report.verdict.rawValue))
        return CredentialActResponse(record: records.record(report.credential), result: Act.bounded(report.reason), details: details)
    }

    /// Runs one step of the provider by its name. What it takes from the answer is shown to who may reveal.
    private func step(_ act: Act) async throws(Failure) -> CredentialActResponse {
        var given = act.options
        let step = try given.required("step")
        try act.finish(given, .credential, takesSecret: true)
        let found = try records.find(act.caller, .refresh, act.id)
        let values = try SecretFields(act.secret).values.compactMapValues { $0 }
        try requirePlain(values, act.caller, found)
        let result = try await credentialCall { () async throws(CredentialError) in
            try await credentials.tokens.perform(found.number, step: step, values: values, by: act.caller.selector)
        }
        let now = credentials.credentials.find(found.number) ?? found
        let shows = act.caller.allows(.credential, .reveal, of: now.tenant, now.name.bytes)
        return CredentialActResponse(
            record: records.record(now), result: Act.bounded(result.reason), details: Self.details(of: result),
            secret: shows ? Self.values(result) : [])
    }

    /// A single call brings its own parameters along. Any other value may say where the stored tokens are sent, or have others saved in
    /// their place: that takes the right to change the credential.
    private func requirePlain(_ values: [String: SecretBuffer], _ caller: Caller, _ found: Credential) throws(Failure) {
        let provider = credentials.providers.find(found.provider)
        guard !values.keys.allSatisfy({ provider?.parameter($0)?.isPerCall == true }) else { return }
        try caller.require(.credential, .put, of: found.tenant, found.name.bytes)
    }

    private func revive(_ act: Act) async throws(Failure) -> CredentialActResponse {
        try act.finish(act.options, .credential)
        let found = try records.find(act.caller, .put, act.id)
        var change = CredentialChange()
        change.revives = true
        let ready = change
        let revived = try await credentialCall { () async throws(CredentialError) in
            try await credentials.credentials.update(
                found.number, ready, by: act.caller.selector, where: CredentialRecords.permission(act.caller, .put))
        }
        return CredentialActResponse(record: records.record(revived), result: "it is tried again from now on")
    }

    private func undelete(_ act: Act) async throws(Failure) -> CredentialActResponse {
        try act.finish(act.options, .credential)
        guard let tenant = act.caller.tenant else { throw .denied }
        let name = Array(act.id.utf8)
        try act.caller.require(.credential, .delete, of: tenant, name)
        let found: Credential
        do throws(CredentialError) {
            found = try await credentials.credentials.undelete(
                tenant: tenant, name: name, by: act.caller.selector, where: CredentialRecords.permission(act.caller, .delete))
        } catch {
            throw act.caller.failure(error, .credential, name)
        }
        return CredentialActResponse(record: records.record(found), result: "it is back")
    }

    /// A token or a sealed field as it lies in the store.
    private func reveal(_ act: Act) async throws(Failure) -> CredentialActResponse {
        var given = act.options
        let field = try given.required("field")
        try act.finish(given, .credential)
        let found = try records.find(act.caller, .reveal, act.id)
        let value = try await credentialCall { () async throws(CredentialError) -> SecretBuffer? in
            if let token = try credentials.credentials.token(found.number, kind: field) { return token }
            return try credentials.credentials.secret(found.number, field)
        }
        // It may have been renamed while it was read.
        let now = try records.find(act.caller, .reveal, "#\(found.number)")
        guard let value else { throw Failure(.notFound, "field: the credential has no such token or secret") }
        return CredentialActResponse(
            record: records.record(now), result: "", secret: withExtendedLifetime(value) { Array(value.bytes) })
    }

    // MARK: Parts

    static func details(of result: StepResult) -> [RecordField] {
        [
            RecordField("verdict", result.verdict.word), RecordField("reason", result.reason), RecordField("sent", result.wasSent ? "true" : "false"),
            RecordField("status", "\(result.status)"), RecordField("error_code", result.errorCode), RecordField("error_message", result.errorMessage),
        ]
    }

    /// What a step took from its answer, as a JSON object of texts; empty where that does not fit an answer.
    static func values(_ result: StepResult) -> [UInt8] {
        guard !result.values.isEmpty else { return [] }
        let fields = result.values.sorted { $0.key < $1.key }.map { name, value in
            (name, JSONValue.string(withExtendedLifetime(value) { String(decoding: value.bytes, as: UTF8.self) }))
        }
        let bytes = JSONValue.object(fields).encoded()
        return bytes.count <= Limits.recordSecret ? bytes : []
    }
}

/// One request to do something.
struct Act: Sendable {
    var caller: Caller
    var id: String
    var verb: String
    var options: RecordFields
    var secret: SecretBuffer?

    /// Refuses options that the verb does not have, and a secret where it takes none.
    func finish(_ rest: RecordFields, _ noun: Noun, takesSecret: Bool = false) throws(Failure) {
        try rest.finish(noun)
        guard takesSecret || secret == nil else { throw Failure(.invalidArgument, "'\(verb)' takes no secret") }
    }

    func unknownVerb(_ known: String) -> Failure {
        Failure(.invalidArgument, "'\(Name.printable(verb.utf8))' cannot be done with it; there are \(known)")
    }

    /// As many lines as a field may have.
    static func fitting(_ lines: [String]) -> String {
        var text = ""
        for line in lines where text.utf8.count + line.utf8.count + 1 <= 400_000 { text += text.isEmpty ? line : "\n" + line }
        return text
    }

    /// As much as an answer's sentence may have.
    static func bounded(_ text: String) -> String {
        var text = text
        while text.utf8.count > Limits.actResult { text.removeLast() }
        return text
    }
}

extension StepVerdict {
    /// As the counters and the protocol call it.
    var word: String {
        switch self {
        case .ok: "ok"
        case .dead: "dead"
        case .limited: "limited"
        case .needsPerson: "needs-person"
        case .down: "down"
        }
    }
}
