import CofferJSON
import CofferStore
import CofferUpstream
import Testing

@Suite struct PreparingTests {
    private func body(_ lines: String, _ values: [String: String]) throws -> String? { text(try Samples.call("url: https://h/\n\(lines)", values).body) }

    private func url(_ url: String, _ values: [String: String], more: String = "") throws -> String? {
        text(try Samples.call("url: \"\(url)\"\n\(more)", values).url)
    }

    private func error(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch {
            return (error as? ProviderError)?.description ?? "\(error)"
        }
    }

    // MARK: URLs

    @Test func pathAndQueryAreEscaped() throws {
        #expect(try url("https://h/a/{opt}/b?x={key}", ["opt": "a/b?c#d e%", "key": "1&y=2+ü"])
            == "https://h/a/a%2Fb%3Fc%23d%20e%25/b?x=1%26y%3D2%2B%C3%BC")
    }

    @Test func queryFields() throws {
        let more = "query: { p: \"{number}\", \"q r\": \"{opt}\", s: x y }"
        #expect(try url("https://h/", ["number": "5"], more: more) == "https://h/?p=5&s=x+y")
        #expect(try url("https://h/?a=b", ["opt": "&="], more: more) == "https://h/?a=b&q%20r=%26%3D&s=x+y")
    }

    @Test func baseAndPathMeetInOneSlash() throws {
        #expect(try url("{url}/x", ["url": "http://h:8/p/"]) == "http://h:8/p/x")
        #expect(try url("{url}/x", ["url": "http://h:8"]) == "http://h:8/x")
        #expect(try url("{url}", ["url": "http://h:8/p/?a=b"]) == "http://h:8/p/?a=b")
        #expect(error { _ = try url("{url}/x", ["url": "http://h/?a=b"]) } == "sample.call.url: must not have a query: 'call' adds a path to it")
    }

    @Test(arguments: [".", ".."])
    func dotsCannotClimb(_ value: String) {
        #expect(error { _ = try url("https://h/a/{opt}/b", ["opt": value]) } == "sample.call.opt: is '.' or '..', which a URL's path cannot hold")
    }

    @Test(arguments: ["ftp://h/", "file:///etc/passwd", "h", "http://u:p@h/", "gopher://h"])
    func otherSchemesAreRefused(_ value: String) {
        #expect(error { _ = try url("{url}", ["url": value]) }?.contains("url") == true)
    }

    // MARK: Forms

    /// compat/tokenstool.md W10: one field arrives, whatever the name holds.
    @Test func aNameIsOneField() throws {
        let call = try Samples.builtIn("pandora", "share", ["base": "http://h", "name": "x&expires_in=-1", "access": "a"])
        #expect(text(call.body) == "unique_name=x%26expires_in%3D-1&access_token=a&expires_in=0&show_conversations=false&show_userinfo=false")
        #expect(text(call.headers.first) == "Content-Type: application/x-www-form-urlencoded; charset=utf-8")
    }

    @Test func formValues() throws {
        #expect(try body("form: { a: \"{opt}\", b: \"x {password} y\", c: \"{{z}\" }", ["opt": "1 2\n+", "password": "\u{0}ü"]) == "a=1+2%0A%2B&b=x+%00%C3%BC+y&c=%7Bz%7D")
    }

    @Test func missingOptionalFieldsAreLeftOut() throws {
        #expect(try body("form: { a: \"{opt}\", b: x }", [:]) == "b=x")
        #expect(try body("form: { a: \"{opt}\", b: x }", ["opt": ""]) == "b=x")
        #expect(try body("form: { a: { value: \"{opt}\", otherwise: none } }", [:]) == "a=none")
        #expect(try body("form: { a: { value: \"{refresh}\", optional: true }, b: x }", [:]) == "b=x")
        #expect(try body("form: { a: { value: \"{opt}\", when: { mode: basic } } }", ["opt": "1"]) == "")
        #expect(try body("form: { a: { value: \"{opt}\", when: { mode: basic } } }", ["opt": "1", "mode": "basic"]) == "a=1")
    }

    @Test func missingValuesAreNamed() {
        #expect(error { _ = try body("form: { a: \"{refresh}\" }", [:]) } == "sample.call.refresh: is missing")
        #expect(error { _ = try body("headers: { X: \"{opt}\" }", [:]) } == "sample.call.opt: is missing")
        #expect(error { _ = try body("json: { a: \"{password}\" }", ["password": ""]) } == "sample.call.password: is missing")
    }

    @Test func parametersAreChecked() {
        #expect(error { _ = try body("form: { a: \"{number}\" }", ["number": "5x"]) } == "number: must be a whole number")
        #expect(error { _ = try body("form: { a: \"{flag}\" }", ["flag": "yes"]) } == "flag: must be true or false")
        #expect(error { _ = try body("form: { a: \"{mode}\" }", ["mode": "head"]) } == "mode: must be one of body, basic")
        #expect(error { _ = try body("form: { a: \"{opt}\" }", ["opt": "a\u{0}b"]) } == "opt: contains a NUL byte")
    }

    @Test func extraItemsAreKept() throws {
        let values = ["token_url": "https://h/t", "refresh": "R", "extra": "tenant=a+b%26c&audience2=x"]
        #expect(text(try Samples.builtIn("oauth2", "refresh", values).body) == "grant_type=refresh_token&refresh_token=R&tenant=a+b%26c&audience2=x")
        for bad in ["grant_type=password", "=x", "a=%zz", "a=%2"] {
            #expect(throws: ProviderError.self) { try Samples.builtIn("oauth2", "refresh", values.merging(["extra": bad]) { $1 }) }
        }
    }

    // MARK: OAuth clients

    @Test func clientInBody() throws {
        let call = try Samples.builtIn("oauth2", "refresh", ["token_url": "https://h/t", "refresh": "R", "client_id": "i d", "client_secret": "s&"])
        #expect(text(call.body) == "grant_type=refresh_token&refresh_token=R&client_id=i+d&client_secret=s%26")
        #expect(call.headers.compactMap(text).sorted() == ["Accept: application/json", "Content-Type: application/x-www-form-urlencoded"])
        #expect(call.method == "POST")
        #expect(call.replay == .never)
    }

    /// RFC 6749 2.3.1: both are form-encoded before base64.
    @Test func clientByBasic() throws {
        let values = ["token_url": "https://h/t", "refresh": "R", "client_id": "a:b", "client_secret": "p w", "client_auth": "basic", "rotation": "static"]
        let call = try Samples.builtIn("oauth2", "refresh", values)
        #expect(text(call.body) == "grant_type=refresh_token&refresh_token=R")
        #expect(call.headers.compactMap(text).contains("Authorization: Basic YSUzQWI6cCt3"))
        #expect(call.replay == .safe)
        #expect(throws: ProviderError("oauth2.refresh.client_secret", "is missing")) {
            try Samples.builtIn("oauth2", "refresh", ["token_url": "https://h/t", "refresh": "R", "client_id": "a", "client_auth": "basic"])
        }
    }

    // MARK: JSON

    @Test func jsonValues() throws {
        let lines = #"json: { a: "{opt}", n: "{number}", f: "{flag}", s: "x{number}", t: true, q: "true", i: 1.50, z: ~, l: [ "{opt}", 2, { k: "{key}" } ] }"#
        let expected = #"{"a":"q\"\\\u000A","n":7,"f":false,"s":"x7","t":true,"q":"true","i":1.50,"z":null,"l":["q\"\\\u000A",2,{"k":"K"}]}"#
        #expect(try body(lines, ["opt": "q\"\\\n", "number": "7", "key": "K"]) == expected)
        // Missing ones that need not be there leave no trace.
        #expect(try body(lines, [:]) == #"{"f":false,"t":true,"q":"true","i":1.50,"z":null,"l":[2,{}]}"#)
    }

    @Test func jsonInjectionStaysText() throws {
        let json = try #require(try body(#"json: { token: "{access}" }"#, ["access": "\",\"admin\":true,\"x\":\"</script>"]))
        let value = try JSONValue.parse(Array(json.utf8), allowsTrailing: false, repairsText: false)
        #expect(value.object?.count == 1)
        #expect(value["token"]?.string == "\",\"admin\":true,\"x\":\"</script>")
    }

    @Test func jsonConditions() throws {
        let lines = #"json: { a: { $value: "{opt}", $otherwise: "" }, b: { $value: "{refresh}", $optional: true }, c: { $value: x, $when: { mode: basic } } }"#
        #expect(try body(lines, [:]) == #"{"a":""}"#)
        #expect(try body(lines, ["refresh": "R", "mode": "basic"]) == #"{"a":"","b":"R","c":"x"}"#)
    }

    @Test func jsonMustBeText() throws {
        let provider = try Samples.provider("url: https://h/\njson: { a: \"{access}\" }")
        let step = try #require(provider.step("call"))
        #expect(throws: ProviderError("sample.call.access", "is not valid UTF-8, which JSON must be")) {
            try provider.prepare(step, values: ["access": SecretBuffer([0xFF, 0xFE])])
        }
    }

    @Test func openAIBody() throws {
        let call = try Samples.builtIn("openai", "refresh", ["refresh": "rt_1"])
        #expect(text(call.body) == #"{"client_id":"app_WXrF1LSkiTtfYqiL6XtjygvX","grant_type":"refresh_token","#
            + #""redirect_uri":"com.openai.chat://auth0.openai.com/ios/com.openai.chat/callback","refresh_token":"rt_1"}"#)
        #expect(text(call.url) == "https://auth.openai.com/oauth/token")
        #expect(call.headers.compactMap(text) == ["Content-Type: application/json"])
    }

    // MARK: Headers

    @Test(arguments: ["a\r\nX-Evil: 1", "a\nb", "a\u{0}b", "\u{7F}"])
    func headersAreNotSplit(_ value: String) {
        #expect(error { _ = try Samples.call("url: https://h/\nheaders: { Authorization: \"Bearer {access}\" }", ["access": value]) }
            == "sample.call.access: holds a control character, which no header may")
    }

    // MARK: Multipart

    @Test func multipart() throws {
        let call = try Samples.builtIn("pandora", "session", ["base": "http://h", "session": "a\r\n--x\"ü"])
        let type = try #require(call.headers.compactMap(text).first { $0.hasPrefix("Content-Type") })
        let boundary = try #require(type.split(separator: "=").last.map(String.init))
        #expect(boundary.utf8.count == 32)
        #expect(text(call.body) == "--\(boundary)\r\nContent-Disposition: form-data; name=\"session_token\"\r\n\r\na\r\n--x\"ü\r\n--\(boundary)--\r\n")
        let other = try Samples.builtIn("pandora", "session", ["base": "http://h", "session": "a"])
        #expect(other.headers.compactMap(text).first != type)
    }

    @Test func poolsOfPandora() throws {
        let values = ["base": "http://h", "share_tokens": "fk-1\nfk-2\n"]
        #expect(text(try Samples.builtIn("pandora", "pool", values).body) == "share_tokens=fk-1%0Afk-2%0A&pool_token=")
        #expect(text(try Samples.builtIn("pandora", "pool", values.merging(["pool": "pk-1"]) { $1 }).body) == "share_tokens=fk-1%0Afk-2%0A&pool_token=pk-1")
        #expect(text(try Samples.builtIn("pandora", "unpool", ["base": "http://h", "pool": "pk-1"]).body) == "share_tokens=&pool_token=pk-1")
        #expect(throws: ProviderError("pandora.pool.share_tokens", "is missing")) { try Samples.builtIn("pandora", "pool", ["base": "http://h"]) }
    }

    @Test func oneAPIChannel() throws {
        let values = ["base": "http://h/", "token": "T", "id": "12", "key": "fk-1", "url": "http://p", "name": "n", "models": "a,b", "priority": "3"]
        let call = try Samples.builtIn("one-api", "update", values)
        #expect(call.method == "PUT")
        #expect(text(call.url) == "http://h/api/channel/?p=0")
        #expect(text(call.body) == #"{"id":12,"type":8,"key":"fk-1","name":"n","base_url":"http://p","other":"","models":"a,b","group":"default","#
            + #""groups":["default"],"model_mapping":"{}","priority":3}"#)
        #expect(text(try Samples.builtIn("one-api", "delete", values).url) == "http://h/api/channel/12")
        #expect(text(try Samples.builtIn("one-api", "list", values).url) == "http://h/api/channel/?p=0")
    }

    @Test func needsAreWhatMustBeThere() throws {
        func needs(_ provider: String, _ step: String) -> Set<String>? { Provider.builtIn(provider)?.step(step)?.needs }
        #expect(needs("oauth2", "refresh") == ["token_url", "refresh"])
        #expect(needs("openai", "refresh") == ["refresh"])
        #expect(needs("pandora", "share") == ["base", "name", "access"])
        #expect(needs("pandora", "login") == ["base", "username", "password"])
        #expect(needs("pandora", "pool") == ["base", "share_tokens"])
        #expect(needs("pandora", "quota") == ["license_id"])
        #expect(needs("deepseek", "login") == ["username", "password"])
        #expect(needs("deepseek", "balance") == ["api_key"])
        #expect(needs("free-api", "check") == ["url", "access"])
    }

    // MARK: Previews

    @Test func previewHidesSecrets() throws {
        let provider = try #require(Provider.builtIn("oauth2"))
        let step = try #require(provider.step("refresh"))
        let values = ["token_url": "https://h/t", "refresh": "very-secret", "client_id": "me", "client_secret": "hush-hush", "extra": "key=secret"]
        let preview = try provider.preview(step, values: values)
        #expect(preview.url == "https://h/t")
        #expect(preview.method == "POST")
        #expect(preview.body == "grant_type=refresh_token&refresh_token=***&client_id=me&client_secret=***&***")
        let basic = try provider.preview(step, values: values.merging(["client_auth": "basic"]) { $1 })
        #expect(basic.headers.contains(RequestPreview.Header(name: "Authorization", value: "Basic ***")))
        #expect(!"\(preview)\(basic)".contains("very-secret"))
        #expect(!"\(preview)\(basic)".contains("hush"))
    }

    @Test func previewNamesWhatIsNotGiven() throws {
        let provider = try #require(Provider.builtIn("pandora"))
        let step = try #require(provider.step("share"))
        let preview = try provider.preview(step, values: [:])
        #expect(preview.url == "<base>/api/token/register")
        #expect(preview.body == "unique_name=%3Cname%3E&access_token=***&expires_in=0&show_conversations=false&show_userinfo=false")
    }

    @Test func previewOfJSONIsJSON() throws {
        let provider = try #require(Provider.builtIn("openai"))
        let preview = try provider.preview(try #require(provider.step("refresh")), values: ["refresh": "x"])
        let body = try JSONValue.parse(Array(try #require(preview.body).utf8), allowsTrailing: false)
        #expect(body["refresh_token"]?.string == "***")
    }
}
