import CofferAccounts
import CofferJSON
import CofferStore

// Creating, changing and deleting (compat/newapi.md 1.6 to 1.10).
extension NewAPIDoor {
    func createToken(_ request: NewAPIRequest, _ caller: NewAPICaller) async throws(NewAPIFailure) -> NewAPIAnswer {
        let body = try NewAPITokenRequest(request.call.body)
        let unlimited = body.unlimited ?? false
        try body.check(rules, unlimited: unlimited)
        var draft = APIKeyDraft(tenant: caller.user.home, owner: caller.user.number, form: .sk)
        draft.name = try body.label() ?? .empty
        // An absent end and 0 mean never.
        draft.expires = body.expires.flatMap { $0 == 0 ? nil : $0 } ?? -1
        draft.unlimited = unlimited
        draft.quota = body.quotaToSet(unlimited: unlimited) ?? 0
        draft.modelLimitsEnabled = body.modelLimitsEnabled ?? false
        draft.models = body.models ?? []
        draft.addresses = try body.addressList() ?? .any
        draft.group = body.group ?? ""
        if draft.group == Self.autoGroup {
            draft.crossGroupRetry = body.crossGroupRetry ?? false
            draft.autoGroups = try checked(body.autoGroups)
        }
        draft.limit = settings.maxTokens
        do throws(AccountError) {
            _ = try await accounts.apiKeys.create(draft, by: caller.principal)
        } catch {
            throw error.code == .tooMany ? NewAPIFailure(.tooManyTokens(settings.maxTokens)) : NewAPIFailure(error)
        }
        // No id and no key: clients of this API list again.
        return .done
    }

    /// A full update, or one of the status alone where `status_only` is anything but empty. Absent fields keep their value (decisions 11).
    func updateToken(_ request: NewAPIRequest, _ caller: NewAPICaller) async throws(NewAPIFailure) -> NewAPIAnswer {
        let body = try NewAPITokenRequest(request.call.body)
        let stored = body.id.flatMap { ownToken($0, caller) }
        let unlimited = body.unlimited ?? stored?.state.unlimited ?? false
        try body.check(rules, unlimited: unlimited)
        guard let id = body.id, id != 0 else { throw NewAPIFailure(.missingIDInUpdate) }
        guard let stored else { throw NewAPIFailure(.notFound) }
        let isStatusOnly = request.call.queryValue("status_only").map { !$0.isEmpty } ?? false
        // A full update leaves the status alone whatever it says, but is refused where the same status could not be set by itself.
        if body.status == Int64(APIKey.Status.enabled.rawValue) { try checkEnabling(stored) }
        var change = APIKeyChange()
        if isStatusOnly {
            change.status = try status(body.status)
        } else {
            change = try fullChange(body, stored, unlimited: unlimited)
        }
        let view: APIKeyView
        do throws(AccountError) {
            view = try await accounts.apiKeys.update(stored.key.number, change, expected: nil, by: caller.principal)
        } catch {
            throw NewAPIFailure(error)
        }
        return try await tokenAnswer(view, caller)
    }

    private func fullChange(_ body: NewAPITokenRequest, _ stored: APIKeyView, unlimited: Bool) throws(NewAPIFailure) -> APIKeyChange {
        var change = APIKeyChange()
        change.name = try body.label()
        change.expires = body.expires
        change.unlimited = body.unlimited
        change.quota = body.quotaToSet(unlimited: unlimited)
        change.modelLimitsEnabled = body.modelLimitsEnabled
        change.models = body.models
        change.addresses = try body.addressList()
        change.group = body.group
        if (body.group ?? stored.key.group) == Self.autoGroup {
            change.crossGroupRetry = body.crossGroupRetry
            if let groups = body.autoGroups { change.autoGroups = .some(try checked(groups)) }
        } else {
            change.crossGroupRetry = false
            change.autoGroups = .some(nil)
        }
        return change
    }

    /// The status that a body asks for: only enabled and disabled can be asked for.
    private func status(_ number: Int64?) throws(NewAPIFailure) -> APIKey.Status {
        switch number {
        case 1: return .enabled
        case 2: return .disabled
        default: throw NewAPIFailure(.invalidParameters)
        }
    }

    /// Looks at what is stored, not at what the same request would store.
    private func checkEnabling(_ stored: APIKeyView) throws(NewAPIFailure) {
        let isPast = stored.key.expires != -1 && stored.key.expires <= Int64(clamping: clock() / 1_000)
        if stored.key.status == .expired, isPast { throw NewAPIFailure(.notEnabledExpired) }
        if stored.key.status == .exhausted, !stored.state.unlimited, stored.state.remaining <= 0 {
            throw NewAPIFailure(.notEnabledExhausted)
        }
    }

    func deleteToken(_ request: NewAPIRequest, _ caller: NewAPICaller) async throws(NewAPIFailure) -> NewAPIAnswer {
        let view: APIKeyView
        do throws(NewAPIFailure) { view = try pathToken(request, caller) } catch {
            // What is no number counts as 0 here.
            if case .notAnID = error.message { throw NewAPIFailure(.missingID) }
            throw error
        }
        guard try await delete([view.key.number], caller) == 1 else { throw NewAPIFailure(.notFound) }
        return .done
    }

    /// Those that are not the caller's are skipped; the answer says how many went.
    func deleteTokens(_ request: NewAPIRequest, _ caller: NewAPICaller) async throws(NewAPIFailure) -> NewAPIAnswer {
        let ids = try batchIDs(request)
        guard ids.count <= NewAPIBounds.batch else { throw NewAPIFailure(.invalidParameters) }
        let numbers = Set(ids).compactMap { ownToken($0, caller)?.key.number }.sorted()
        return .data(.integer(Int64(try await delete(numbers, caller))))
    }

    private func delete(_ numbers: [UInt64], _ caller: NewAPICaller) async throws(NewAPIFailure) -> Int {
        guard !numbers.isEmpty else { return 0 }
        do throws(AccountError) {
            return try await accounts.apiKeys.delete(numbers, by: caller.principal)
        } catch {
            throw NewAPIFailure(error)
        }
    }

    // MARK: Automatic groups

    static var autoGroup: String { "auto" }

    /// The groups that `auto` may choose from.
    var autoGroupNames: [String] { settings.groups.map { $0.name }.filter { $0 != Self.autoGroup } }

    /// - Returns: `nil` for none.
    private func checked(_ groups: [String]?) throws(NewAPIFailure) -> [String]? {
        guard let groups, !groups.isEmpty else { return nil }
        guard groups.count <= settings.autoGroupsMax else { throw NewAPIFailure(.autoGroupsTooMany(settings.autoGroupsMax)) }
        var seen: Set<String> = []
        for group in groups {
            guard seen.insert(group).inserted else { throw NewAPIFailure(.autoGroupTwice(group)) }
            guard autoGroupNames.contains(group) else { throw NewAPIFailure(.autoGroupUnknown(group)) }
        }
        return groups
    }
}
