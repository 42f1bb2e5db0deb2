import Testing

@testable import CofferFormats

@Suite("Import from RAGFlow")
struct RAGFlowImportTests {
    private static let ada = "0123456789abcdef0123456789abcdef"
    private static let bob = "fedcba9876543210fedcba9876543210"

    @Test("takes tenants, users, memberships and keys, in this order")
    func whole() throws {
        let result = try read("""
            {"api_token": [{"tenant_id": "\(Self.ada)", "token": "ragflow-abc", "beta": "beta1", "dialog_id": null, "source": "agent",
                "create_time": 1767323045000, "update_time": "1767323046000", "create_date": "x"}],
             "user_tenant": [{"user_id": "\(Self.bob)", "tenant_id": "\(Self.ada)", "role": "normal", "status": "1"},
                {"user_id": "\(Self.bob)", "tenant_id": "\(Self.ada)", "role": "normal", "status": "0"}],
             "user": [{"id": "\(Self.ada)", "nickname": "Ada", "email": "ada@example.org", "password": "scrypt:32768:8:1$s$00",
                "is_superuser": 1, "status": "1", "create_time": 1},
                {"id": "\(Self.bob)", "nickname": null, "email": "bob@example.org", "password": "hunter2", "status": "0"}],
             "tenant": [{"id": "\(Self.ada.uppercased())", "name": "Ada's Kingdom", "status": "1"}]}
            """)
        #expect(result.rows.map(\.noun) == ["tenant", "user", "user", "member", "apikey"])
        #expect(result.rows[0].dictionary == ["name": Self.ada, "ragflow_id": Self.ada])
        #expect(result.rows[1].dictionary == [
            "ragflow_id": Self.ada, "tenant_ref": "ragflow:\(Self.ada)", "name": "ada@example.org", "email": "ada@example.org",
            "display_name": "Ada", "role": "admin", "enabled": "true", "created": "1",
        ])
        #expect(result.rows[1].secret("password_hash") == "scrypt:32768:8:1$s$00")
        #expect(result.rows[2]["enabled"] == "false")
        #expect(result.rows[2].secrets.isEmpty)
        #expect(result.rows[3].dictionary == [
            "owner_ref": "ragflow:\(Self.bob)", "tenant_ref": "ragflow:\(Self.ada)", "role": "normal",
        ])
        #expect(result.rows[4].dictionary == [
            "tenant_ref": "ragflow:\(Self.ada)", "form": "ragflow", "status": "enabled", "expires": "never", "unlimited": "true",
            "source": "agent", "created": "1767323045000", "updated": "1767323046000",
        ])
        #expect(result.rows[4].secrets.map(\.name) == ["beta", "key"])
        #expect(result.rows[4].secret("key") == "ragflow-abc")
        #expect(result.rows.map(\.origin) == [
            "tenant row 1 (id \(Self.ada.uppercased()))", "user row 1 (id \(Self.ada))", "user row 2 (id \(Self.bob))",
            "user_tenant row 1", "api_token row 1",
        ])
        #expect(result.skips == ["user_tenant row 2: deleted"])
        #expect(result.remarks == [
            "columns of api_token that are not taken: create_date", "columns of tenant that are not taken: name",
            "user row 2 (id \(Self.bob)): the password is no hash of a known kind and is left out: the user must set one",
        ])
    }

    static let broken: [(text: String, message: String)] = [
        (#"{"tenant": [{"name": "hunter2"}]}"#, "tenant row 1: it has no id"),
        (#"{"tenant": [{"id": "0123"}]}"#, "tenant row 1 (id 0123): id is not 32 hexadecimal digits"),
        (#"{"user": [{"id": "0123456789abcdef0123456789abcdeg", "email": "a@b"}]}"#,
            "user row 1 (id 0123456789abcdef0123456789abcdeg): id is not 32"),
        (#"{"user": [{"id": "\#(ada)"}]}"#, "user row 1 (id \(ada)): it has no email"),
        (#"{"user": [{"id": "\#(ada)", "email": ""}]}"#, "user row 1 (id \(ada)): it has no email"),
        (#"{"user": [{"id": "\#(ada)", "email": "a@b"}]}"#, "user row 1 (id \(ada)): it has no status"),
        (#"{"user_tenant": [{"user_id": "\#(ada)", "tenant_id": "\#(ada)", "role": "king"}]}"#, "user_tenant row 1: role is none of"),
        (#"{"api_token": [{"tenant_id": "\#(ada)"}]}"#, "api_token row 1: it has no token"),
        (#"{"api_token": [{"tenant_id": "\#(ada)", "token": ""}]}"#, "api_token row 1: its token is empty"),
        (#"{"api_token": [{"tenant_id": "\#(ada)", "token": "hunter2 x"}]}"#, "api_token row 1: its token has characters"),
        (#"{"api_token": [{"tenant_id": "\#(ada)", "token": "x", "beta": "hunter2\n"}]}"#, "api_token row 1: its beta has characters"),
        (#"{"api_token": [{"tenant_id": "\#(ada)", "token": "x", "create_time": -1}]}"#, "api_token row 1: create_time is out of range"),
    ]

    @Test("refuses a row with the column and without the value", arguments: broken.indices)
    func refuses(_ index: Int) throws {
        let (text, message) = Self.broken[index]
        let result = try read(text)
        #expect(result.rows.isEmpty)
        let refusal = try #require(result.refusals.first)
        #expect(refusal.hasPrefix(message), "\(refusal)")
        #expect(!refusal.contains("hunter2"))
    }

    private func read(_ text: String) throws(FormatError) -> LegacyImport { try LegacySystem.ragflow.read(json: Array(text.utf8)) }
}
