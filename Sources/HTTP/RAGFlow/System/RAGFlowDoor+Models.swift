import CofferAccounts
import CofferJSON

/// What the fixtures of RAGFlow's tests do with models before they come to tokens (decisions 13).
extension RAGFlowDoor {
    /// `GET /api/v1/models`, `/api/v1/providers`: the providers that the user announced, without models.
    func models(_ caller: RAGFlowCaller) -> RAGFlowAnswer {
        let rows = announced.names(of: caller.user.number).map { name in
            JSONValue.object([("provider_name", .string(name)), ("model_provider", .string(name)), ("models", .array([]))])
        }
        return RAGFlowAnswer(data: .array(rows))
    }

    /// `PUT /api/v1/providers`.
    func addProvider(_ call: HTTPCall, _ caller: RAGFlowCaller) throws(RAGFlowFailure) -> RAGFlowAnswer {
        guard let name = Self.body(call)?["provider_name"]?.string, !name.isEmpty else { throw .missing(["provider_name"]) }
        guard name.utf8.count <= AnnouncedProviders.longestName, announced.add(name, user: caller.user.number) else {
            throw RAGFlowFailure(code: RAGFlowCode.operating, message: "there are too many providers, or the name is too long")
        }
        return RAGFlowAnswer(data: .bool(true))
    }
}
