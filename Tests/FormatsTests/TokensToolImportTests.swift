import Testing

@testable import CofferFormats

@Suite("Import from TokensTool")
struct TokensToolImportTests {
    private func read(_ files: [String: String]) throws(FormatError) -> CredentialImport {
        try CredentialSystem.tokenstool.read(folder: files.map { .init(name: $0.key, bytes: Array($0.value.utf8)) })
    }

    @Test("takes a token with all its fields")
    func token() throws {
        let result = try read(["tokens.json": """
            {"ada": {"token": "eyJhbSESSION", "username": "ada@example.org", "userPassword": "pw", "shared": true, "show_user_info": true,
              "plus": "true", "setPoolToken": true, "useRefreshToken": false, "password": "entry1234", "access_token": "eyACCESS",
              "share_token": "fk-1", "updateTime": "2024-01-20 03:04:05", "checkSession": false, "odd": 1}}
            """])
        #expect(result.leftOut.isEmpty)
        let row = try #require(result.rows.first)
        #expect(row.noun == "credential")
        #expect(row.dictionary == [
            "name": "ada", "provider": "pandora", "email": "ada@example.org", "attributes.tokenstool.shared": "true",
            "attributes.tokenstool.auto_shared": "true", "attributes.tokenstool.show_user_info": "true",
            "attributes.tokenstool.plus": "true", "attributes.tokenstool.set_pool_token": "true",
            "attributes.tokenstool.use_refresh_token": "false", "attributes.tokenstool.check_session": "false",
            "attributes.tokenstool.update_time": "2024-01-20 03:04:05", "parameters.login": "session",
            "parameters.show_userinfo": "true",
        ])
        #expect(row.secrets.map(\.name) == ["access", "password", "session", "share", "tokenstool.password", "username"])
        #expect(row.secret("session") == "eyJhbSESSION")
        #expect(result.remarks == [
            "config.json does not say where the proxy is: the door sets it when its settings are saved",
            "columns of tokens.json that are not taken: odd",
        ])
    }

    @Test("tells each token where the proxy is", arguments: [
        (#"{"bind": "0.0.0.0:8181", "proxy_api_prefix": "pre12345", "autoToken_url": "default"}"#, "http://127.0.0.1:8181/pre12345"),
        (#"{"bind": ":8181"}"#, "http://127.0.0.1:8181"), (#"{"bind": "8181"}"#, nil), (#"{"bind": "a:0"}"#, nil), ("", nil), ("{}", nil),
        (#"{"autoToken_url": "https://proxy.example.org/pre/"}"#, "https://proxy.example.org/pre"), (#"{"autoToken_url": "file:///x"}"#, nil),
    ] as [(String, String?)])
    func base(_ settings: String, _ base: String?) throws {
        let result = try read(["config.json": settings, "tokens.json": #"{"a": {"useRefreshToken": true}}"#])
        #expect(result.rows.first?.dictionary["parameters.base"] == base)
        #expect(result.rows.first?.dictionary["parameters.login"] == "refresh")
    }

    @Test("tells what a token is: session, refresh token, or the login itself")
    func kinds() throws {
        let result = try read(["tokens.json": """
            {"r": {"token": "rt", "useRefreshToken": true, "setPoolToken": true},
             "w": {"token": "a@b,p,w", "username": "a@b", "userPassword": "p,w"},
             "v": {"token": "c@d,secret"},
             "s": {"token": "eyJhb", "access_token": "未开启API开关无法生成", "share_token": "null"},
             "": {"token": "x"}, "n": {}, "broken": "hunter2", "odd": {"token": ["hunter2"]}}
            """])
        let secrets = Dictionary(uniqueKeysWithValues: result.rows.map { row in
            (row["name"] ?? "", Dictionary(uniqueKeysWithValues: row.secrets.map { ($0.name, String(decoding: $0.value, as: UTF8.self)) }))
        })
        #expect(secrets == [
            "r": ["refresh": "rt"], "w": ["username": "a@b", "password": "p,w"], "v": ["username": "c@d", "password": "secret"],
            "s": ["session": "eyJhb"], "n": [:],
        ])
        #expect(result.leftOut.map(\.reason) == [
            "its name is empty", "useRefreshToken is neither true nor false", "token is not a text",
        ])
    }

    @Test("takes pools without the members that are not there")
    func pools() throws {
        let result = try read([
            "tokens.json": #"{"ada": {}, "bob": {}}"#,
            "pool.json": """
                {"one": {"poolToken": "pk-1", "shareTokens": ["ada", "gone", "bob", "ada"], "poolTime": "2024", "checkPool": false,
                  "intoOneApi": true, "poolOneApi_models": "gpt-4", "poolModel_mapping": "{}", "oneApi_pandoraUrl": "http://x",
                  "groupChecked": "default,vip", "priority": 3},
                 "old": {"poolToken": "", "shareTokens": [], "pandoraNextGpt4": true}, "bad": {"shareTokens": "ada"}}
                """,
        ])
        let pools = result.rows.filter { $0.noun == "pool" }
        #expect(pools.map { $0["name"] } == ["one", "old"])
        #expect(pools[0]["members"] == "ada\nbob")
        #expect(pools[0].secret("pool") == "pk-1")
        #expect(pools[0].dictionary["attributes.tokenstool.priority"] == "3")
        #expect(pools[1].dictionary["attributes.tokenstool.one_api_models"] == "gpt-3.5-turbo,gpt-4")
        #expect(pools[1].secrets.isEmpty)
        #expect(result.remarks.contains("pool.json row 1 (id one): the member 'gone' is not in tokens.json and is left out"))
        #expect(result.leftOut.map(\.reason) == ["shareTokens is not a JSON list"])
    }

    @Test("tells what becomes of each key of its configuration, without a value")
    func settings() throws {
        let result = try read(["config.json": """
            {"loginUsername": "root", "loginPassword": "123456", "getTokenPassword": "hunter2", "setup_password": "", "license_id": null,
             "site_password": 5, "bind": "127.0.0.1:8181", "tls": {"enabled": false}, "whitelist": null, "what": "hunter2"}
            """])
        let lines = result.settings.map { "\($0.key): \($0.fate) \($0.reason)" }
        #expect(lines.count == 11)
        #expect(!lines.joined().contains("hunter2"))
        func fate(_ key: String) -> CredentialImport.Setting.Fate? { result.settings.first { $0.key == key }?.fate }
        #expect(fate("loginUsername") == .taken(field: "login_username"))
        #expect(fate("loginPassword") == .refused)
        #expect(fate("getTokenPassword") == .taken(field: "token_password"))
        #expect(fate("setup_password") == .notNeeded)
        #expect(fate("license_id") == .notNeeded)
        #expect(fate("site_password") == .refused)
        #expect(fate("bind") == .placed)
        #expect(fate("what") == .placed)
        let kept = try #require(result.settings.first { $0.fate == .taken(field: "settings") })
        #expect(String(decoding: kept.value, as: UTF8.self) == #"{"bind":"127.0.0.1:8181","tls":{"enabled":false},"whitelist":null,"what":"hunter2"}"#)
    }

    @Test("a file that is broken as a whole is named with its line", arguments: [
        ("tokens.json", "{\n\"a\": {\"token\": \"hunter2}", "tokens.json: line 2"), ("tokens.json", "[]", "tokens.json: line 1"),
        ("tokens.json", #"{"a": {}, "a": {}}"#, "'a' is there twice"), ("pool.json", "hunter2", "pool.json: line 1"),
        ("config.json", "{\"a\": }", "config.json: line 1"), ("share.json", #"{"a": "hunter2"}"#, "share.json: line 1"),
        ("tokens.json", "{\"\u{0}\": 1}", "control character"),
    ])
    func broken(_ file: String, _ text: String, _ message: String) {
        let error = #expect(throws: FormatError.self) { try read([file: text]) }
        #expect(error?.description.contains(message) == true, "\(String(describing: error))")
        #expect(error?.description.contains("hunter2") == false)
    }

    @Test("no file is an error, empty files are none")
    func empty() throws {
        #expect(throws: FormatError.self) { try read([:]) }
        let result = try read(["tokens.json": "", "pool.json": "{}", "share.json": "\n"])
        #expect(result.rows.isEmpty)
        #expect(result.settings.isEmpty)
    }
}

@Suite("Import from TokenStatusCheck")
struct TokenStatusCheckImportTests {
    private func read(_ files: [String: [UInt8]], urls: [String: String] = [:]) throws -> CredentialImport {
        try CredentialSystem.tokenstatuscheck.read(folder: files.map { .init(name: $0.key, bytes: $0.value) }, urls: urls)
    }

    @Test("takes a token a line, each once, whatever its line ends are")
    func tokens() throws {
        let result = try read(
            ["LLM-Step/token.json": [0xEF, 0xBB, 0xBF] + Array("dev@tok-1.x_+/=%\r\n\n  two \t\ndev@tok-1.x_+/=%\nx\u{1}y\n".utf8) + [0xFF]],
            urls: ["step": "http://step:8000/token/check"])
        #expect(result.rows.count == 2)
        #expect(result.rows[0].dictionary["provider"] == "free-api")
        #expect(result.rows[0]["tags"] == "step")
        #expect(result.rows[0].dictionary["parameters.url"] == "http://step:8000/token/check")
        #expect(result.rows[0]["name"]?.hasPrefix("step ") == true)
        #expect(result.rows[0]["name"] != result.rows[1]["name"])
        #expect(result.rows[0]["name"]?.contains("tok") == false)
        #expect(result.rows.map { $0.secret("access") } == ["dev@tok-1.x_+/=%", "two"])
        #expect(result.rows.map(\.origin) == ["LLM-Step/token.json line 1", "LLM-Step/token.json line 3"])
        #expect(result.leftOut.map { "\($0.origin): \($0.reason) \($0.isRefused)" } == [
            "LLM-Step/token.json line 4: the same token stands in line 1 false",
            "LLM-Step/token.json line 5: the token has control characters true",
            "LLM-Step/token.json line 6: the token is not valid UTF-8 true",
        ])
    }

    @Test("splits an account at its first dash")
    func accounts() throws {
        let text = "13912341234-pass-word \r\n \n13912341234-other\nhunter2\n-x\n139-\n+8613912341234-p\na@b.example-p\n"
        let result = try read(["OfficialToken/deep_user.json": Array(text.utf8)])
        #expect(result.rows.map { $0["name"] } == ["deepseek 13912341234", "deepseek +8613912341234", "deepseek a@b.example"])
        #expect(result.rows.map { $0.dictionary["parameters.login_by"] } == [nil, nil, "email"])
        #expect(result.rows[0].secret("username") == "13912341234")
        #expect(result.rows[0].secret("password") == "pass-word ")
        #expect(result.leftOut.map(\.isRefused) == [false, true, true, true])
        #expect(!result.leftOut.map(\.reason).joined().contains("hunter2"))
    }

    @Test("empty files bring nothing, no file is an error")
    func empty() throws {
        #expect(try read(["LLM-Deep/token.json": []]).rows.isEmpty)
        #expect(throws: FormatError.self) { try read([:]) }
    }
}
