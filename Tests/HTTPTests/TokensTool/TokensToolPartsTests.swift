import CofferAccounts
import CofferJSON
import CofferStore
import Testing

@testable import CofferHTTP

@Suite struct TokensToolPartsTests {
    // MARK: Whitelist

    @Test(arguments: [
        ("a@b.c,d@e.f", ["a@b.c", "d@e.f"]), ("[\"a@b.c\",\"d@e.f\"]", ["a@b.c", "d@e.f"]), ("[a@b.c , d@e.f]", ["a@b.c", "d@e.f"]),
        ("[]", []), ("x", ["x"]), ("[\"with,comma\"]", ["with,comma"]), (" , ,", []),
    ])
    func whitelistsAreRead(_ text: String, _ list: [String]) {
        #expect(Whitelist.read(text) == list)
        // What is shown is read back as it is.
        #expect(Whitelist.read(Whitelist.shown(list).string ?? "") == list)
    }

    @Test(arguments: ["", "null", "  ", " null "]) func noWhitelistIsNoLimit(_ text: String) {
        #expect(Whitelist.read(text) == nil)
        #expect(Whitelist.shown(nil) == .null)
    }

    // MARK: Masks

    @Test func theMaskPassesThePagesRule() {
        #expect(Mask.text.count >= 8 && Mask.text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) })
        #expect(Mask.text.contains { $0.isLetter } && Mask.text.contains { $0.isNumber })
    }

    @Test func passwordsInValuesForTheWebAreMasked() {
        let shown = Mask.shown(webToken: "a@b.c,secret-word", password: "secret-word")
        #expect(shown == "a@b.c," + Mask.text)
        #expect(Mask.read(webToken: shown, password: "secret-word") == "a@b.c,secret-word")
        #expect(Mask.shown(webToken: "eyJtoken", password: "secret-word") == "eyJtoken")
        #expect(Mask.shown(webToken: "a,", password: "") == "a,")
        #expect(Mask.read(Mask.text) == nil && Mask.read("x") == "x" && Mask.read("") == "")
    }

    // MARK: Bodies

