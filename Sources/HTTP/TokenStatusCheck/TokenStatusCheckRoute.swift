/// Which page is meant. Capital and small letters are the same in paths, as in the original's framework, and a slash at the end says nothing.
enum TokenStatusCheckRoute: Equatable, Sendable {
    /// Of the name as given, in small letters; whether there is such a provider is not yet asked.
    case check(String)
    case single, list

    var method: String { if case .check = self { "POST" } else { "GET" } }

    /// For the log.
    var name: String {
        switch self {
        case .check: "POST /api/LLM_TokenCheck/Check/:provider"
        case .single: "GET /api/OfficialTokenCheck/Check/deep/single"
        case .list: "GET /api/OfficialTokenCheck/Check/deep/list"
        }
    }

    static func find(_ path: String) -> TokenStatusCheckRoute? {
        var segments = path.lowercased().split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        if segments.count > 2, segments.last == "" { segments.removeLast() }
        guard segments.count >= 5, segments[0].isEmpty, segments[1] == "api", segments[3] == "check" else { return nil }
        switch (segments[2], segments.count) {
        case ("llm_tokencheck", 5) where !segments[4].isEmpty: return .check(segments[4])
        case ("officialtokencheck", 6) where segments[4] == "deep":
            return segments[5] == "single" ? .single : segments[5] == "list" ? .list : nil
        default: return nil
        }
    }

    /// On an address of its own all paths are the door's; on a shared one only those of the original's spelling.
    static let claims: [PathClaim] = [.tree("/api/LLM_TokenCheck"), .tree("/api/OfficialTokenCheck"), .everything]
}
