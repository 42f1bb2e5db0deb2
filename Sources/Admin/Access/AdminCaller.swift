import CofferAccounts
import CofferHTTP
import CofferStore

/// Who sent a request, and by what.
struct AdminCaller: Sendable {
    var user: User
    /// A personal access token, or the session that a cookie names.
    var token: AccessToken
    var address: ClientAddress
    /// Until when values may be shown (Unix milliseconds); a personal access token needs no second look at its owner.
    var stepUpUntil: UInt64
    /// Of a session: what its changes must bring along.
    var csrf = ""

    var isSession: Bool { token.kind == .adminSession }
    /// As policies and the audit log spell it.
    var selector: String { "login:\(user.name.description)" }

    func identity(tenant: String) -> AdminIdentity {
        AdminIdentity(
            login: user.name.description, role: user.role.word, administers: user.role == .root,
            token: isSession || token.name.bytes.isEmpty ? nil : token.name.text, address: "\(address)", tenant: tenant)
    }
}
