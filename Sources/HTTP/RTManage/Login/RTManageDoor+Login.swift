import CofferJSON
import CofferStore
import Logging

extension RTManageDoor {
    /// Login answers without the envelope (compat/rtmanage.md 1.2).
    func login(_ request: RTManageRequest, principal: inout String) async throws(RTManageFailure) -> RTManageAnswer {
        let call = request.call
        let (username, password) = try loginFields(request)
        if let seconds = backoff.check(call.client, now: clock()) {
            throw RTManageFailure(429, "登录失败次数过多，请 \(seconds) 秒后重试", retryAfter: seconds)
        }
        let login = await storedLogin()
        // Both are compared whatever the first says.
        let isName = SecretBuffer(Array((login?.username ?? Self.standardUsername).utf8)).isEqual(to: username)
        let isPassword = (login?.password ?? Self.nobody).isEqual(to: password)
        guard let login, isName, isPassword else {
            backoff.failed(call.client, now: clock())
            logger.notice("login failed", metadata: ["door": "rtmanage", "client": "\(call.client)", "request": "\(call.requestID)"])
            throw RTManageFailure(401, "用户名或密码错误")
        }
        backoff.succeeded(call.client)
        principal = RTManageRequest.principal
        let now = Int64(clock() / 1_000)
        let hours = Int64(min(max(settings.jwtExpireHours, 1), 87_600))
        let token = RTManageToken(username: login.username, iat: now, nbf: now, exp: now + hours * 3_600)
        do throws(StoreError) {
            let text = try await signing.signed(token, login)
            return RTManageAnswer(.object([("token", .string(text)), ("username", .string(login.username))]))
        } catch {
            if error.code == .locked { throw .unavailable }
            throw RTManageFailure(500, "生成令牌失败")
        }
    }

    private static let nobody = SecretBuffer([])

    private func loginFields(_ request: RTManageRequest) throws(RTManageFailure) -> (username: String, password: String) {
        do throws(RTManageFailure) {
            let body = try request.body()
            let username = try body.text("username")
            let password = try body.text("password")
            if !username.isEmpty, !password.isEmpty { return (username, password) }
        } catch {
            // The same answer for all that is no login, whatever the decoder says.
        }
        throw RTManageFailure(400, "请求参数错误")
    }
}
