import CofferAccounts
import CofferCredentials
import CofferHTTP
import CofferJSON
import CofferStore

/// What gateways and programs ask all day: is this API key good, set units aside, a live token. Straight to the services, without the
/// way over the protocol.
struct GatewayVerbs: Sendable {
    let accounts: Accounts
    let credentials: Credentials

    /// One caller, with their rights.
    struct Session {
        var principal: AdminPrincipal
        var rights: any AdminRights
    }

    // MARK: Verdicts

    func verify(_ request: inout AdminBody, _ session: Session) async throws(AdminFailure) -> JSONValue {
        guard session.rights.allowsAny(.verify) else { throw .denied }
        let key = try request.text("key", 1...512)
        let address = try request.address("ip")
        let model = try request.text("model", 0...255, default: "")
        let cost = try request.number("cost", 0...StoreLimits.quota, default: 0)
        try request.finish()
        let rights = session.rights
        let verdict = await accounts.apiKeys.verify(key: Array(key.utf8), address: address, model: Array(model.utf8), cost: cost) {
            rights.allows(.verify, tenant: $0, name: $1)
        }
        return .object(try members(of: verdict))
    }

    func reserve(_ request: inout AdminBody, _ session: Session) async throws(AdminFailure) -> JSONValue {
        guard session.rights.allowsAny(.reserve) else { throw .denied }
        let key = Array(try request.text("key", 1...512).utf8)
        let address = try request.address("ip")
        let model = Array(try request.text("model", 0...255, default: "").utf8)
        let amount = try request.number("amount", 0...StoreLimits.quota)
        let requestID = Array(try request.text("request_id", 1...128).utf8)
        let lifetime = UInt64(try request.number("lifetime_ms", 1_000...86_400_000, default: 600_000))
        try request.finish()
        let rights = session.rights
        let by = session.principal.selector
        let accounts = accounts
        let result: Result<ReserveAnswer, AccountError> = await withCheckedContinuation { continuation in
            key.withUnsafeBytes { key in
                model.withUnsafeBytes { model in
                    accounts.apiKeys.reserve(
                        key: key, address: address, model: model, amount: amount, requestID: requestID, lifetime: lifetime, by: by,
                        mayReserve: { rights.allows(.reserve, tenant: $0, name: $1) }, completion: { continuation.resume(returning: $0) })
                }
            }
        }
        let answer = try Self.value(result)
        var members = try members(of: answer.verdict)
        guard answer.verdict.reason == .valid else { return .object(members) }
        members.append(("reservation", .object([
            ("request_id", .string(String(decoding: requestID, as: UTF8.self))), ("amount", .exact(answer.amount)),
            ("expires_at", .exact(answer.expires)), ("repeated", .bool(answer.repeated)),
        ])))
        return .object(members)
    }

    func settle(_ request: inout AdminBody, _ session: Session) async throws(AdminFailure) -> JSONValue {
        let number = try apiKey(&request, session)
        let requestID = try request.text("request_id", 1...128)
        let amount = try request.number("amount", 0...StoreLimits.quota)
        let model = try request.text("model", 0...255, default: "")
        let input = try request.number("input_tokens", 0...StoreLimits.quota, default: 0)
        let output = try request.number("output_tokens", 0...StoreLimits.quota, default: 0)
        try request.finish()
        let line = UsageLine(
            time: Store.systemClock(), amount: amount, requestID: requestID, model: model, inputTokens: input, outputTokens: output)
        let accounts = accounts
        let result: Result<SettleAnswer, AccountError> = await withCheckedContinuation { continuation in
            accounts.apiKeys.settle(number, requestID: Array(requestID.utf8), amount: amount, line: line, by: session.principal.selector) {
                continuation.resume(returning: $0)
            }
        }
        return Self.members(of: try Self.value(result))
    }

    func release(_ request: inout AdminBody, _ session: Session) async throws(AdminFailure) -> JSONValue {
        let number = try apiKey(&request, session)
        let requestID = try request.text("request_id", 1...128)
        try request.finish()
        let accounts = accounts
        let result: Result<SettleAnswer, AccountError> = await withCheckedContinuation { continuation in
            accounts.apiKeys.release(number, requestID: Array(requestID.utf8), by: session.principal.selector) {
                continuation.resume(returning: $0)
            }
        }
        return Self.members(of: try Self.value(result))
    }

    /// The API key that a reservation is of; unknown and not allowed look alike.
    private func apiKey(_ request: inout AdminBody, _ session: Session) throws(AdminFailure) -> UInt64 {
        guard session.rights.allowsAny(.settle) else { throw .denied }
        let number = UInt64(try request.number("number", 1...Int64.max))
        guard let view = accounts.apiKeys.find(number),
            view.key.name.bytes.withUnsafeBytes({ session.rights.allows(.settle, tenant: view.key.tenant, name: $0) })
        else { throw AdminFailure(status: 404, code: "not-found", field: "number", message: "there is no such API key, or no policy allows this") }
        return number
    }

    // MARK: Answers

    private func members(of verdict: Verdict) throws(AdminFailure) -> [(String, JSONValue)] {
        switch verdict.reason {
        case .locked: throw .locked
        case .failed: throw AdminFailure(status: 500, code: "failed", message: "the verdict could not be made durable: try again")
        default: break
        }
        var members: [(String, JSONValue)] = [("valid", .bool(verdict.reason == .valid)), ("reason", .string(verdict.reason.word))]
        guard let entry = verdict.entry else { return members }
        members += [
            ("number", .exact(entry.number)), ("name", .string(String(decoding: entry.name, as: UTF8.self))),
            ("tenant", .string(String(decoding: entry.tenantName, as: UTF8.self))),
            ("owner", .string(String(decoding: entry.ownerName, as: UTF8.self))),
            ("scope", .string(verdict.scope == .embed ? "embed" : "full")), ("group", .string(String(decoding: entry.group, as: UTF8.self))),
            ("unlimited", .bool(verdict.unlimited)), ("remaining", .exact(verdict.remaining)),
            ("expires_at", entry.expires == -1 ? .null : .exact(Self.milliseconds(entry.expires))),
        ]
        if verdict.retryAfter > 0 { members.append(("retry_after_ms", .exact(verdict.retryAfter))) }
        return members
    }

    /// API keys count seconds, everything else of this API milliseconds.
    private static func milliseconds(_ seconds: Int64) -> Int64 {
        let (value, overflow) = seconds.multipliedReportingOverflow(by: 1_000)
        return overflow ? Int64.max : value
    }

    private static func members(of answer: SettleAnswer) -> JSONValue {
        .object([
            ("number", .exact(answer.number)), ("charged", .exact(answer.charged)), ("shortfall", .exact(answer.shortfall)),
            ("unlimited", .bool(answer.unlimited)), ("remaining", .exact(answer.remaining)), ("repeated", .bool(answer.repeated)),
        ])
    }

    private static func value<T>(_ result: Result<T, AccountError>) throws(AdminFailure) -> T {
        switch result {
        case .success(let value): return value
        case .failure(let error): throw AdminFailure(error)
        }
    }
}
