import CofferStore
import CofferUpstream
import Testing

/// Answers and what they mean, without a network.
@Suite struct JudgingTests {
    private let now: UInt64 = 1_700_000_000_000

    private func judge(
        _ call: PreparedCall, _ status: Int, _ body: String, type: String = "application/json", headers: [(name: String, value: String)] = [],
        failure: String? = nil, wasSent: Bool = true
    ) -> StepResult {
        let answer = UpstreamAnswer(
            status: status, headers: [("Content-Type", type)] + headers, body: secret(body), failure: failure, wasSent: wasSent)
        return call.judge(answer, now: now)
    }

    private func oauth(_ more: [String: String] = [:]) throws -> PreparedCall {
        try Samples.builtIn("oauth2", "refresh", ["token_url": "https://h/t", "refresh": "the-refresh-token", "client_id": "client"].merging(more) { $1 })
    }

    // MARK: Without rules

    @Test(arguments: [(200, StepVerdict.ok), (204, .ok), (299, .ok), (301, .down), (400, .down), (401, .down), (404, .down), (429, .limited(retryAfter: nil)), (500, .down), (503, .down)])
    func defaults(_ status: Int, _ verdict: StepVerdict) throws {
        let call = try Samples.call("url: https://h/", [:])
        let result = judge(call, status, "{}")
        #expect(result.verdict == verdict)
        #expect(result.status == status)
        #expect(result.isUnused == (verdict == .limited(retryAfter: nil)))
    }

    @Test func retryAfter() throws {
        let call = try Samples.call("url: https://h/", [:])
        func after(_ status: Int, _ value: String) -> StepVerdict { judge(call, status, "", headers: [("retry-after", value)]).verdict }
        #expect(after(429, "7") == .limited(retryAfter: 7_000))
        #expect(after(503, "7") == .limited(retryAfter: 7_000))
        #expect(after(429, "0") == .limited(retryAfter: 1_000))
        #expect(after(429, "999999999999") == .limited(retryAfter: 86_400_000))
        #expect(after(429, "-5") == .limited(retryAfter: nil))
        #expect(after(429, "soon") == .limited(retryAfter: nil))
        // 2023-11-14T22:13:20 is now.
        #expect(after(429, "Tue, 14 Nov 2023 22:14:20 GMT") == .limited(retryAfter: 60_000))
        #expect(after(429, "Tue, 14 Nov 2000 22:14:20 GMT") == .limited(retryAfter: 1_000))
        #expect(after(429, "Tue, 14 Nov 2093 22:14:20 GMT") == .limited(retryAfter: 86_400_000))
    }

    @Test func redirectIsNoVerdict() throws {
        let result = judge(try oauth(), 302, "", headers: [("Location", "https://evil/")])
        #expect(result.verdict == .down)
        #expect(result.reason == "HTTP 302: redirects are not followed")
    }

    @Test(arguments: [
        ("<html>hello</html>", "text/html"), ("", "application/json"), ("{\"access_token\":\"a\"", "application/json"), ("{\"access_token\":\"a\"} x", "application/json"),
        ("[]", "application/json"), ("null", "application/json"), ("{\"access_token\":null}", "application/json"), ("{\"access_token\":\"\"}", "application/json"),
        ("{\"access_token\":{}}", "application/json"), ("{\"access_token\":\"a\"}", "application/json; charset=utf-16"),
        ("{\"access_token\":\"ä\"}", "application/json; charset=iso-8859-1"), ("{\"access_token\":\"a\"}", "application/json; charset=gbk"),
    ])
    func unusableAnswersAreDown(_ body: String, _ type: String) throws {
        let result = judge(try oauth(), 200, body, type: type)
        #expect(result.verdict == .down)
        #expect(!result.isUnused)
        #expect(result.wasSent)
        // Nothing is lost: what came is there.
        #expect(text(result.body) == body)
        #expect(result.reason.hasPrefix("HTTP 200: the answer "))
    }

    @Test func invalidTextIsNoJSON() throws {
        let answer = UpstreamAnswer(status: 200, body: SecretBuffer(Array("{\"access_token\":\"a".utf8) + [0xFF] + Array("\"}".utf8)))
        #expect(try oauth().judge(answer, now: now).verdict == .down)
    }

