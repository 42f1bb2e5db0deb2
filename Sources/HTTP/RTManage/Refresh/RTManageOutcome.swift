import CofferCredentials
import CofferJSON
import CofferStore
import CofferUpstream

/// What a refresh came to, in RT-manage's words (compat/rtmanage.md 3.3 and 3.4).
struct RTManageOutcome: Equatable, Sendable {
    /// The reason without the endpoint's own `刷新失败: `; `nil`: it went well.
    var inner: String?
    /// What is kept and shown as `refresh_result`, without tokens.
    var result: String

    /// As the original's messages name it, whatever the configuration replaces it with.
    static let address = "https://auth.openai.com/oauth/token"

    /// Of an answer, or of a call that got none.
    /// - Parameters:
    ///   - error: why there are no new tokens though the upstream answered well; `nil`: there are.
    ///   - secrets: what was sent and what is stored; none of it is in the outcome.
    init(_ answer: StepResult, error: CredentialError?, cutting secrets: [SecretBuffer]) {
        let text = answer.body.map { TokenRedaction.text($0, cutting: secrets, limit: RTManageBounds.result) } ?? ""
        if answer.verdict == .ok {
            inner = error.map { "更新RT失败: \($0.message)" }
            result = text
            return
        }
        result = text
        switch answer.status {
        case 0:
            inner = Self.unreachable(answer.reason)
            result = inner ?? ""
        case 200: inner = "解析响应失败: \(answer.reason)"
        default: inner = Self.refusal(answer.status, text)
        }
    }

    /// Of a refresh that was not dialled.
    /// - Parameter last: what the last one came to, where the store has it.
    init(_ error: CredentialError, last: String) {
        result = last
        let known = Self.refusal(400, last)
        switch error.code {
        case .notFound: inner = RTManageFailure.noSuchRow
        // The upstream's own words are the ones that clients match; a text of ours is none of them.
        case .dead, .needsPerson: inner = known.hasPrefix("刷新失败: HTTP ") || known == Self.empty ? "刷新失败: \(error.message)" : known
        default: inner = Self.unreachable(error.message)
        }
    }

    private static let empty = "刷新失败: : "

    private static func unreachable(_ reason: String) -> String { "请求失败: Post \"\(address)\": \(reason)" }

    /// As Go reads `{"error":{"code":C,"message":M}}`: an object without it has both empty, anything else is shown as it is.
    static func refusal(_ status: Int, _ body: String) -> String {
        let whole = "刷新失败: HTTP \(status): \(body)"
        guard let value = try? JSONValue.parse(Array(body.utf8), allowsTrailing: false), value.object != nil else { return whole }
        guard let error = value["error"], !error.isNull else { return empty }
        guard error.object != nil else { return whole }
        func text(_ name: String) -> String? {
            guard let field = error[name], !field.isNull else { return "" }
            return field.string
        }
        guard let code = text("code"), let message = text("message") else { return whole }
        return "刷新失败: \(code): \(message)"
    }
}
