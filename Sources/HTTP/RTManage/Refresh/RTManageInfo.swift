import CofferAccounts
import CofferCredentials
import CofferJSON
import CofferStore
import CofferUpstream

/// What can be asked about a user beside tokens (compat/rtmanage.md 3.5).
enum RTManageInfo: CaseIterable, Sendable {
    case user, account

    /// Of the provider.
    var step: String {
        switch self {
        case .user: "user-info"
        case .account: "account-info"
        }
    }

    /// What messages call it.
    var word: String {
        switch self {
        case .user: "用户信息"
        case .account: "账号信息"
        }
    }

    /// What an answer changes of a credential; `nil` where it says nothing.
    func change(_ answer: StepResult) -> CredentialChange? {
        guard answer.verdict == .ok, let body = answer.body else { return nil }
        var change = CredentialChange()
        defer { withExtendedLifetime(body) {} }
        guard body.count <= RTManageBounds.info, let value = try? JSONValue.parse(Array(body.bytes), allowsTrailing: false) else { return nil }
        switch self {
        case .user:
            change.secrets[RTManageKind.userInfo] = body
            // Each overwrites only when it is not empty; an address that is none is left out.
            if let email = value["email"]?.string, !email.isEmpty, (try? NameRules.check(email: email)) != nil { change.email = email }
            if let name = value["name"]?.string, !name.isEmpty {
                change.attributes[RTManageAttribute.userName] = TokenRedaction.bounded(name.replacing("\0", with: ""), 255)
            }
        case .account:
            change.secrets[RTManageKind.accountInfo] = body
            if let plan = AccountPlan.plan(value) {
                change.attributes[RTManageAttribute.type] = TokenRedaction.bounded(plan.replacing("\0", with: ""), 50)
            }
        }
        return change
    }

    /// Why it failed, as messages have it.
    static func failure(_ answer: StepResult) -> String { answer.status == 0 || answer.status == 200 ? answer.reason : "HTTP \(answer.status)" }
}
