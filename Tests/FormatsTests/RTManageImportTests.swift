import Testing

@testable import CofferFormats

@Suite("Import from RT-manage")
struct RTManageImportTests {
    static let columns = """
        `id` integer PRIMARY KEY AUTOINCREMENT, `biz_id` text NOT NULL, `user_name` text, `email` text, `type` text, `rt` text NOT NULL,
        `at` text, `proxy` text, `client_id` text, `tag` text, `enabled` numeric NOT NULL, `last_rt` text, `refresh_result` text,
        `user_info` text, `account_info` text, `last_refresh_time` datetime, `memo` text, `create_time` datetime, `update_time` datetime
        """

    private func configuration(_ text: String, samples: Bool = false) throws(FormatError) -> CredentialImport {
        var reader = RTManageImport(allowsSamples: samples)
        try reader.add(.init(name: "config.yml", bytes: Array(text.utf8)))
        return reader.finish()
    }

    @Test("has one line for each key of config.yml, and no value of a secret")
    func lines() throws {
        let result = try configuration("""
            server: {host: 127.0.0.1, port: 8080, mode: release}
            log:
              level: info
              output_paths: [stdout]
            database: {type: mysql, password: hunter2, table_prefix: rt}
            openai:
              client_id: app_WXrF1LSkiTtfYqiL6XtjygvX
              proxy: socks5://hunter2@x
              schedule_enabled: true
              refresh_interval: 3
            auth:
              Username: boss
              password: hunter2-long
              jwt_secret: hunter2
              jwt_expire_hours: 240
              api_secret: my-api-secret-2025
              public_api_prefix: /public-api
            surprise: hunter2
            """)
        let fates = Dictionary(uniqueKeysWithValues: result.settings.map { ($0.key, $0.fate) })
        #expect(fates.count == 19)
        #expect(fates["server.host"] == .placed)
        #expect(fates["server.mode"] == .notNeeded)
        #expect(fates["log.output_paths"] == .notNeeded)
        #expect(fates["database.password"] == .notNeeded)
        #expect(fates["openai.client_id"] == .notNeeded)
        #expect(fates["openai.refresh_interval"] == .placed)
        #expect(fates["auth.username"] == .taken(field: "username"))
        #expect(fates["auth.password"] == .taken(field: "password"))
        #expect(fates["auth.jwt_secret"] == .notNeeded)
        #expect(fates["auth.api_secret"] == .refused)
        #expect(fates["surprise"] == .refused)
        #expect(!result.settings.map { $0.key + $0.reason }.joined().contains("hunter2"))
        #expect(result.settings.first { $0.key == "auth.password" }?.value == Array("hunter2-long".utf8))
        #expect(result.configuration == [
            "rtmanage:", "  listen: \"127.0.0.1:8080\"", "  jwt_expire_hours: 240", "  public_api_prefix: \"/public-api\"",
        ])
        let schedule = try #require(result.rows.first)
        #expect(schedule.noun == "schedule")
        #expect(schedule["rule"] == "every 72 hours")
    }

    @Test("takes sample values only where they are allowed")
    func samples() throws {
        let text = "auth: {password: admin123, api_secret: ''}"
        #expect(try configuration(text).settings.map(\.fate) == [.refused, .refused])
        #expect(try configuration(text, samples: true).settings.map(\.fate) == [.taken(field: "password"), .refused])
    }

    @Test("refuses values that make no sense", arguments: [
        "server: {port: 99999}", "server: {host: 'a b'}", "auth: {jwt_expire_hours: 0}", "auth: {jwt_expire_hours: x}",
        "auth: {public_api_prefix: /health}", "auth: {public_api_prefix: x}", "openai: {schedule_enabled: true, refresh_interval: 0}",
        "openai: {schedule_enabled: true, refresh_interval: -1}", "auth: {password: [a, b]}", "auth: {password: }",
    ])
    func nonsense(_ text: String) throws {
        #expect(try configuration(text).settings.contains { $0.fate == .refused })
    }

    @Test("a file that is no configuration is an error with its line", arguments: [
        ("", "the file is empty"), ("# nothing", "the file has no keys"), ("- a", "line 1"), ("a: &x b\nc: *x", "anchors"),
        ("a: [", "not valid YAML"),
        ("hunter2", "line 1"), ("a: 1\na: 2", "twice"),
    ])
    func broken(_ text: String, _ message: String) {
        let error = #expect(throws: FormatError.self) { try configuration(text) }
        #expect(error?.description.contains(message) == true, "\(String(describing: error))")
        #expect(error?.description.contains("hunter2") == false)
    }

    @Test("takes the rows of the database, with a prefix too")
    func database() throws {
        let database = try ScratchDatabase(
            "CREATE TABLE rt_rts (\(Self.columns))", "CREATE TABLE rt_system_configs (id integer, config_key text, config_value text)",
            """
            INSERT INTO rt_rts VALUES (7, 'user001', 'Ada', 'ada@example.org', 'plus', 'rt_1', 'eyJ', 'http://u:p@proxy:1', '', 'blue', 1,
                'rt_0', '{"access_token": "hunter2"}', '{}', NULL, '2025-12-01 22:56:30.123456789+08:00', 'm',
                '2025-12-01 22:56:30+08:00', 'x'),
                (8, 'user002', NULL, NULL, NULL, '', NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
            """,
            """
            INSERT INTO rt_system_configs VALUES (1, 'proxy_list', '["http://x"]'), (2, 'client_id_list', 'hunter2'), (3, 'odd', 'x'),
                (4, 'auto_refresh_enabled', 'true'), (5, 'auto_refresh_interval', '5'), (6, 'empty', '')
            """)
        var reader = RTManageImport()
        try reader.add(database: database.path)
        try reader.add(.init(name: "config.yml", bytes: Array("openai: {client_id: app_own}".utf8)))
        let result = reader.finish()
        let row = try #require(result.rows.first)
        #expect(row.origin == "rts row 1 (id 7)")
        #expect(row.dictionary == [
            "name": "user001", "provider": "openai", "email": "ada@example.org", "client_id": "app_own", "tags": "blue", "memo": "m",
            "enabled": "true", "attributes.rtmanage.id": "7", "attributes.rtmanage.user_name": "Ada", "attributes.rtmanage.type": "plus",
            "attributes.rtmanage.create_time": "1764600990000", "attributes.rtmanage.last_refresh_time": "1764600990123",
        ])
        #expect(row.secrets.map(\.name) == ["access", "previous_refresh", "proxy", "refresh", "rtmanage.user_info"])
        #expect(result.leftOut.map(\.reason) == ["its rt is empty"])
        let settings = Dictionary(uniqueKeysWithValues: result.settings.map { ($0.key, $0.fate) })
        #expect(settings["system_configs.proxy_list"] == .taken(field: "proxy_list"))
        #expect(settings["system_configs.client_id_list"] == .refused)
        #expect(settings["system_configs.odd"] == .placed)
        #expect(settings["system_configs.empty"] == .notNeeded)
        #expect(settings["system_configs.auto_refresh_interval"] == .taken(field: "auto_refresh_interval"))
        #expect(result.settings.first { $0.fate == .taken(field: "configs") }?.value == Array(#"{"odd":"x"}"#.utf8))
        #expect(result.rows.last?.dictionary == [
            "name": "rtmanage", "action": "refresh", "target_provider": "openai", "rule": "every 120 hours",
        ])
        #expect(!result.settings.map(\.reason).joined().contains("hunter2"))
    }

    @Test("remarks only what is left out, and gives no id that has no next one")
    func remarks() throws {
        let insert = { (id: String, info: String) in
            "INSERT INTO rts (id, biz_id, rt, enabled, user_info, account_info) VALUES (\(id), 'n\(id)', 'rt\(id)', 0, \(info))"
        }
        let database = try ScratchDatabase(
            "CREATE TABLE rts (\(Self.columns))", insert("1", "NULL, ''"), insert("9007199254740991", "x'00', '{}'"),
            insert("9007199254740992", "'{}', NULL"))
        var reader = RTManageImport()
        try reader.add(database: database.path)
        let result = reader.finish()
        #expect(result.rows.map { $0.dictionary["attributes.rtmanage.id"] } == ["1", "9007199254740991", nil])
        #expect(result.rows.map { $0.secrets.map(\.name) } == [
            ["refresh"], ["refresh", "rtmanage.account_info", "rtmanage.user_info"], ["refresh", "rtmanage.user_info"],
        ])
        #expect(result.remarks == ["rts row 3 (id 9007199254740992): the id is larger than 9007199254740991: the row gets another one"])
    }

    @Test("a database with two such tables, or none, is refused")
    func tables() throws {
        var reader = RTManageImport()
        let two = try ScratchDatabase("CREATE TABLE a_rts (\(Self.columns))", "CREATE TABLE b_rts (\(Self.columns))")
        #expect(throws: FormatError.self) { try reader.add(database: two.path) }
        let none = try ScratchDatabase("CREATE TABLE carts (id integer)")
        #expect(throws: FormatError.self) { try reader.add(database: none.path) }
    }

    @Test("takes rows of MySQL as CSV")
    func csv() throws {
        var reader = RTManageImport()
        try reader.add(.init(name: "rts.CSV", bytes: Array("""
            id,biz_id,rt,enabled,user_info,email,proxy
            1,a,rt_1,1,"{""id"": 1}",\\N,NULL
            2,b,rt_2
            3,"c"x,rt_3,1,,,
            4,d,rt_4,2,,,
            5,e,rt_5,0,,,

            """.utf8)))
        let result = reader.finish()
        #expect(result.rows.map { $0["name"] } == ["a", "e"])
        #expect(result.rows[0].secret("rtmanage.user_info") == #"{"id": 1}"#)
        #expect(result.rows[0]["email"] == nil)
        #expect(result.leftOut.map { "\($0.origin): \($0.reason)" } == [
            "line 3: it has 3 fields, the first line 7",
            "line 4: text stands behind a closing '\"'; a quote within quotes must be doubled",
            "rts row 2 (id 4): enabled is neither true nor false",
        ])
    }

    @Test("CSV without the columns that are needed is refused", arguments: ["", "a,b\n", "biz_id,,rt\n", "biz_id,biz_id\n", "\"biz_id\n"])
    func head(_ text: String) {
        var reader = RTManageImport()
        #expect(throws: FormatError.self) { try reader.add(.init(name: "x.csv", bytes: Array(text.utf8))) }
    }

    @Test("reads times as databases write them", arguments: [
        ("2025-12-01 22:56:30.123456789+08:00", 1_764_600_990_123), ("1970-01-01T00:00:01Z", 1_000), ("2025-12-01 22:56:30", 1_764_629_790_000),
        ("2025-13-01 00:00:00", nil), ("2025-12-01", nil), ("2025-12-01 22:56:30+8", nil), ("", nil), ("2025-12-01 22:56:30.", nil),
    ] as [(String, Int64?)])
    func times(_ text: String, _ milliseconds: Int64?) { #expect(SQLTime.milliseconds(text) == milliseconds) }
}
