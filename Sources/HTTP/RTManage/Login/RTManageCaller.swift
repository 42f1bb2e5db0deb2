import CofferAccounts
import CofferStore

/// Who asks for something of an administrator.
struct RTManageCaller: Sendable {
    /// `api_user` for who brings the API secret.
    let username: String
    var principal: String { RTManageRequest.principal }

    static let apiUser = RTManageCaller(username: "api_user")
}

extension RTManageDoor {
    static let standardUsername = "admin"

    /// A field of the door in the store; `nil`: it is not set.
    func stored(_ field: String) async -> SecretBuffer? {
        let doors = accounts.doors
        let id = id
        return await DiskWork.run { doors.value(id, field) }
    }

    /// `nil`: no password is set, and nobody can log in.
    func storedLogin() async -> RTManageLogin? {
        guard let password = await stored("password") else { return nil }
        return RTManageLogin(username: await stored("username")?.text ?? Self.standardUsername, password: password)
    }

    /// The administrator behind a request (compat/rtmanage.md 1.1).
    func caller(_ call: HTTPCall) async throws(RTManageFailure) -> RTManageCaller {
        guard let header = call.header("authorization"), !header.isEmpty else { throw RTManageFailure(401, "未提供认证令牌") }
        guard let blank = header.firstIndex(of: " "), header[..<blank] == "Bearer" else {
            throw RTManageFailure(401, "认证令牌格式错误，应为: Bearer <token>")
        }
        let token = String(header[header.index(after: blank)...])
        if settings.apiSecretIsAdmin, await isAPISecret(token) { return .apiUser }
        guard let login = await storedLogin() else { throw Self.invalidToken }
        do throws(StoreError) {
            guard let found = try await signing.verified(token, login, now: Int64(clock() / 1_000)) else { throw StoreError(.notFound, "") }
            return RTManageCaller(username: found.username)
        } catch {
            if error.code == .locked { throw .unavailable }
            throw Self.invalidToken
        }
    }

    private static let invalidToken = RTManageFailure(401, "认证失败：令牌无效或已过期")

    func checkAPISecret(_ call: HTTPCall) async throws(RTManageFailure) {
        guard let secret = call.header("x-api-secret"), !secret.isEmpty else { throw RTManageFailure(401, "缺少API密钥") }
        guard await isAPISecret(secret) else { throw RTManageFailure(401, "API密钥无效") }
    }

    /// Nothing is equal to a secret that is not set.
    private func isAPISecret(_ text: String) async -> Bool {
        guard let secret = await stored("api_secret") else { return false }
        return secret.isEqual(to: text)
    }
}

