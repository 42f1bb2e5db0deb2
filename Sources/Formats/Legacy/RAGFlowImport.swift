/// Users, tenants, memberships and API keys of RAGFlow (compat/ragflow.md 2).
enum RAGFlowImport {
    static let shapes = [
        TableShape(name: "user", columns: [
            "id", "nickname", "email", "password", "is_superuser", "is_active", "status", "create_time",
        ]),
        TableShape(name: "tenant", columns: ["id", "status", "create_time"]),
        TableShape(name: "user_tenant", columns: ["user_id", "tenant_id", "role", "status", "create_time"]),
        TableShape(name: "api_token", columns: [
            "tenant_id", "token", "dialog_id", "source", "beta", "create_time", "update_time",
        ]),
    ]

    static func map(_ database: LegacyDatabase) -> LegacyImport {
        var result = LegacyImport()
        result.add(database["tenant"], id: "id", as: "tenant") { record, fields throws(RowProblem) in
            try skipDeleted(record)
            // Tenants go by their id: it is what RAGFlow's own calls show, and its names are not unique.
            let id = try identifier(record, "id")
            fields.set("name", id)
            fields.set("ragflow_id", id)
            fields.set("created", try record.milliseconds("create_time"))
        }
        result.add(database["user"], id: "id", as: "user", map: user)
        result.add(database["user_tenant"], id: nil, as: "member") { record, fields throws(RowProblem) in
            try skipDeleted(record)
            fields.set("owner_ref", "ragflow:\(try identifier(record, "user_id"))")
            fields.set("tenant_ref", "ragflow:\(try identifier(record, "tenant_id"))")
            let role = try record.needed("role", record.text("role"))
            guard ["owner", "admin", "normal", "invite"].contains(role) else {
                throw .refused("role is none of owner, admin, normal and invite")
            }
            fields.set("role", role)
            fields.set("created", try record.milliseconds("create_time"))
        }
        result.add(database["api_token"], id: nil, as: "apikey", map: token)
        return result
    }

    private static func user(_ record: LegacyRecord, _ fields: inout LegacyFields) throws(RowProblem) {
        let id = try identifier(record, "id")
        fields.set("ragflow_id", id)
        fields.set("tenant_ref", "ragflow:\(id)")
        let email = try record.needed("email", record.text("email"))
        guard !email.isEmpty else { throw .refused("it has no email") }
        // People log in by it; nicknames are not unique.
        fields.set("name", email)
        fields.set("email", email)
        fields.set("display_name", try record.text("nickname"))
        // Not root: that role rules over the users of every other door too.
        fields.set("role", try record.bool("is_superuser") == true ? "admin" : "common")
        let isValid = try record.needed("status", record.integer("status")) == 1
        let isActive = try record.integer("is_active") != 0
        fields.set("enabled", isValid && isActive)
        fields.set("created", try record.milliseconds("create_time"))
        if let hash = try record.bytes("password", limit: 1_024), !hash.isEmpty {
            if ["scrypt:", "pbkdf2:"].contains(where: { hash.starts(with: $0.utf8) }), hash.allSatisfy({ (0x21...0x7E).contains($0) }) {
                fields.set(secret: "password_hash", hash)
            } else {
                fields.remark("the password is no hash of a known kind and is left out: the user must set one")
            }
        }
    }

    private static func token(_ record: LegacyRecord, _ fields: inout LegacyFields) throws(RowProblem) {
        fields.set("tenant_ref", "ragflow:\(try identifier(record, "tenant_id"))")
        fields.set("form", "ragflow")
        // RAGFlow knows neither of these for a key.
        fields.set("status", "enabled")
        fields.set("expires", "never")
        fields.set("unlimited", true)
        fields.set("dialog_id", try record.text("dialog_id"))
        fields.set("source", try record.text("source"))
        fields.set("created", try record.milliseconds("create_time"))
        fields.set("updated", try record.milliseconds("update_time"))
        let token = try record.needed("token", record.bytes("token", limit: 255))
        guard !token.isEmpty else { throw .refused("its token is empty") }
        try check(token, "token")
        fields.set(secret: "key", token)
        if let beta = try record.bytes("beta", limit: 255), !beta.isEmpty {
            try check(beta, "beta")
            fields.set(secret: "beta", beta)
        }
    }

    private static func check(_ secret: [UInt8], _ column: String) throws(RowProblem) {
        guard secret.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw .refused("its \(column) has characters that no client can send")
        }
    }

    /// RAGFlow deletes by setting the status to 0.
    private static func skipDeleted(_ record: LegacyRecord) throws(RowProblem) {
        if let status = try record.integer("status"), status != 1 { throw .skipped("deleted") }
    }

    /// 32 hexadecimal digits, in lower case.
    private static func identifier(_ record: LegacyRecord, _ column: String) throws(RowProblem) -> String {
        let text = try record.needed(column, record.text(column)).lowercased()
        guard text.utf8.count == 32, text.utf8.allSatisfy({ $0.isDigit || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0) }) else {
            throw .refused("\(column) is not 32 hexadecimal digits")
        }
        return text
    }
}
