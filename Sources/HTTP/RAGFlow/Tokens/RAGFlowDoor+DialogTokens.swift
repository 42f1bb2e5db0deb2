import CofferAccounts
import CofferJSON
import CofferStore

/// The routes of keys that belong to a dialog or an agent (compat/ragflow.md 1.6), removed upstream with v0.25.0.
extension RAGFlowDoor {
    /// More keys than a user may own are not deleted in one call.
    private static let mostTokens = 10_000
    /// As the column of upstream's table.
    private static let longestID = 32

    /// `POST /v1/api/new_token`: in the user's own tenant; upstream took the first membership.
    func createDialogToken(_ call: HTTPCall, _ caller: RAGFlowCaller) async throws(RAGFlowFailure) -> RAGFlowAnswer {
        let tenant = try ownedTenant(caller)
        let body = Self.body(call)
        let canvas = body?["canvas_id"]
        guard let id = (canvas ?? body?["dialog_id"])?.string else {
            throw RAGFlowFailure(code: RAGFlowCode.exception, message: "KeyError('dialog_id')")
        }
        guard (1...Self.longestID).contains(id.utf8.count) else {
            throw RAGFlowFailure(code: RAGFlowCode.argument, message: "dialog_id and canvas_id have 1 to \(Self.longestID) bytes")
        }
        let (key, token) = try await makeKey(caller, tenant) { draft in
            draft.dialogID = id
            draft.source = canvas == nil ? nil : "agent"
        }
        var row = Self.newRow(key, tenant, token)
        row.append(("dialog_id", .string(id)))
        if canvas != nil { row.append(("source", .string("agent"))) }
        return RAGFlowAnswer(data: .object(row))
    }

    /// `GET /v1/api/token_list?dialog_id=|canvas_id=`: betas are shown, not made.
    func listDialogTokens(_ call: HTTPCall, _ caller: RAGFlowCaller) async throws(RAGFlowFailure) -> RAGFlowAnswer {
        let tenant = try ownedTenant(caller)
        guard let id = call.queryValue("dialog_id") ?? call.queryValue("canvas_id") else { throw .missing(["dialog_id"]) }
        let keys = ownKeys(caller, tenant).filter { $0.dialogID.map { $0.utf8.elementsEqual(id.utf8) } ?? false }
        let betas = keys.contains(where: \.hasBeta) ? try await betas(caller) : [:]
        return RAGFlowAnswer(data: .array(try await rows(keys, tenant) { $0.hasBeta ? betas[$0.number] : nil }))
    }

    /// `POST /v1/api/rm`: the tenant is the user's own. Upstream believed the `tenant_id` of the body, which let anybody delete any key.
    func removeDialogTokens(_ call: HTTPCall, _ caller: RAGFlowCaller) async throws(RAGFlowFailure) -> RAGFlowAnswer {
        let body = Self.body(call)
        let absent = ["tokens", "tenant_id"].filter { body?[$0] == nil }
        guard absent.isEmpty else { throw .missing(absent) }
        guard let items = body?["tokens"]?.array, items.count <= Self.mostTokens else {
            throw RAGFlowFailure(code: RAGFlowCode.argument, message: "tokens must be a list of at most \(Self.mostTokens) texts")
        }
        let tenant = try ownedTenant(caller)
        try await delete(items.compactMap(\.string), caller, tenant)
        return RAGFlowAnswer(data: .bool(true))
    }

    /// `GET /v1/api/stats`, `/api/v1/system/stats`: no conversations happen here, so there are no points on any curve.
    func statistics() -> RAGFlowAnswer {
        RAGFlowAnswer(data: .object(["pv", "uv", "speed", "tokens", "round", "thumb_up"].map { ($0, .array([])) }))
    }
}
