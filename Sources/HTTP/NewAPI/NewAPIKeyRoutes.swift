import CofferAccounts
import CofferJSON
import CofferStore

// What a key asks about itself (compat/newapi.md 1.13).
extension NewAPIDoor {
    /// The key that may read about itself: expired and exhausted ones may, disabled ones not. Nothing is told beyond its addresses.
    private func readingKey(_ call: HTTPCall) throws(NewAPIFailure) -> APIKeyView {
        guard let text = call.bearer, !text.isEmpty else { throw NewAPIFailure(.noKey, status: 401) }
        guard let view = findKey(text) else { throw NewAPIFailure(.unknownKey, status: 401) }
        guard view.key.addresses.isEmpty || view.key.addresses.contains(call.client) else {
            throw NewAPIFailure(.addressRefused, status: 403)
        }
        guard view.key.status != .disabled else { throw NewAPIFailure(.keyDisabled, status: 401) }
        guard accounts.users.find(view.key.owner)?.isEnabled == true else { throw NewAPIFailure(.userDisabled, status: 403) }
        return view
    }

    /// Keys of this API only.
    private func findKey(_ text: String) -> APIKeyView? {
        let view = Array(text.utf8).withUnsafeBytes { accounts.apiKeys.find(readable: $0) }
        return view.flatMap { $0.key.form == .sk ? $0 : nil }
    }

    func showUsage(_ request: NewAPIRequest) throws(NewAPIFailure) -> NewAPIAnswer {
        try limitCritical(request.call)
        let view = try readingKey(request.call)
        // Clients of this route must write the scheme.
        guard request.call.header("authorization").map({ Blanks.trimmed($0[...]).prefix(7).lowercased() }) == "bearer " else {
            throw NewAPIFailure(.notBearer, status: 401)
        }
        let state = view.state
        return NewAPIAnswer(body: .object([
            ("code", .bool(true)), ("message", .string("ok")),
            ("data", .object([
                ("object", .string("token_usage")), ("name", .string(view.key.name.text)),
                ("total_granted", .integer(Self.granted(state))), ("total_used", .integer(state.used)),
                ("total_available", .integer(state.remaining)), ("unlimited_quota", .bool(state.unlimited)),
                ("model_limits", .object(view.key.models.map { ($0, .bool(true)) })),
                ("model_limits_enabled", .bool(view.key.modelLimitsEnabled)),
                ("expires_at", .integer(Self.end(view.key))),
            ])),
        ]))
    }

    /// What the key was charged for, the newest first. A key in the query is not read: addresses end up in logs.
    func showLog(_ request: NewAPIRequest) async throws(NewAPIFailure) -> NewAPIAnswer {
        let view = try readingKey(request.call)
        let user = accounts.users.find(view.key.owner)
        let lines: [UsageLine]
        do throws(AccountError) {
            lines = try await accounts.apiKeys.usageLines(view.key.number, limit: NewAPIBounds.usageLines)
        } catch {
            throw NewAPIFailure(error)
        }
        return .data(.array(lines.enumerated().map { index, line in
            .object([
                ("id", .integer(Int64(index + 1))), ("user_id", .integer(user?.newapiID ?? 0)),
                ("created_at", .integer(Int64(clamping: line.time / 1_000))), ("type", .integer(2)),
                ("username", .string(user?.name.description ?? "")), ("token_id", .integer(view.key.newapiID)),
                ("token_name", .string(view.key.name.text)), ("model_name", .string(line.model)), ("quota", .integer(line.amount)),
                ("prompt_tokens", .integer(line.inputTokens)), ("completion_tokens", .integer(line.outputTokens)),
                ("group", .string(view.key.group)), ("request_id", .string(line.requestID)),
            ])
        }))
    }

    // MARK: As the gateway asks

    func performAtGateway(_ request: NewAPIRequest) async throws(NewAPIFailure) -> NewAPIAnswer {
        do throws(NewAPIFailure) {
            let view = try await gatewayKey(request)
            switch request.route.operation {
            case .showSubscription: return subscription(view)
            case .showBilling:
                let cents = Double(view.state.used) / Double(quotaPerUnit) * 100
                return NewAPIAnswer(body: .object([("object", .string("list")), ("total_usage", .real(cents))]))
            default: return gatewayModels(view)
            }
        } catch {
            throw error.atGateway
        }
    }

