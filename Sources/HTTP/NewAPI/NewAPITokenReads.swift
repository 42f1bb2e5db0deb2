import CofferAccounts
import CofferJSON
import CofferStore

// Lists, search and keys (compat/newapi.md 1.3 to 1.5 and 1.11).
extension NewAPIDoor {
    func listTokens(_ request: NewAPIRequest, _ caller: NewAPICaller) async throws(NewAPIFailure) -> NewAPIAnswer {
        let page = NewAPIPage(request.call, standard: rules.pageSize)
        let found = accounts.apiKeys.list(filter(caller.user), order: .newestFirst, skip: page.skip, limit: page.size)
        do throws(AccountError) {
            return .data(page.object(try await tokenObjects(found.items, caller.user), total: found.total))
        } catch {
            throw NewAPIFailure(error, otherwise: .listFailed)
        }
    }

    func searchTokens(_ request: NewAPIRequest, _ caller: NewAPICaller) async throws(NewAPIFailure) -> NewAPIAnswer {
        try limit(.search(user: caller.user.number))
        let page = NewAPIPage(request.call, standard: rules.pageSize)
        let name = try NewAPISearchPattern(request.call.queryValue("keyword") ?? "")
        var keyText = request.call.queryValue("token") ?? ""
        if keyText.hasPrefix("sk-") { keyText.removeFirst(3) }
        let key = try NewAPISearchPattern(keyText)
        let own = filter(caller.user)
        if name.hasWildcard || key.hasWildcard {
            let total = accounts.apiKeys.list(own, order: .oldestFirst, skip: 0, limit: 1).total
            guard total <= settings.maxTokens else { throw NewAPIFailure(.patternOverCap) }
        }
        do throws(AccountError) {
            var found = accounts.apiKeys.match(own) { name.matches($0.key.name.text) }
            if !key.isEmpty { found = try await withKeys(found, key, keyText) }
            // A request that says nothing of pages gets the document's array.
            if settings.profile == .document, !page.isAskedFor {
                found.sort { $0.key.newapiID < $1.key.newapiID }
                return .data(.array(try await tokenObjects(found, caller.user)))
            }
            found.sort { $0.key.newapiID > $1.key.newapiID }
            let items = Array(found.dropFirst(page.skip).prefix(page.size))
            return .data(page.object(try await tokenObjects(items, caller.user), total: found.count))
        } catch {
            throw NewAPIFailure(error, otherwise: .searchFailed)
        }
    }

    /// Those whose keys match. A whole key is found by its hash; for a part the readable forms are read, one after the other.
    private func withKeys(
        _ views: [APIKeyView], _ pattern: NewAPISearchPattern, _ text: String
    ) async throws(AccountError) -> [APIKeyView] {
        // The prefix went once; a second one is no part of any key.
        guard !text.hasPrefix("sk-") else { return [] }
        let exact = Array(text.utf8).withUnsafeBytes { accounts.apiKeys.find(readable: $0) }
        if let exact { return views.filter { $0.key.number == exact.key.number } }
        // Longer than any key: reading them would be for nothing.
        guard text.utf8.count <= 255 else { return [] }
        var found: [APIKeyView] = []
        for view in views {
            if let key = try await wholeKey(view) {
                if pattern.matches(key.text) { found.append(view) }
            } else if view.key.hint.split(separator: "*").contains(where: { pattern.matches(String($0)) }) {
                found.append(view)
            }
        }
        return found
    }

    func showToken(_ request: NewAPIRequest, _ caller: NewAPICaller) async throws(NewAPIFailure) -> NewAPIAnswer {
        try await tokenAnswer(try pathToken(request, caller), caller)
    }

    func tokenAnswer(_ view: APIKeyView, _ caller: NewAPICaller) async throws(NewAPIFailure) -> NewAPIAnswer {
        do throws(AccountError) {
            return .data(try await tokenObjects([view], caller.user).first ?? .null)
        } catch {
            throw NewAPIFailure(error)
        }
    }

    func revealToken(_ request: NewAPIRequest, _ caller: NewAPICaller) async throws(NewAPIFailure) -> NewAPIAnswer {
        try limitCritical(request.call)
        let view = try pathToken(request, caller)
        do throws(AccountError) {
            guard let key = try await wholeKey(view) else { throw AccountError(.denied, "", "the key cannot be shown") }
            return Self.unstored(.object([("key", .string(key.text))]))
        } catch {
            throw NewAPIFailure(error)
        }
    }

    /// Keys of several tokens; those that are not the caller's, or cannot be shown, are not among them.
    func revealTokens(_ request: NewAPIRequest, _ caller: NewAPICaller) async throws(NewAPIFailure) -> NewAPIAnswer {
        try limitCritical(request.call)
        let ids = try batchIDs(request)
        guard ids.count <= NewAPIBounds.reveals else { throw NewAPIFailure(.tooManyItems(NewAPIBounds.reveals)) }
        var keys: [(String, JSONValue)] = []
        do throws(AccountError) {
            for id in Set(ids).sorted() {
                guard let view = ownToken(id, caller), let key = try await wholeKey(view) else { continue }
                keys.append((String(id), .string(key.text)))
            }
        } catch {
            throw NewAPIFailure(error)
        }
        return Self.unstored(.object([("keys", .object(keys))]))
    }

    /// The ids of a batch; there must be one.
    func batchIDs(_ request: NewAPIRequest) throws(NewAPIFailure) -> [Int64] {
        let ids: [Int64]?
        do throws(NewAPIFailure) {
            ids = try NewAPIFields(request.call.body, type: "TokenBatch").integers("ids")
        } catch {
            throw NewAPIFailure(.invalidParameters)
        }
        guard let ids, !ids.isEmpty else { throw NewAPIFailure(.invalidParameters) }
        return ids
    }

    /// An answer that nobody on the way may keep.
    private static func unstored(_ data: JSONValue) -> NewAPIAnswer {
        var answer = NewAPIAnswer.data(data)
        answer.headers = [
            ("Cache-Control", "no-store, no-cache, must-revalidate, private, max-age=0"), ("Pragma", "no-cache"), ("Expires", "0"),
        ]
        return answer
    }
}
