import Testing

@testable import CofferFormats

@Suite("Import from new-api")
struct NewAPIImportTests {
    private static let bcrypt = "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"
    private static let key = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV"

    @Test("takes users and tokens of a database, in the order in which they refer to each other")
    func database() throws {
        let database = try ScratchDatabase.newapi(
            """
            INSERT INTO users (id, username, password, display_name, role, status, email, access_token, quota, used_quota, `group`)
            VALUES (7, 'ada', '\(Self.bcrypt)', 'Ada', 100, 1, 'ada@example.org', 'tok   ', 500000, 12, 'vip'),
                (8, 'bob', '', '', 1, 2, '', NULL, 0, 0, 'default')
            """,
            """
            INSERT INTO tokens (id, user_id, key, status, name, created_time, accessed_time, expired_time, remain_quota, unlimited_quota,
                model_limits_enabled, model_limits, allow_ips, used_quota, `group`, cross_group_retry, auto_groups)
            VALUES (12, 7, '\(Self.key)', 1, 'first', 1700000000, 1700000001, -1, 100, 0, 1, 'gpt-4o,claude',
                '10.0.0.0/8' || char(10) || ' ::1, ', 5, 'auto', 1, '["a","b"]')
            """)
        let result = try database.read()
        #expect(result.leftOut.isEmpty)
        #expect(result.rows.map(\.noun) == ["user", "user", "apikey"])
        #expect(result.rows.map(\.origin) == ["users row 1 (id 7)", "users row 2 (id 8)", "tokens row 1 (id 12)"])
        #expect(result.rows[0].dictionary == [
            "newapi_id": "7", "name": "ada", "display_name": "Ada", "email": "ada@example.org", "role": "root", "enabled": "true",
            "group": "vip", "wallet": "500000", "wallet_used": "12",
        ])
        #expect(result.rows[0].secret("password_hash") == Self.bcrypt)
        #expect(result.rows[0].secret("newapi_access_token") == "tok")
        #expect(result.rows[1].dictionary == [
            "newapi_id": "8", "name": "bob", "display_name": "", "role": "common", "enabled": "false", "group": "default", "wallet": "0",
            "wallet_used": "0",
        ])
        #expect(result.rows[1].secrets.isEmpty)
        #expect(result.rows[2].dictionary == [
            "newapi_id": "12", "owner_ref": "newapi:7", "form": "sk", "status": "enabled", "name": "first", "expires": "never",
            "quota": "100", "used": "5", "unlimited": "false", "model_limits": "true", "models": "gpt-4o\nclaude",
            "addresses": "10.0.0.0/8\n::1", "group": "auto", "cross_group_retry": "true", "auto_groups": "a\nb",
            "created": "1700000000000", "accessed": "1700000001000",
        ])
        #expect(result.rows[2].secret("key") == Self.key)
        for row in result.rows {
            let names = row.fields.map { Array($0.name.utf8) }
            #expect(zip(names, names.dropFirst()).allSatisfy { $0.lexicographicallyPrecedes($1) })
        }
    }

    @Test("takes the same from JSON, numbers as texts too")
    func json() throws {
        let result = try read("""
            {"users": [{"id": "7", "username": "ada", "password": null, "role": 1, "status": 1, "setting": {"a": [1, {}]}}],
             "channels": [{"id": 1, "deep": [[{"x": null}]]}],
             "tokens": [{"id": 12, "user_id": "7", "key": "sk-\(Self.key)  ", "status": "1", "expired_time": "-1", "remain_quota": "0",
                "unlimited_quota": true, "auto_groups": ["x"], "allow_ips": null, "deleted_at": null}]}
            """)
        #expect(result.leftOut.isEmpty)
        #expect(result.remarks == ["tables that are not taken: channels", "columns of users that are not taken: setting"])
        #expect(result.rows.map(\.noun) == ["user", "apikey"])
        #expect(result.rows[1].secret("key") == Self.key)
        #expect(result.rows[1]["unlimited"] == "true")
        #expect(result.rows[1]["auto_groups"] == "x")
        #expect(result.rows[1]["addresses"] == "")
        #expect(result.rows[1]["model_limits"] == "false")
    }

    @Test("leaves deleted rows out, and the keys of deleted users")
    func deleted() throws {
        let database = try ScratchDatabase.newapi(
            "INSERT INTO users (id, username, password, deleted_at) VALUES (1, 'gone', '', '2026-01-01 00:00:00'), (2, 'here', '', NULL)",
            """
            INSERT INTO tokens (id, user_id, key, unlimited_quota, deleted_at)
            VALUES (1, 2, 'a', 1, '2026-01-01'), (2, 1, 'b', 1, NULL), (3, 2, 'c', 1, NULL)
            """)
        let result = try database.read()
        #expect(result.rows.map(\.origin) == ["users row 2 (id 2)", "tokens row 3 (id 3)"])
        #expect(result.skips == [
            "users row 1 (id 1): deleted", "tokens row 1 (id 1): deleted", "tokens row 2 (id 2): its user is deleted",
        ])
        #expect(result.refusals.isEmpty)
    }

    /// What is put in the place of a good value, and what is said of it.
    static let broken: [(column: String, value: String, message: String)] = [
        ("id", "null", "it has no id"),
        ("id", "0", "id is not positive"),
        ("id", "\"hunter2\"", "id is not a whole number"),
        ("user_id", "9223372036854775808", "user_id is out of range"),
        ("user_id", "-1", "user_id is not positive"),
        ("user_id", "1.5", "user_id is not a whole number"),
        ("key", "null", "it has no key"),
        ("key", "\"\"", "its key is empty"),
        ("key", "\"sk-  \"", "its key is empty"),
        ("key", "\"hunter2 hunter2\"", "its key has characters"),
        ("key", "\"hunter2\\u0000\\u0001x\"", "its key has characters"),
        ("key", "\"\(String(repeating: "hunter2", count: 80))\"", "its key is longer"),
        ("key", "[\"hunter2\"]", "key is not a text"),
        ("key", "{\"hunter2\": 1}", "key is not a text"),
        ("key", "\"\(String(repeating: "hunter2", count: 20_000))\"", "key has 140000 bytes, more than 65536"),
        ("status", "5", "status is none of 1 to 4"),
        ("status", "9223372036854775807", "status is none of 1 to 4"),
        ("status", "null", "it has no status"),
        ("expired_time", "null", "it has no expired_time"),
        ("expired_time", "\"never\"", "expired_time is not a whole number"),
        ("expired_time", "\"+5\"", "expired_time is not a whole number"),
        ("expired_time", "\"\"", "expired_time is not a whole number"),
        ("remain_quota", "1e3", "remain_quota is not a whole number"),
        ("remain_quota", "-9223372036854775809", "remain_quota is out of range"),
        ("unlimited_quota", "2", "unlimited_quota is neither"),
        ("unlimited_quota", "null", "it has no unlimited_quota"),
        ("model_limits_enabled", "\"hunter2\"", "model_limits_enabled is neither"),
        ("model_limits", "\"a,b\\nc\"", "model_limits has an item"),
        ("allow_ips", "\"10.0.0.1\\n10.0.0.300\"", "allow_ips: '10.0.0.300' is neither"),
        ("allow_ips", "\"example.org\"", "allow_ips: 'example.org' is neither"),
        ("allow_ips", "\"10.0.0.0/33\"", "allow_ips: '10.0.0.0/33' is neither"),
        ("allow_ips", "\"10.0.0.0/08\"", "allow_ips: '10.0.0.0/08' is neither"),
        ("allow_ips", "\"10.0.0.1;10.0.0.2\"", "allow_ips: '10.0.0.1;10.0.0.2' is neither"),
        ("allow_ips", "\" , \\n\"", "allow_ips is not empty, but has no address"),
        ("allow_ips", "\"10.0.0.1\\u0000.2\"", "allow_ips: '10.0.0.1.2' is neither"),
        ("auto_groups", "\"hunter2\"", "auto_groups is not a JSON list"),
        ("auto_groups", "\"{}\"", "auto_groups is not a JSON list"),
        ("auto_groups", "[null]", "auto_groups has an item"),
        ("created_time", "-5", "created_time is out of range"),
        ("created_time", "9223372036854775807", "created_time is out of range"),
    ]

    @Test("refuses a row with the column and without the value", arguments: broken.indices)
    func refuses(_ index: Int) throws {
        let (column, value, message) = Self.broken[index]
        let good = [
            "id": "12", "user_id": "7", "key": "\"abc\"", "status": "1", "expired_time": "-1", "remain_quota": "5", "unlimited_quota": "0",
        ]
        let fields = good.merging([column: value]) { $1 }.map { "\"\($0.key)\": \($0.value)" }.joined(separator: ", ")
        let result = try read("{\"tokens\": [{\(fields)}]}")
        #expect(result.rows.isEmpty)
        let refusal = try #require(result.refusals.first)
        #expect(refusal.hasPrefix("tokens row 1") && refusal.contains(": " + message), "\(refusal)")
        #expect(!refusal.contains("hunter2") || column == "id")
    }

    @Test("keeps the largest numbers; below zero becomes zero, and what expired stays expired")
    func extremes() throws {
        let database = try ScratchDatabase.newapi(
            """
            INSERT INTO tokens (id, user_id, key, status, expired_time, remain_quota, used_quota, unlimited_quota) VALUES
            (9223372036854775807, 1, 'a', 3, 9223372036854775807, 9223372036854775807, 0, 0),
            (2, 1, 'b', 4, 0, -5, 7, 1), (3, 1, 'c', 2, -9, 1.0, 2, 0), (4, 1, 'd', 2, 1, 1.5, 2, 0), (5, 1, 'e', 2, 1, 9.3e18, 2, 0)
            """)
        let result = try database.read()
        let quotas = result.rows.map { $0["quota"] ?? "" }
        let expiries = result.rows.map { $0["expires"] ?? "" }
        let states = result.rows.map { $0["status"] ?? "" }
        let remarks = result.remarks.filter { $0.hasPrefix("tokens row") }
        // In the order of their ids.
        #expect(quotas == ["0", "1", "9223372036854775807"])
        #expect(expiries == ["1", "1", "9223372036854775807"])
        #expect(states == ["exhausted", "disabled", "expired"])
        #expect(remarks == ["tokens row 1 (id 2): remain_quota is -5 and becomes 0"])
        #expect(result.refusals == [
            "tokens row 3 (id 4): remain_quota is not a whole number", "tokens row 4 (id 5): remain_quota is not a whole number",
        ])
    }

    @Test("takes huge names as they are, and refuses what no field holds")
    func hugeNames() throws {
        let database = try ScratchDatabase.newapi(
            "INSERT INTO users (id, username, password) VALUES (1, hex(zeroblob(100000)), '')",
            "INSERT INTO users (id, username, password) VALUES (2, hex(zeroblob(300000)), '')",
            "INSERT INTO users (id, username, password) VALUES (3, CAST(x'ff68' AS text), '')",
            "INSERT INTO users (id, username, password, role) VALUES (4, 'guest', '', 0)",
            "INSERT INTO users (id, username, password) VALUES (5, 'plain', 'hunter2')")
        let result = try database.read()
        #expect(result.rows.map { $0["name"]?.utf8.count } == [200_000, 5])
        #expect(result.refusals == [
            "users row 2 (id 2): username has 600000 bytes, more than 524288", "users row 3 (id 3): username is not valid UTF-8",
            "users row 4 (id 4): role is none of 1, 10 and 100",
        ])
        #expect(result.rows[1].secrets.isEmpty)
        #expect(result.remarks.contains("users row 5 (id 5): the password is no bcrypt hash and is left out: the user must set one"))
    }

    @Test("refuses each row where a needed column is missing")
    func missingColumns() throws {
        let database = try ScratchDatabase("CREATE TABLE tokens (id integer, key text)", "INSERT INTO tokens VALUES (1, 'a'), (2, 'b')")
        let result = try database.read()
        #expect(result.rows.isEmpty)
        #expect(result.refusals == ["tokens row 1 (id 1): it has no user_id", "tokens row 2 (id 2): it has no user_id"])
    }

    static let notTables: [(text: String, message: String)] = [
        ("", "the file is empty"),
        ("\u{FEFF} \n", "the file is empty"),
        ("hunter2", "neither a SQLite database nor a JSON object"),
        ("[]", "neither a SQLite database nor a JSON object"),
        ("{}", "it has none of the tables users, tokens"),
        ("{\"user\": []}", "it has none of the tables users, tokens"),
        ("{\"tokens\": {}}", "line 1: 'tokens' must be an array"),
        ("{\"tokens\": [\"hunter2\"]}", "line 1: a row of 'tokens' must be an object"),
        ("{\"tokens\": [{}\n{}]}", "line 2: ',' or ']'"),
        ("{\"tokens\": [],\n\"tokens\": []}", "line 2: 'tokens' is there twice"),
        ("{\"tokens\": [{\"key\": \"hunter2\", \"key\": 1}]}", "line 1: 'key' is there twice"),
        ("{\"tokens\": [{\"key\": \"hunter2\"", "line 1: ',' or '}'"),
        ("{\"tokens\": []} hunter2", "line 1: text behind the end"),
        ("{\"logs\": \(String(repeating: "[", count: 100_000))", "line 1: nested deeper than 64 levels"),
    ]

    @Test("refuses a file with the line and without the value", arguments: notTables.indices)
    func refusesFile(_ index: Int) {
        let (text, message) = Self.notTables[index]
        do throws(FormatError) {
            _ = try read(text)
            Issue.record("was taken")
        } catch {
            #expect(error.description.hasPrefix(message), "\(error.description)")
            #expect(!error.description.contains("hunter2"))
        }
    }

    private func read(_ text: String) throws(FormatError) -> LegacyImport { try LegacySystem.newapi.read(json: Array(text.utf8)) }
}
