import CofferAccounts
import CofferJSON
import CofferStore

extension RAGFlowDoor {
    /// A user as RAGFlow's clients read one, without what does not exist here.
    func userData(_ user: User) -> JSONValue {
        .object([
            ("id", .string(user.ragflowID)), ("email", .string(user.email)), ("nickname", .string(user.displayName.text)),
            ("avatar", .null), ("language", .string("English")), ("color_schema", .string("Bright")), ("timezone", .string("UTC+0\tUTC")),
            ("is_active", .string(user.isEnabled ? "1" : "0")), ("is_anonymous", .string("0")), ("is_authenticated", .string("1")),
            ("is_superuser", .bool(false)), ("login_channel", .string("password")), ("status", .string("1")),
            ("last_login_time", .null),
            ("create_time", .integer(Int64(clamping: user.created))), ("create_date", .string(Self.date(user.created))),
            ("update_time", .integer(Int64(clamping: user.updated))), ("update_date", .string(Self.date(user.updated))),
        ])
    }

    /// `GET /v1/user/tenant_info`, `/api/v1/users/me/models`: the own tenant; no models are set because there are none.
    func tenantInfo(_ caller: RAGFlowCaller) throws(RAGFlowFailure) -> RAGFlowAnswer {
        let tenant = try ownedTenant(caller)
        let models = ["llm_id", "embd_id", "rerank_id", "asr_id", "img2txt_id", "tts_id", "parser_ids"].map { ($0, JSONValue.string("")) }
        return RAGFlowAnswer(
            data: .object([
                ("tenant_id", .string(tenant.name.description)), ("name", .string("\(caller.user.displayName.text)'s Kingdom")),
                ("role", .string(MembershipRole.owner.rawValue)),
            ] + models))
    }

    /// `POST /v1/user/set_tenant_info`: the test fixtures set models with it, and there is nothing to set.
    func setTenantInfo(_ caller: RAGFlowCaller) throws(RAGFlowFailure) -> RAGFlowAnswer {
        _ = try ownedTenant(caller)
        return RAGFlowAnswer(data: .bool(true))
    }

    /// `POST /v1/tenant/create`: whoever owns a tenant already keeps that one.
    func createTenant(_ caller: RAGFlowCaller) async throws(RAGFlowFailure) -> RAGFlowAnswer {
        if let tenant = try? ownedTenant(caller) { return Self.tenantAnswer(tenant) }
        let random = RAGFlowLoginToken.draw()
        let digits = Array(random.bytes)
        withExtendedLifetime(random) {}
        do throws(AccountError) {
            guard let name = try? DocumentName(digits) else { throw AccountError(.failed, "", "the tenant has no name") }
            let tenant = try await accounts.tenants.create(name: name, allowsReveal: true, by: caller.principal)
            _ = try await accounts.tenants.add(tenant: tenant.number, user: caller.user.number, role: .owner, by: caller.principal)
            return Self.tenantAnswer(tenant)
        } catch {
            throw RAGFlowFailure(error)
        }
    }

    private static func tenantAnswer(_ tenant: Tenant) -> RAGFlowAnswer {
        RAGFlowAnswer(data: .object([("id", .string(tenant.name.description)), ("tenant_id", .string(tenant.name.description))]))
    }

    /// RFC 1123 in GMT; upstream writes local time under that name (compat/ragflow.md 5).
    static func date(_ milliseconds: UInt64) -> String { DateLine.text(Int(clamping: milliseconds / 1_000)) }
}