    /// The key that the accounts let pass. What is wrong with one that is known stays untold, but for address, owner and group.
    private func gatewayKey(_ request: NewAPIRequest) async throws(NewAPIFailure) -> APIKeyView {
        guard let text = gatewayText(request) else {
            throw NewAPIFailure(settings.profile == .document ? .noKey : .unknownKey, status: 401)
        }
        let unknown = NewAPIFailure(.unknownKey, status: 401)
        guard let view = findKey(text) else { throw unknown }
        let verdict = await accounts.apiKeys.verify(
            key: Array(text.utf8), address: request.call.client, model: [], cost: 0, mayVerify: { _, _ in true })
        switch verdict.reason {
        // Wallet and windows limit what is spent, and nothing is spent here.
        case .valid, .wallet, .model, .tokensPerDay, .tokensPerMonth, .inFlight: break
        case .unknown, .disabled, .expired, .quota: throw unknown
        case .address: throw NewAPIFailure(.addressRefused, status: 403, code: "access_denied")
        case .owner: throw NewAPIFailure(.userDisabled, status: 403)
        case .group: throw NewAPIFailure(.groupRefused(view.key.group), status: 403)
        case .requestsPerMinute:
            throw NewAPIFailure(.tooManyRequests, status: 429, retryAfter: Int(clamping: max((verdict.retryAfter + 999) / 1_000, 1)))
        case .locked: throw .unavailable
        case .failed: throw NewAPIFailure(.failed, status: 500)
        }
        // Who may choose a channel may name one; there is none here to go to.
        if Self.namesChannel(text), accounts.users.find(view.key.owner).map({ $0.role == .common }) ?? true {
            throw NewAPIFailure(.channelRefused, status: 403)
        }
        // As it is now: the verdict may have looked at a younger one.
        return accounts.apiKeys.find(view.key.number) ?? view
    }

    /// Whether something follows the key: `sk-KEY-CHANNEL`.
    private static func namesChannel(_ text: String) -> Bool {
        (text.hasPrefix("sk-") ? text.dropFirst(3) : text[...]).utf8.contains(UInt8(ascii: "-"))
    }

    /// The key where the gateway looks for it.
    private func gatewayText(_ request: NewAPIRequest) -> String? {
        let call = request.call
        if request.route.operation == .listGatewayModels, let key = call.header("x-api-key"), !key.isEmpty { return key }
        if let key = call.bearer, !key.isEmpty, key != "midjourney-proxy" { return key }
        return call.header("mj-api-secret").flatMap { $0.isEmpty ? nil : $0 }
    }

    private func subscription(_ view: APIKeyView) -> NewAPIAnswer {
        let limit = view.state.unlimited ? Double(NewAPIBounds.unlimitedWallet) : Double(Self.granted(view.state)) / Double(quotaPerUnit)
        return NewAPIAnswer(body: .object([
            ("object", .string("billing_subscription")), ("has_payment_method", .bool(true)), ("soft_limit_usd", .real(limit)),
            ("hard_limit_usd", .real(limit)), ("system_hard_limit_usd", .real(limit)), ("access_until", .integer(Self.end(view.key))),
        ]))
    }

    private func gatewayModels(_ view: APIKeyView) -> NewAPIAnswer {
        let allowed = view.key.modelLimitsEnabled ? settings.models.filter(Set(view.key.models).contains) : settings.models
        return NewAPIAnswer(body: .object([
            ("success", .bool(true)), ("object", .string("list")),
            ("data", .array(allowed.map { model in
                .object([
                    ("id", .string(model)), ("object", .string("model")), ("created", .integer(Int64(clamping: started / 1_000))),
                    ("owned_by", .string("custom")),
                ])
            })),
        ]))
    }

    /// What a key had in all.
    private static func granted(_ state: APIKeyState) -> Int64 {
        let (total, overflow) = state.remaining.addingReportingOverflow(state.used)
        return overflow ? .max : total
    }

    /// Unix seconds; 0: never.
    private static func end(_ key: APIKey) -> Int64 { key.expires == -1 ? 0 : key.expires }
}
