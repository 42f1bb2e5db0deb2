import CofferCredentials
import CofferJSON
import CofferStore
import CofferUpstream
import Testing

@testable import CofferHTTP

struct LikePatternTests {
    @Test(arguments: [
        ("user", "xUSERx", true), ("user", "use", false), ("%", "", true), ("u%r", "the uber", true), ("u%r", "ru", false),
        ("_", "", false), ("_", "é", true), ("a_c", "xabcx", true), ("a_c", "ac", false), ("Ä", "ä", false), ("ä", "ä", true),
        ("%%%%", "x", true), ("a%b%c", "aXbXc", true), ("a%b%c", "acb", false),
    ])
    func matchesAsSQLiteDoes(_ pattern: String, _ text: String, _ expected: Bool) {
        #expect(LikePattern(containing: pattern).matches(text) == expected)
    }

    /// Nothing grows with a power of the pattern's length.
    @Test func isQuickWithManyGaps() {
        let pattern = LikePattern(containing: String(repeating: "a%", count: 500) + "b")
        #expect(!pattern.matches(String(repeating: "a", count: 5_000)))
    }
}

struct RTManageRouterTests {
    private let router = RTManageRouter(publicPrefix: "/p")

    private func operation(_ method: String, _ path: String) -> String? {
        if case .operation(_, let name) = router.find(method, path) { return name }
        return nil
    }

    @Test func knowsBothBasesAndTheConfiguredPrefix() {
        #expect(operation("POST", "/internalweb/v1/rts/list") != nil)
        #expect(operation("POST", "/api/rts/list") != nil)
        #expect(operation("POST", "/p/refresh") != nil)
        #expect(operation("POST", "/public-api/refresh") == nil)
        #expect(operation("GET", "/api/rts/list") == nil)
    }