    @Test func scalarsAreTakenInOtherForms() throws {
        let fields = try BodyFields.object(Array(
            #"{"a":1,"b":"true","c":null,"d":"12","e":1.9,"f":true,"g":"","h":0,"dup":1,"dup":2}"#.utf8))
        #expect(try fields.text("a") == "1" && fields.text("f") == "true" && fields.text("c") == nil && fields.text("none") == nil)
        #expect(try fields.bool("b") == true && fields.bool("c") == nil && fields.bool("a") == true && fields.bool("h") == false)
        #expect(try fields.integer("d") == 12 && fields.integer("e") == 1 && fields.integer("g") == nil && fields.integer("dup") == 2)
    }

    @Test(arguments: ["", "{", "[]", "1", "null", "\"x\"", "{\"a\":}", "{\"a\" 1}"]) func whatIsNoObjectIsRefused(_ text: String) {
        #expect(throws: TokensToolFailure.self) { try BodyFields.object(Array(text.utf8)) }
    }

    @Test func wrongTypesAreRefused() throws {
        let fields = try BodyFields.object(Array(#"{"a":[],"b":{},"c":"maybe","d":9999999999,"e":1e99,"f":["x",1]}"#.utf8))
        #expect(throws: TokensToolFailure.self) { try fields.text("a") }
        #expect(throws: TokensToolFailure.self) { try fields.bool("b") }
        #expect(throws: TokensToolFailure.self) { try fields.bool("c") }
        #expect(throws: TokensToolFailure.self) { try fields.integer("d") }
        #expect(throws: TokensToolFailure.self) { try fields.integer("e") }
        #expect(throws: TokensToolFailure.self) { try fields.texts("f") }
    }

    // MARK: Times

    @Test func timesAreShownInTheirZone() {
        let time = DoorTime(zone: "Asia/Shanghai")
        #expect(time.text(1_705_720_000_000) == "2024-01-20 11:06:40")
        #expect(time.text(0) == "")
        #expect(time.midnight(1_705_720_000_000) == 1_705_680_000_000)
        #expect(TokensToolReply.timestamp(1_705_719_845_678) == "2024-01-20T03:04:05.678+00:00")
    }

    // MARK: Where the proxy is

    @Test(arguments: [
        ("default", "127.0.0.1:8181", "abc", "http://127.0.0.1:8181/abc"), ("default", "0.0.0.0:80", "", "http://127.0.0.1:80"),
        ("http://h:1/p/", "x", "abc", "http://h:1/p"), ("https://h", "x", "abc", "https://h"), ("default", "127.0.0.1:9", "/a/", "http://127.0.0.1:9/a"),
    ])
    func theProxyIsFound(_ url: String, _ bind: String, _ prefix: String, _ base: String) {
        var settings = SystemSettings()
        settings.autoTokenURL = url
        settings.bind = bind
        settings.proxyAPIPrefix = prefix
        #expect(settings.upstreamBase == base)
    }

    @Test(arguments: ["8181", "127.0.0.1", "a:b", "1:2:3", ":", "h:0", "h:65536", "h:-1", ""]) func aBindWithoutPortIsNone(_ bind: String) {
        var settings = SystemSettings()
        settings.bind = bind
        #expect(settings.upstreamBase == nil)
    }

    @Test func settingsSurviveTheirFile() throws {
        let file = try JSONValue.parse(Array(
            #"""
            {"bind":"0.0.0.0:81","timeout":30,"whitelist":["a@b"],"isGetToken":"true","captcha":{"provider":"p","site_secret":"s","oai_signup":true},
            "loginPassword":"never","setup_password":"never","server_tokens":false,"auto_updateTime":9}
            """#.utf8))
        let settings = SystemSettings(file: file)
        #expect(settings.bind == "0.0.0.0:81" && settings.timeout == 30 && settings.isGetToken && settings.autoUpdateTime == 9)
        #expect(settings.whitelist == ["a@b"] && settings.captcha.siteSecret == "s")
        #expect(SystemSettings(file: settings.json) == settings)
        // What nobody here knows goes back into the file; passwords do not.
        #expect(settings.json["server_tokens"] == .bool(false) && settings.json["captcha"]?["oai_signup"] == .bool(true))
        #expect(!String(decoding: settings.json.encoded(), as: UTF8.self).contains("never"))
        #expect(SystemSettings(file: .object([])) == SystemSettings())
    }

    // MARK: What does harm

    @Test(arguments: ["a", "PandoraNext", "a_b.c-d", "0"]) func containersHaveNames(_ name: String) {
        #expect(ContainerName.isValid(name))
    }

    @Test(arguments: ["", "-a", ".a", "_a", "a b", "a;b", "a/b", "a$(b)", "ä", "a\n", "../x", String(repeating: "a", count: 129)])
    func otherTextsAreNone(_ name: String) { #expect(!ContainerName.isValid(name)) }

    @Test(arguments: ["ftp://h", "http://", "http://:80", "http://u:p@h", "http://h/#x", "http://h h", "javascript:1", "http://h/$(x)", "http://h/`x`", "//h"])
    func addressesThatAreNone(_ url: String) {
        #expect(!UpstreamURLCheck.isValid(url))
        #expect(CompiledPage.origin(of: url) == nil)
    }

    @Test func originsAreTakenFromAddresses() {
        #expect(CompiledPage.origin(of: "https://proxy.example.org:8443/x?y") == "https://proxy.example.org:8443")
        #expect(CompiledPage.origin(of: "http://[::1]:80") == "http://[::1]:80")
    }

    @Test func settingsThatDoHarmAreNamed() {
        func objection(_ change: (inout SystemSettings) -> Void) -> String? {
            var settings = SystemSettings()
            change(&settings)
            return SettingsChecks.objection(settings, before: SystemSettings())
        }
        #expect(objection { _ in } == nil)
        #expect(objection { $0.containerName = "a;b" } == "containerName")
        #expect(objection { $0.proxyAPIPrefix = "a b" } == "proxy_api_prefix")
        #expect(objection { $0.autoTokenURL = "file:///x" } == "autoToken_url")
        #expect(objection { $0.pandoraOutURL = "x" } == "pandoraNext_outUrl")
        #expect(objection { $0.timeout = 0 } != nil)
        // What was there before stays, whatever it is.
        var imported = SystemSettings()
        imported.containerName = "a;b"
        #expect(SettingsChecks.objection(imported, before: imported) == nil)
    }

    @Test func whatGoesOverTheNetworkReadableIsNamed() {
        func fields(_ url: String) -> [String] {
            var settings = SystemSettings()
            settings.autoTokenURL = url
            return SettingsChecks.inClear(settings)
        }
        for url in ["default", "https://h/x", "http://127.0.0.1:1/x", "http://localhost/x", "http://[::1]:8/x"] { #expect(fields(url) == []) }
        for url in ["http://h/x", "http://10.0.0.1", "http://127.0.0.1.example.org/", "http://[fd00::1]:8/"] {
            #expect(fields(url) == ["autoToken_url"])
        }
    }

    // MARK: The page

    @Test(arguments: [
        "/../x", "/a/../b", "/.git", "/a/.b", "/a//b", "/", "/a/", "/%2e%2e/x", "/..%2fx", "/a%00", "/a\\b", "/%2Fetc", "/a%0a",
        "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17",
    ])
    func pathsThatLeadElsewhereAreNone(_ path: String) {
        #expect(CompiledPage.parts(path) == (path == "/" ? ["index.html"] : nil))
    }

    @Test func pathsAreDecodedOnce() {
        #expect(CompiledPage.parts("/js/app%20a.js") == ["js", "app a.js"])
        #expect(CompiledPage.parts("/%252e%252e/x") == ["%2e%2e", "x"])
        #expect(CompiledPage.isView("/login") && !CompiledPage.isView("/a.js") && !CompiledPage.isView("/a/b"))
    }

    // MARK: Share tokens

    @Test func shareTokensHaveTheProxysForm() {
        let good = "fk-" + String(repeating: "aZ0_-", count: 8) + "abc"
        #expect(TokensToolDoor.isShare(good.secret))
        for bad in ["", "fk-", good + "x", "pk-" + good.dropFirst(3), String(good.dropLast()) + "+", TokensToolMessage.neverMade] {
            #expect(!TokensToolDoor.isShare(bad.secret))
        }
    }
}