    @Test func readableCharsets() throws {
        for type in ["application/json;charset=UTF-8", "text/plain", "application/json; charset=\"us-ascii\"", "text/html; charset=ISO-8859-1"] {
            #expect(judge(try oauth(), 200, "{\"access_token\":\"a\"}", type: type).verdict == .ok)
        }
        #expect(judge(try oauth(), 200, "\u{FEFF}{\"access_token\":\"a\"}").verdict == .ok)
    }

    /// A rotated refresh token in an answer without access token is not lost.
    @Test func whatWasFoundIsKept() throws {
        let result = judge(try oauth(), 200, #"{"refresh_token":"next"}"#)
        #expect(result.verdict == .down)
        #expect(result.reason == "HTTP 200: the answer has no /access_token")
        #expect(text(result.values["refresh"]) == "next")
    }

    /// What is no text takes no token's place; what is beside it is kept.
    @Test(arguments: ["6", "true", "[\"next\"]", "{}"]) func tokensAreTexts(_ value: String) throws {
        let access = judge(try oauth(), 200, #"{"access_token":\#(value),"refresh_token":"next"}"#)
        #expect(access.verdict == .down)
        #expect(access.reason == "HTTP 200: the answer has no text in /access_token")
        #expect(access.values["access"] == nil)
        #expect(text(access.values["refresh"]) == "next")
        let refresh = judge(try oauth(), 200, #"{"access_token":"A","refresh_token":\#(value)}"#)
        #expect(refresh.verdict == .down)
        #expect(refresh.reason == "HTTP 200: the answer has no text in /refresh_token")
        #expect(refresh.values["refresh"] == nil)
        #expect(text(refresh.values["access"]) == "A")
    }

    @Test func failedExchangeIsNoVerdict() throws {
        // The part that came looks like a verdict, and is none.
        let result = judge(try oauth(), 400, #"{"error":"invalid_grant"}"#, failure: "the answer broke off")
        #expect(result.verdict == .down)
        #expect(result.reason == "the answer broke off")
        #expect(!result.isUnused)
        #expect(text(result.body) == #"{"error":"invalid_grant"}"#)
        let unsent = judge(try oauth(), 0, "", failure: "no connection to the upstream", wasSent: false)
        #expect(unsent.verdict == .down)
        #expect(unsent.isUnused)
        #expect(!unsent.wasSent)
    }

    // MARK: oauth2

    @Test func oauthOK() throws {
        let result = judge(try oauth(), 200, #"{"access_token":"A","token_type":"bearer","expires_in":3600,"refresh_token":"R2"}"#)
        #expect(result.verdict == .ok)
        #expect(text(result.values["access"]) == "A")
        #expect(text(result.values["refresh"]) == "R2")
        #expect(result.expiries == ["access": now + 3_600_000])
        #expect(!result.isUnused)
    }

    @Test func oauthKeepsOldRefreshToken() throws {
        for body in [#"{"access_token":"A"}"#, #"{"access_token":"A","refresh_token":""}"#, #"{"access_token":"A","refresh_token":null}"#] {
            let result = judge(try oauth(), 200, body)
            #expect(result.verdict == .ok)
            #expect(result.values["refresh"] == nil)
        }
    }

    @Test(arguments: [
        (400, "invalid_grant", StepVerdict.dead, true), (401, "invalid_grant", .dead, true), (200, "bad_refresh_token", .dead, true),
        (401, "invalid_client", .needsPerson, true), (400, "unauthorized_client", .needsPerson, true), (400, "invalid_scope", .needsPerson, true),
        (429, "slow_down", .limited(retryAfter: nil), true), (503, "temporarily_unavailable", .limited(retryAfter: nil), true),
        (500, "invalid_grant", .down, false), (502, "server_error", .down, false), (200, "server_error", .down, false), (400, "strange", .down, false),
    ])
    func oauthErrors(_ status: Int, _ code: String, _ verdict: StepVerdict, _ isUnused: Bool) throws {
        let result = judge(try oauth(), status, #"{"error":"\#(code)","error_description":"Because."}"#)
        #expect(result.verdict == verdict)
        #expect(result.isUnused == isUnused)
        #expect(result.errorCode == code)
        #expect(result.errorMessage == "Because.")
    }

    // MARK: openai

    @Test(arguments: ["refresh_token_reused", "refresh_token_expired", "refresh_token_invalidated", "invalid_grant"])
    func openAIDead(_ code: String) throws {
        let call = try Samples.builtIn("openai", "refresh", ["refresh": "rt_0123456789"])
        for status in [400, 401] {
            let result = judge(call, status, #"{"error":{"message":"Used rt_0123456789.","type":"invalid_request_error","param":null,"code":"\#(code)"}}"#)
            #expect(result.verdict == .dead)
            #expect(result.errorCode == code)
            #expect(result.errorMessage == "Used ***.")
        }
        #expect(judge(call, 500, #"{"error":{"code":"\#(code)"}}"#).verdict == .down)
        #expect(judge(call, 403, "<html>challenge</html>", type: "text/html").verdict == .down)
        #expect(judge(call, 201, #"{"access_token":"a","refresh_token":"b"}"#).verdict == .down)
    }

    @Test func openAIInfo() throws {
        let call = try Samples.builtIn("openai", "user-info", ["access": "AT"])
        let result = judge(call, 200, #"{"email":"a@b.c","name":"N","id":1}"#)
        #expect(result.verdict == .ok)
        #expect(text(result.values["email"]) == "a@b.c")
        #expect(judge(call, 401, "{}").verdict == .dead)
        #expect(judge(call, 403, "{}").verdict == .down)
    }

    // MARK: pandora

    @Test func pandoraLengthsAndPrefixes() throws {
        let session = try Samples.builtIn("pandora", "session", ["base": "http://h", "session": "s"])
        #expect(judge(session, 200, #"{"access_token":"\#(longToken)"}"#).verdict == .ok)
        #expect(judge(session, 200, #"{"access_token":"\#(longToken.prefix(400))"}"#).verdict == .down)
        #expect(judge(session, 200, #"{"access_token":"\#(longToken.prefix(401))"}"#).verdict == .ok)
        let login = try Samples.builtIn("pandora", "login", ["base": "http://h", "username": "u", "password": "p"])
        #expect(judge(login, 200, #"{"session_token":"eyJhbx"}"#).verdict == .ok)
        #expect(judge(login, 200, #"{"session_token":"eyJxx"}"#).verdict == .down)
        #expect(judge(login, 201, #"{"session_token":"eyJhbx"}"#).verdict == .down)
        #expect(judge(login, 403, "{}").verdict == .needsPerson)
        let share = try Samples.builtIn("pandora", "share", ["base": "http://h", "name": "n", "access": "a"])
        #expect(judge(share, 200, #"{"token_key":"fk-1"}"#).verdict == .ok)
        #expect(judge(share, 200, #"{"token_key":"pk-1"}"#).verdict == .ok)
        #expect(judge(share, 200, #"{"token_key":"xx-1"}"#).verdict == .down)
        let pool = try Samples.builtIn("pandora", "pool", ["base": "http://h", "share_tokens": "fk-1\n"])
        #expect(judge(pool, 200, #"{"pool_token":"pk-1","count":1}"#).verdict == .ok)
        #expect(judge(pool, 200, #"{"pool_token":"pk-1"}"#).verdict == .down)
        #expect(judge(pool, 200, #"{"pool_token":"fk-1","count":1}"#).verdict == .down)
    }

    @Test(arguments: [(401, StepVerdict.dead), (403, .dead), (500, .down), (502, .down), (404, .down), (400, .down), (200, .down)])
    func pandoraExchangeFailures(_ status: Int, _ verdict: StepVerdict) throws {
        for step in ["session", "refresh"] {
            let call = try Samples.builtIn("pandora", step, ["base": "http://h", step: "s"])
            #expect(judge(call, status, "{}").verdict == verdict)
        }
    }

    @Test func pandoraOthers() throws {
        let unpool = try Samples.builtIn("pandora", "unpool", ["base": "http://h", "pool": "pk-1"])
        #expect(judge(unpool, 200, #"{"detail":"ok"}"#).verdict == .ok)
        #expect(judge(unpool, 400, #"{"detail":"does not exist"}"#).verdict == .ok)
        #expect(judge(unpool, 400, "{}").verdict == .down)
        #expect(judge(unpool, 500, #"{"detail":"x"}"#).verdict == .down)
        let check = try Samples.builtIn("pandora", "pool-check", ["out_url": "http://h/p", "pool": "pk-1"])
        #expect(judge(check, 200, #"{"choices":[{"message":{"content":"hi"}}]}"#).verdict == .ok)
        #expect(judge(check, 401, #"{"detail":"no"}"#).verdict == .dead)
        #expect(judge(check, 404, #"{"detail":"no"}"#).verdict == .down)
        #expect(judge(check, 500, #"{"detail":"no"}"#).verdict == .down)
        #expect(judge(check, 200, "<html>").verdict == .down)
        let unshare = try Samples.builtIn("pandora", "unshare", ["base": "http://h", "name": "n", "access": "a"])
        #expect(judge(unshare, 200, "gone", type: "text/plain").verdict == .ok)
        let quota = try Samples.builtIn("pandora", "quota", ["license_id": "L"])
        let result = judge(quota, 200, #"{"current":1,"total":500,"ttl":3600,"ip":"1.2.3.4"}"#)
        #expect(result.values.compactMapValues(text) == ["current": "1", "total": "500", "ttl": "3600", "ip": "1.2.3.4"])
    }

    // MARK: free-api (compat/tokenstatuscheck.md 2.2 and 3)

    @Test(arguments: [
        (200, #"{"live":true}"#, StepVerdict.ok), (200, #"{"live":false}"#, .dead), (200, #"{"live":"true"}"#, .down), (200, #"{"live":"false"}"#, .down),
        (200, #"{"live":1}"#, .down), (200, #"{"live":null,"code":-1000}"#, .down), (500, #"{"live":false}"#, .down), (500, #"{"live":true}"#, .down),
        (200, #"{"code":-2001,"message":"[请求deepseek失败]: Authorization Failed (invalid token)","data":null}"#, .dead),
        (200, #"{"code":-2001,"message":"[请求deepseek失败]: server busy","data":null}"#, .down),
        (200, #"{"code":-1000,"message":"timeout of 15000ms exceeded","data":null}"#, .down), (200, #"{"code":-2002,"message":"x","data":null}"#, .dead),
        (200, #"{"code":-1000,"message":"invalid token","data":null}"#, .down), (200, #"{"code":-2000,"message":"Params body.token invalid","data":null}"#, .down),
        (502, "<html>", .down), (200, "<html>", .down), (200, "{}", .down), (204, "", .down), (429, "{}", .limited(retryAfter: nil)),
    ])
    func freeAPI(_ status: Int, _ body: String, _ verdict: StepVerdict) throws {
        let call = try Samples.builtIn("free-api", "check", ["url": "http://h/token/check", "access": "tok"])
        #expect(judge(call, status, body).verdict == verdict)
        #expect(text(call.body) == #"{"token":"tok"}"#)
    }

    // MARK: deepseek (2.3)

    @Test func deepSeekShapes() throws {
        let summary = try Samples.builtIn("deepseek", "summary", ["access": "tok"])
        for body in [#"{"code":0,"msg":"","data":{"total_available_token_estimation":"123"}}"#,
            #"{"code":0,"msg":"","data":{"biz_code":0,"biz_msg":"","biz_data":{"total_available_token_estimation":123}}}"#] {
            let result = judge(summary, 200, body)
            #expect(result.verdict == .ok)
            #expect(text(result.values["tokens"]) == "123")
        }
        #expect(judge(summary, 200, #"{"code":40003,"msg":"Authorization Failed (invalid token)","data":null}"#).verdict == .dead)
        #expect(judge(summary, 200, #"{"code":40002,"msg":"Missing Token","data":null}"#).verdict == .dead)
        #expect(judge(summary, 200, #"{"code":0,"data":{"biz_code":7,"biz_msg":"MUTED","biz_data":null}}"#).verdict == .needsPerson)
        #expect(judge(summary, 403, "<html>", type: "text/html").verdict == .down)
        let login = try Samples.builtIn("deepseek", "login", ["username": "13912341234", "password": "p-w"])
        #expect(text(login.body) == #"{"email":"","mobile":"13912341234","password":"p-w","area_code":"+86","device_id":"","os":"web"}"#)
        for body in [#"{"code":0,"data":{"user":{"token":"T"}}}"#, #"{"code":0,"data":{"biz_code":0,"biz_data":{"user":{"token":"T"}}}}"#] {
            #expect(text(judge(login, 200, body).values["access"]) == "T")
        }
        let wrong = judge(login, 200, #"{"code":0,"data":{"biz_code":2,"biz_msg":"PASSWORD_OR_USER_NAME_IS_WRONG"}}"#)
        #expect(wrong.verdict == .needsPerson)
        #expect(wrong.errorMessage == "PASSWORD_OR_USER_NAME_IS_WRONG")
        #expect(judge(login, 422, "{}").verdict == .needsPerson)
        let balance = try Samples.builtIn("deepseek", "balance", ["api_key": "sk-1"])
        let money = judge(balance, 200, #"{"is_available":true,"balance_infos":[{"currency":"CNY","total_balance":"110.00"}]}"#)
        #expect(money.values.compactMapValues(text) == ["available": "true", "balance": "110.00", "currency": "CNY"])
    }

    // MARK: one-api

    @Test(arguments: [(200, #"{"success":true,"data":[]}"#, StepVerdict.ok), (200, #"{"success":false,"message":"no"}"#, .needsPerson), (401, "{}", .needsPerson), (200, "<html>", .down), (502, "{}", .down)])
    func oneAPI(_ status: Int, _ body: String, _ verdict: StepVerdict) throws {
        let call = try Samples.builtIn("one-api", "list", ["base": "http://h", "token": "T"])
        #expect(judge(call, status, body).verdict == verdict)
    }

    // MARK: Rules

    @Test func firstRuleWinsAndStepsPrecedeProvider() throws {
        let lines = "url: https://h/\nrules:\n  - { when: { status: 418 }, verdict: dead, reason: step }"
        let top = "rules:\n  - { when: { status: [418, 419] }, verdict: person, reason: provider }\n  - { when: { status: 419 }, verdict: dead }"
        let call = try Samples.call(lines, [:], top: top)
        #expect(judge(call, 418, "").verdict == .dead)
        #expect(judge(call, 418, "").reason == "step")
        #expect(judge(call, 419, "").verdict == .needsPerson)
        #expect(judge(call, 419, "").isUnused == false)
    }

    @Test func conditionsOfEveryKind() throws {
        func matches(_ condition: String, _ status: Int = 400, _ body: String = "{}", headers: [(name: String, value: String)] = []) throws -> Bool {
            let call = try Samples.call("url: https://h/\nrules:\n  - { when: { \(condition) }, verdict: dead }", [:])
            return judge(call, status, body, headers: headers).verdict == .dead
        }
        #expect(try matches("status: 4xx") && matches("status: 400-404") && matches("status: [500, 400]") && !matches("status: 401-499"))
        #expect(try matches("content_type: application/json") && !matches("content_type: text/html"))
        #expect(try matches("header: { x-why: Gone }", headers: [("X-Why", "Gone")]) && !matches("header: { x-why: Gone }", headers: [("X-Why", "gone")]))
        #expect(try matches("header: { x-why: { contains: GON } }", headers: [("X-Why", "gone")]) && matches("header: { x-why: { exists: false } }"))
        #expect(try matches("json: false", 400, "<") && !matches("json: false") && matches("json: true"))
        #expect(try matches("body: { /a: \"5\" }", 400, #"{"a":5}"#) && matches("body: { /a: \"true\" }", 400, #"{"a":true}"#))
        #expect(try matches("body: { /a: { exists: true } }", 400, #"{"a":[]}"#) && !matches("body: { /a: { exists: true } }", 400, #"{"a":null}"#))
        #expect(try matches("body: { /a: { type: array } }", 400, #"{"a":[]}"#) && !matches("body: { /a: { type: array } }", 400, #"{"a":{}}"#))
        #expect(try matches("body: { /a: { not: [x, y] } }", 400, #"{"a":"z"}"#) && !matches("body: { /a: { not: [x, y] } }", 400, "{}"))
        #expect(try matches("status: 400, body: { /a: b, /c: { contains: [d, e] } }", 400, #"{"a":"b","c":"xEx"}"#))
        #expect(try !matches("status: 400, body: { /a: b, /c: d }", 400, #"{"a":"b"}"#))
    }

    @Test func ruleDetails() throws {
        func result(_ rule: String, _ body: String = "{}") throws -> StepResult {
            judge(try Samples.call("url: https://h/\nrules:\n  - { when: { status: 400 }, \(rule) }", [:]), 400, body)
        }
        #expect(try result("verdict: down, unused: true").isUnused)
        #expect(try !result("verdict: limited, unused: false").isUnused)
        #expect(try !result("verdict: dead, unused: false").isUnused)
        #expect(try result("verdict: limited, retry_after: 30").verdict == .limited(retryAfter: 30_000))
        #expect(try result("verdict: limited, retry_after: /wait", #"{"wait":"2.5"}"#).verdict == .limited(retryAfter: 2_500))
        #expect(try result("verdict: limited, retry_after: /wait", #"{"wait":-3}"#).verdict == .limited(retryAfter: 1_000))
        #expect(try result("verdict: limited, retry_after: /wait", #"{"wait":"later"}"#).verdict == .limited(retryAfter: nil))
        #expect(try result("verdict: ok").verdict == .ok)
    }

    // MARK: Expiry

    @Test(arguments: [
        ("3600", 3_600_000), ("\"3600\"", 3_600_000), ("3600.9", 3_600_900), ("1", 1_000), ("1e3", 1_000_000), ("315360000000", 315_360_000_000),
        ("1e300", 315_360_000_000), ("0", nil), ("-1", nil), ("\"soon\"", nil), ("null", nil), ("true", nil), ("[]", nil), ("\"1e999\"", nil), ("\"0x10\"", nil),
    ] as [(String, UInt64?)])
    func expiresIn(_ value: String, _ milliseconds: UInt64?) throws {
        let call = try Samples.call("url: https://h/\ntake: { access: /a }\nexpires: { access: /e }", [:])
        #expect(judge(call, 200, #"{"a":"x","e":\#(value)}"#).expiries["access"] == milliseconds.map { now + $0 })
    }

    @Test func defaultLifetime() throws {
        // oauth2: one hour where nothing is said.
        #expect(judge(try oauth(), 200, #"{"access_token":"A","expires_in":0}"#).expiries["access"] == now + 3_600_000)
    }

    @Test(arguments: [
        (#"{"exp":1700001000}"#, 1_700_001_000_000), (#"{"exp":1700001000.5}"#, 1_700_001_000_500), (#"{"exp":1600000000}"#, 1_600_000_000_000),
        (#"{"exp":99999999999999}"#, 1_700_000_000_000 + 315_360_000_000), (#"{"exp":"1700001000"}"#, nil), (#"{"exp":-1}"#, nil), (#"{"iat":1}"#, nil), ("[]", nil), ("no json", nil),
    ] as [(String, UInt64?)])
    func jwt(_ payload: String, _ expiry: UInt64?) throws {
        let call = try Samples.call("url: https://h/\ntake: { access: /a }", [:])
        let token = "eyJhbGciOiJub25lIn0.\(base64URL(payload))."
        #expect(judge(call, 200, #"{"a":"\#(token)"}"#).expiries["access"] == expiry)
    }

    @Test(arguments: ["a.b", "a.b.c.d", "..", "a.!!.c", "a.\u{00FC}.c", "plain"])
    func malformedJWT(_ token: String) throws {
        let call = try Samples.call("url: https://h/\ntake: { access: /a }", [:])
        let result = judge(call, 200, #"{"a":"\#(token)"}"#)
        #expect(result.verdict == .ok)
        #expect(result.expiries == [:])
    }

    private func base64URL(_ text: String) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        var bits = text.utf8.map { byte in (0..<8).map { byte >> (7 - $0) & 1 } }.flatMap { $0 }
        while bits.count % 6 != 0 { bits.append(0) }
        return String(stride(from: 0, to: bits.count, by: 6).map { start in alphabet[Int(bits[start..<(start + 6)].reduce(0) { $0 << 1 | $1 })] })
    }

    // MARK: Echoes

    @Test func echoesAreCutOut() throws {
        let refresh = "rt-0123456789abcdef/+ü"
        let call = try oauth(["refresh": refresh, "client_secret": "s3cret-s3cret"])
        func message(_ text: String) -> String { judge(call, 400, #"{"error":"invalid_grant","error_description":"\#(text)"}"#).errorMessage }
        #expect(message("Token \(refresh) was used") == "Token *** was used")
        #expect(message("\(refresh)\(refresh)") == "***")
        #expect(message("starts with rt-0123456789ab…") == "starts with ***…")
        #expect(message("secret s3cret-s3cret is wrong") == "secret *** is wrong")
        #expect(message("form rt-0123456789abcdef%2F%2B%C3%BC!") == "form ***!")
        #expect(message("line\\nbreak\\u0007") == "line break ")
        #expect(message(String(repeating: "ü", count: 400)).utf8.count <= 512)
        #expect(judge(call, 400, #"{"error":"\#(refresh)"}"#).errorCode == "***")
        // Also where it would be cut in two by the limit.
        #expect(!message(String(repeating: "x ", count: 250) + refresh).contains("rt-0"))
    }

    @Test func receivedTokensAreCutOut() throws {
        let call = try oauth()
        let result = judge(call, 200, #"{"refresh_token":"brand-new-refresh","error":"x","error_description":"see brand-new-refresh"}"#)
        #expect(result.errorMessage == "see ***")
    }
}
