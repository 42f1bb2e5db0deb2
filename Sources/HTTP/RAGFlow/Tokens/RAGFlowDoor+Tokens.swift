import CofferAccounts
import CofferJSON
import CofferStore

extension RAGFlowDoor {
    /// `GET …/token_list`, `…/tokens`: the keys of the user's own tenant, whole.
    ///
    /// Keys without a beta get one, once; the rows still show when they were changed before.
    func listTokens(_ caller: RAGFlowCaller) async throws(RAGFlowFailure) -> RAGFlowAnswer {
        let tenant = try ownedTenant(caller)
        let keys = ownKeys(caller, tenant)
        let betas = try await betas(caller)
        return RAGFlowAnswer(data: .array(try await rows(keys, tenant) { betas[$0.number] }))
    }

    /// `POST …/new_token`, `…/tokens`: nothing in the body matters, not even whether there is one.
    func createToken(_ caller: RAGFlowCaller) async throws(RAGFlowFailure) -> RAGFlowAnswer {
        let tenant = try ownedTenant(caller)
        // A tenant that keeps no readable forms has no betas: they could not be shown again.
        let beta = tenant.allowsReveal ? TokenService.random(prefix: "", characters: 32) : nil
        let (key, token) = try await makeKey(caller, tenant) { $0.beta = beta }
        var row = Self.newRow(key, tenant, token)
        row.append(("beta", beta.map { .string(Self.text($0)) } ?? .null))
        return RAGFlowAnswer(data: .object(row))
    }

    /// `DELETE …/token/<token>`: true whether or not there was one; a key of another tenant is as good as none.
    func deleteToken(_ parameter: String, _ caller: RAGFlowCaller) async throws(RAGFlowFailure) -> RAGFlowAnswer {
        let tenant = try ownedTenant(caller)
        let token = QueryText.decoded(Array(parameter.utf8), plusIsBlank: false)
        try await delete([token], caller, tenant)
        return RAGFlowAnswer(data: .bool(true))
    }

    func delete(_ tokens: [String], _ caller: RAGFlowCaller, _ tenant: Tenant) async throws(RAGFlowFailure) {
        let numbers = tokens.compactMap { token -> UInt64? in
            // A beta finds its key as well; all keys of this form begin like this, and no beta that was made here does.
            guard token.hasPrefix("ragflow-") else { return nil }
            let view = Array(token.utf8).withUnsafeBytes { accounts.apiKeys.find(readable: $0) }
            guard let key = view?.key, key.form == .ragflow, key.tenant == tenant.number, key.owner == caller.user.number
            else { return nil }
            return key.number
        }
        guard !numbers.isEmpty else { return }
        do throws(AccountError) {
            _ = try await accounts.apiKeys.delete(Array(Set(numbers)), by: caller.principal)
        } catch {
            throw RAGFlowFailure(error)
        }
    }

    /// The oldest first: clients take the first one for embedding.
    func ownKeys(_ caller: RAGFlowCaller, _ tenant: Tenant) -> [APIKey] {
        let filter = APIKeyService.Filter(tenant: tenant.number, owner: caller.user.number, form: .ragflow)
        return accounts.apiKeys.match(filter) { _ in true }.map(\.key)
    }

    func betas(_ caller: RAGFlowCaller) async throws(RAGFlowFailure) -> [UInt64: SecretBuffer] {
        do throws(AccountError) {
            return try await accounts.apiKeys.betas(owner: caller.user.number)
        } catch {
            throw RAGFlowFailure(error)
        }
    }

    /// A new key with a readable form of the configured length.
    func makeKey(
        _ caller: RAGFlowCaller, _ tenant: Tenant, _ change: (inout APIKeyDraft) -> Void
    ) async throws(RAGFlowFailure) -> (APIKey, SecretBuffer) {
        var draft = APIKeyDraft(tenant: tenant.number, owner: caller.user.number, form: .ragflow)
        draft.unlimited = true
        if settings.hasLongTokens {
            draft.readable = TokenService.random(prefix: "ragflow-", characters: RAGFlowSettings.longToken)
        }
        change(&draft)
        do throws(AccountError) {
            let made = try await accounts.apiKeys.create(draft, by: caller.principal)
            return (made.view.key, made.readable)
        } catch {
            switch error.code {
            case .locked, .busy, .readOnly, .storeFull: throw RAGFlowFailure(error)
            default: throw RAGFlowFailure(code: RAGFlowCode.data, message: "Fail to new a dialog!", data: .absent)
            }
        }
    }

    static func text(_ secret: SecretBuffer) -> String {
        let text = String(decoding: secret.bytes, as: UTF8.self)
        withExtendedLifetime(secret) {}
        return text
    }
}