    @Test func sendsOneSlashBackAndNoTwo() {
        guard case .redirect(let path, _) = router.find("POST", "/api/rts/list/") else { return #expect(Bool(false), "no redirect") }
        #expect(path == "/api/rts/list")
        if case .unknown = router.find("POST", "/api/rts/list//") {} else { #expect(Bool(false), "two slashes lead somewhere") }
    }

    @Test(arguments: ["", "/", "api", "/x/", "/health", "/health/x", "/internalweb", "/internalweb/v1", "/a b", "/a?b", "/a//b", "/a%2F"])
    func refusesPrefixes(_ prefix: String) { #expect(RTManageSettings.objection(toPrefix: prefix) != nil) }

    @Test(arguments: ["/public-api", "/api", "/a/b", "/healthy"])
    func takesPrefixes(_ prefix: String) { #expect(RTManageSettings.objection(toPrefix: prefix) == nil) }
}

struct RTManageOutcomeTests {
    private func secret(_ text: String) -> SecretBuffer { SecretBuffer(Array(text.utf8)) }

    private func outcome(_ status: Int, _ body: String?, _ verdict: StepVerdict = .down, error: CredentialError? = nil) -> RTManageOutcome {
        RTManageOutcome(
            StepResult(
                verdict: verdict, reason: "why", wasSent: status != 0, isUnused: false, status: status, body: body.map { secret($0) }),
            error: error, cutting: [secret("rt_the_old_token"), secret("short")])
    }

    @Test(arguments: [
        (401, #"{"error":{"code":"refresh_token_reused","message":"used"}}"#, "刷新失败: refresh_token_reused: used"),
        (400, #"{"error":{"message":"m"}}"#, "刷新失败: : m"), (400, #"{"error":{"code":null,"message":"m"}}"#, "刷新失败: : m"),
        (418, #"{"detail":"x"}"#, "刷新失败: : "), (418, #"{"error":null}"#, "刷新失败: : "),
        (400, #"{"error":"invalid_grant"}"#, #"刷新失败: HTTP 400: {"error":"invalid_grant"}"#),
        (400, #"{"error":{"code":5}}"#, #"刷新失败: HTTP 400: {"error":{"code":5}}"#), (400, "[]", "刷新失败: HTTP 400: []"),
        (502, "<html>", "刷新失败: HTTP 502: <html>"), (500, "", "刷新失败: HTTP 500: "),
        (200, "<html>", "解析响应失败: why"),
    ])
    func speaksAsTheOriginal(_ status: Int, _ body: String, _ inner: String) { #expect(outcome(status, body).inner == inner) }

    @Test func saysWhatItCouldNotReach() {
        let found = outcome(0, nil)
        #expect(found.inner == "请求失败: Post \"https://auth.openai.com/oauth/token\": why")
        #expect(found.result == found.inner)
    }

    @Test func keepsTheAnswerWithoutItsTokens() {
        let body = #"{"access_token":"eyJhbGciOiJub25lIn0.e30.x","refresh_token":"rt_new","id_token":"x","scope":"openid","expires_in":1}"#
        let found = outcome(200, body, .ok)
        #expect(found.inner == nil)
        #expect(found.result == #"{"access_token":"***","refresh_token":"***","id_token":"***","scope":"openid","expires_in":1}"#)
    }

    @Test func cutsWhatWasSentWhereverItIsEchoed() {
        #expect(outcome(400, #"{"detail":"token rt_the_old_token is bad"}"#).result == #"{"detail":"token *** is bad"}"#)
        #expect(outcome(502, "<p>rt_the_old_token</p> short").inner == "刷新失败: HTTP 502: <p>***</p> short")
        #expect(outcome(502, "Bearer eyJhbGciOiJIUzI1NiJ9.e30.abc!").inner == "刷新失败: HTTP 502: Bearer ***!")
    }

    @Test func saysWhenTheStoreFailed() {
        let found = outcome(200, "{}", .ok, error: CredentialError(.storeFull, "", "the disk is full"))
        #expect(found.inner == "更新RT失败: the disk is full")
    }

    @Test func repeatsTheUpstreamWhereNothingIsDialled() {
        let dead = CredentialError(.dead, "", "it is over")
        #expect(RTManageOutcome(dead, last: #"{"error":{"code":"c","message":"m"}}"#).inner == "刷新失败: c: m")
        #expect(RTManageOutcome(dead, last: "").inner == "刷新失败: it is over")
        #expect(RTManageOutcome(CredentialError(.notFound, "", "no"), last: "").inner == "RT不存在")
        #expect(RTManageOutcome(CredentialError(.upstream, "", "later"), last: "").inner?.hasPrefix("请求失败: Post ") == true)
    }

    @Test(arguments: [
        (#"{"access_token":"aaaa-1","refresh_token":"rt_bbbb","exp"#, #"{"access_token":"***","refresh_token":"***","exp"#),
        (#"{"refresh_token" : "rt_bbbb"#, #"{"refresh_token" : "***"#), (#"{"refresh_token":"a\"b","x":"y"#, #"{"refresh_token":"***","x":"y"#),
        ("access_token=aaaa-1&scope=s&refreshToken=rt_bbbb", "access_token=***&scope=s&refreshToken=***"),
        (#"x {"refresh_token":"","token_type":"Bearer"} y"#, #"x {"refresh_token":"","token_type":"Bearer"} y"#),
        (#"{"client_secret":"\"#, #"{"client_secret":"***"#), ("token: aaaa-1 next", "token: *** next"), ("a = b", "a = b"), (":=", ":="),
    ]) func cutsTokensOutOfWhatIsNoJSON(_ body: String, _ expected: String) {
        let found = TokenRedaction.text(SecretBuffer(Array(body.utf8)), cutting: [], limit: 4_096)
        #expect(found == expected)
    }

    @Test func cutsLongAnswersBetweenCharacters() {
        let long = String(repeating: "界", count: 2_000)
        let found = TokenRedaction.bounded(long, 4_096)
        #expect(found.utf8.count == 4_095)
        #expect(long.hasPrefix(found))
        #expect(TokenRedaction.bounded("abc", 3) == "abc")
        #expect(TokenRedaction.bounded("界", 2) == "")
    }
}

struct AccountPlanTests {
    private func plan(_ text: String) throws -> String? { AccountPlan.plan(try JSONValue.parse(Array(text.utf8))) }

    @Test func prefersWhatIsNotFreeInTheUpstreamsOrder() throws {
        let accounts = #""accounts":{"a":{"account":{"plan_type":"team"}},"b":{"account":{"plan_type":"free"}},"c":{"account":{"plan_type":"plus"}}}"#
        #expect(try plan("{\(accounts),\"account_ordering\":[\"b\",\"c\",\"a\"]}") == "plus")
        #expect(try plan("{\(accounts)}") == "team")
        #expect(try plan(#"{"accounts":{"b":{"account":{"plan_type":"free"}}},"account_ordering":["x","b"]}"#) == "free")
        #expect(try plan(#"{"accounts":{"b":{"account":{}}}}"#) == nil)
        #expect(try plan("{}") == nil)
        #expect(try plan(#"{"accounts":[1],"account_ordering":{}}"#) == nil)
    }
}

struct RTManageTagTests {
    @Test(arguments: ["", "a", "a,b", "a,,b", "a,", ",", "a,a", " x ", "p\u{1}q"])
    func comesBackAsItWas(_ text: String) { #expect(RTManageTag.text(RTManageTag.tags(text)) == text) }

    @Test func comesApartAtCommas() {
        #expect(RTManageTag.tags("a,b") == ["a", "b"])
        #expect(RTManageTag.tags("a,,b") == ["a,,b"])
        #expect(RTManageTag.tags("") == [])
    }
}

struct RTManageQueryTests {
    private func query(_ text: String) throws -> RTManageQuery { try RTManageQuery(RTManageBody(Array(text.utf8))) }

    @Test(arguments: [
        ("{}", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]), (#"{"page":3,"page_size":5}"#, [10, 11]), (#"{"page":9,"page_size":5}"#, []),
        (#"{"page":-5,"page_size":2}"#, [0, 1]), (#"{"page":2,"page_size":-1}"#, Array(0..<12)),
        (#"{"page":9223372036854775807,"page_size":10000}"#, []), (#"{"page_size":9223372036854775807}"#, Array(0..<12)),
        (#"{"page":-9223372036854775808,"page_size":-9223372036854775808}"#, Array(0..<12)),
    ])
    func takesItsPart(_ text: String, _ expected: [Int]) throws { #expect(Array(try query(text).part(of: Array(0..<12))) == expected) }

    @Test func echoesWhatCounts() throws {
        #expect(try query("{}").page == 1)
        #expect(try query("{}").pageSize == 10)
        #expect(try query(#"{"page":-2,"page_size":-3}"#).pageSize == -3)
        #expect(try query(#"{"page_size":20000}"#).pageSize == 10_000)
    }
}

struct RTManageConfigsTests {
    @Test func keepsWhatASaveDoesNotName() throws {
        var configs = RTManageConfigs()
        configs = try configs.saving(["proxy_list": #"["http://a:1"]"#, "theme": "dark"], standard: "id")
        configs = try configs.saving(["auto_refresh_enabled": "true"], standard: "id")
        #expect(configs.proxies == ["http://a:1"])
        #expect(configs.values["theme"] == "dark")
        #expect(configs.reported["auto_refresh_interval"] == "2")
        #expect(RTManageConfigs(others: configs.encodedOthers).values == ["theme": "dark"])
    }

    @Test func hasAlwaysAClientID() throws {
        let configs = try RTManageConfigs().saving(["client_id_list": "[]"], standard: "id")
        #expect(configs.values["client_id_list"] == #"["id"]"#)
        #expect(RTManageConfigs().clientIDs(standard: "id") == ["id"])
    }

    @Test(arguments: ["0", "-1", "366", "", "2.5", "two", "99999999999999999999"])
    func refusesDays(_ days: String) {
        #expect(throws: RTManageFailure.self) { try RTManageConfigs().saving(["auto_refresh_interval": days], standard: "id") }
    }

    @Test(arguments: ["x", "", "[1]", "{}", #"["socks4://a"]"#, #"["http://"]"#, #"["http://a b"]"#, #"[""]"#])
    func refusesProxies(_ list: String) {
        #expect(throws: RTManageFailure.self) { try RTManageConfigs().saving(["proxy_list": list], standard: "id") }
    }
}
