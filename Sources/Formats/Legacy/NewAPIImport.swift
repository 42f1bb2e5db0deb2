/// Users and API keys of new-api (compat/newapi.md 2).
enum NewAPIImport {
    static let shapes = [
        TableShape(name: "users", columns: [
            "id", "username", "password", "display_name", "role", "status", "email", "access_token", "quota", "used_quota", "group",
            "deleted_at",
        ]),
        TableShape(name: "tokens", columns: [
            "id", "user_id", "key", "status", "name", "created_time", "accessed_time", "expired_time", "remain_quota",
            "unlimited_quota", "used_quota", "model_limits_enabled", "model_limits", "allow_ips", "group", "cross_group_retry",
            "auto_groups", "deleted_at",
        ]),
    ]

    static func map(_ database: LegacyDatabase) -> LegacyImport {
        var result = LegacyImport()
        var deleted: Set<Int64> = []
        result.add(database["users"], id: "id", as: "user") { record, fields throws(RowProblem) in
            if record.has("deleted_at") {
                if let id = try record.integer("id") { deleted.insert(id) }
                throw .skipped("deleted")
            }
            try user(record, &fields)
        }
        result.add(database["tokens"], id: "id", as: "apikey") { record, fields throws(RowProblem) in
            if record.has("deleted_at") { throw .skipped("deleted") }
            if let owner = try record.integer("user_id"), deleted.contains(owner) { throw .skipped("its user is deleted") }
            try token(record, &fields)
        }
        return result
    }

    private static func user(_ record: LegacyRecord, _ fields: inout LegacyFields) throws(RowProblem) {
        fields.set("newapi_id", try identifier(record, "id"))
        let name = try record.needed("username", record.text("username"))
        guard !name.isEmpty else { throw .refused("it has no username") }
        fields.set("name", name)
        fields.set("display_name", try record.text("display_name"))
        if record.has("email") { fields.set("email", try record.text("email")) }
        switch try record.needed("role", record.integer("role")) {
        case 1: fields.set("role", "common")
        case 10: fields.set("role", "admin")
        case 100: fields.set("role", "root")
        default: throw .refused("role is none of 1, 10 and 100")
        }
        fields.set("enabled", try record.needed("status", record.integer("status")) == 1)
        if record.has("group") { fields.set("group", try record.text("group")) }
        fields.set("wallet", try units(record, "quota", &fields))
        fields.set("wallet_used", try units(record, "used_quota", &fields))
        if let hash = try record.bytes("password", limit: 128), !hash.isEmpty {
            if isBcrypt(hash) {
                fields.set(secret: "password_hash", hash)
            } else {
                fields.remark("the password is no bcrypt hash and is left out: the user must set one")
            }
        }
        if let token = try record.bytes("access_token", limit: LegacyImport.maximumSecret).map(LegacyText.withoutBlanksAtEnd),
            !token.isEmpty {
            fields.set(secret: "newapi_access_token", token)
        }
    }

    private static func token(_ record: LegacyRecord, _ fields: inout LegacyFields) throws(RowProblem) {
        fields.set("newapi_id", try identifier(record, "id"))
        fields.set("owner_ref", "newapi:\(try identifier(record, "user_id"))")
        fields.set("form", "sk")
        fields.set(secret: "key", try key(record))
        let states = [1: "enabled", 2: "disabled", 3: "expired", 4: "exhausted"]
        guard let status = states[Int(clamping: try record.needed("status", record.integer("status")))] else {
            throw .refused("status is none of 1 to 4")
        }
        fields.set("status", status)
        fields.set("name", try record.text("name"))
        let expires = try record.needed("expired_time", record.integer("expired_time"))
        // To new-api every other moment of the past has expired, 0 too, which must not become "never" anywhere.
        fields.set("expires", expires == -1 ? "never" : String(max(1, expires)))
        _ = try record.needed("remain_quota", record.integer("remain_quota"))
        fields.set("quota", try units(record, "remain_quota", &fields))
        fields.set("used", try units(record, "used_quota", &fields))
        fields.set("unlimited", try record.needed("unlimited_quota", record.bool("unlimited_quota")))
        fields.set("model_limits", try record.bool("model_limits_enabled") ?? false)
        fields.set("models", try LegacyText.lines("model_limits", record.text("model_limits") ?? "", separator: ","))
        fields.set("addresses", try LegacyAddresses.lines("allow_ips", record.text("allow_ips") ?? ""))
        fields.set("group", try record.text("group"))
        fields.set("cross_group_retry", try record.bool("cross_group_retry"))
        fields.set("auto_groups", try LegacyText.list("auto_groups", record))
        fields.set("created", try record.seconds("created_time"))
        fields.set("accessed", try record.seconds("accessed_time"))
    }

    /// Without the blanks that char(48) adds and without the `sk-` that only clients see.
    private static func key(_ record: LegacyRecord) throws(RowProblem) -> [UInt8] {
        var key = LegacyText.withoutBlanksAtEnd(try record.needed("key", record.bytes("key", limit: LegacyImport.maximumSecret)))
        if key.starts(with: Array("sk-".utf8)) { key.removeFirst(3) }
        guard !key.isEmpty else { throw .refused("its key is empty") }
        guard key.count <= 509 else { throw .refused("its key is longer than any that can be asked about") }
        guard key.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw .refused("its key has characters that no client can send")
        }
        return key
    }

    private static func identifier(_ record: LegacyRecord, _ column: String) throws(RowProblem) -> Int64 {
        let number = try record.needed(column, record.integer(column))
        guard number > 0 else { throw .refused("\(column) is not positive") }
        return number
    }

    /// Quota units. new-api counts below 0 where a request cost more than was left, and in keys without a limit.
    private static func units(
        _ record: LegacyRecord, _ column: String, _ fields: inout LegacyFields
    ) throws(RowProblem) -> Int64? {
        guard let units = try record.integer(column), units < 0 else { return try record.integer(column) }
        fields.remark("\(column) is \(units) and becomes 0")
        return 0
    }

    /// `$2a$10$` and 53 characters.
    private static func isBcrypt(_ hash: [UInt8]) -> Bool {
        hash.count == 60 && hash.starts(with: Array("$2".utf8)) && Array("aby".utf8).contains(hash[2]) && hash[3] == UInt8(ascii: "$")
            && hash.allSatisfy { (0x21...0x7E).contains($0) }
    }
}
