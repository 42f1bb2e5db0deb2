/// The tables of RT-manage (compat/rtmanage.md 2), from its SQLite file or as CSV: credentials of provider `openai`.
enum RTManageTables {
    static let rows = TableShape(name: "rts", columns: [
        "id", "biz_id", "user_name", "email", "type", "rt", "at", "proxy", "client_id", "tag", "enabled", "last_rt", "user_info",
        "account_info", "last_refresh_time", "memo", "create_time",
        // Known, and not taken: it repeats the tokens.
        "refresh_result", "update_time",
    ])
    static let settings = TableShape(name: "system_configs", columns: ["id", "config_key", "config_value", "create_time", "update_time"])
    static let shapes = [rows, settings]
    /// Larger ids are no exact numbers in JavaScript, and the door has to count on behind the largest.
    private static let maximumID: Int64 = 9_007_199_254_740_991

    static func map(_ database: LegacyDatabase, _ defaults: RTManageConfiguration.Defaults, _ result: inout CredentialImport) {
        var rows = LegacyImport()
        rows.remarks = database.remarks
        rows.add(database["rts"], id: "id", as: "credential") { record, fields throws(RowProblem) in
            try credential(record, defaults, &fields)
        }
        result.add(rows)
        if let table = database["system_configs"] { RTManageSystemConfigs.add(table, &result) }
    }

    private static func credential(
        _ record: LegacyRecord, _ defaults: RTManageConfiguration.Defaults, _ fields: inout LegacyFields
    ) throws(RowProblem) {
        let id = try record.needed("id", record.integer("id"))
        guard id > 0 else { throw .refused("id is not positive") }
        let name = try record.needed("biz_id", record.text("biz_id", limit: 255))
        guard !name.isEmpty else { throw .refused("its biz_id is empty") }
        let token = try record.needed("rt", record.bytes("rt", limit: LegacyImport.maximumSecret))
        guard !token.isEmpty else { throw .refused("its rt is empty") }
        fields.set("name", name)
        fields.set("provider", "openai")
        fields.set(secret: "refresh", token)
        if let access = try record.bytes("at", limit: LegacyImport.maximumSecret), !access.isEmpty { fields.set(secret: "access", access) }
        if let last = try record.bytes("last_rt", limit: LegacyImport.maximumSecret), !last.isEmpty {
            fields.set(secret: "previous_refresh", last)
        }
        if let proxy = try record.bytes("proxy", limit: 2_048), !proxy.isEmpty { fields.set(secret: "proxy", proxy) }
        if record.has("email") { fields.set("email", try record.text("email", limit: 254)) }
        let client = try record.text("client_id", limit: 1_024) ?? ""
        fields.set("client_id", client.isEmpty ? defaults.clientID : client)
        if record.has("tag") { fields.set("tags", try tags(record)) }
        try setMemo(record, &fields)
        fields.set("enabled", try record.bool("enabled") ?? false)
        if id <= maximumID {
            fields.set(attribute: "rtmanage.id", id)
        } else {
            fields.remark("the id is larger than \(maximumID): the row gets another one")
        }
        if record.has("user_name") { fields.set(attribute: "rtmanage.user_name", try record.text("user_name", limit: 4_096)) }
        if record.has("type") { fields.set(attribute: "rtmanage.type", try record.text("type", limit: 255)) }
        // Both hold personal data.
        for column in ["user_info", "account_info"] {
            do throws(RowProblem) {
                guard let value = try record.bytes(column, limit: LegacyImport.maximumSecret), !value.isEmpty else { continue }
                fields.set(secret: "rtmanage.\(column)", value)
            } catch {
                fields.remark("\(column) is longer than \(LegacyImport.maximumSecret) bytes, or no text, and is left out")
            }
        }
        for column in ["create_time", "last_refresh_time"] where record.has(column) {
            guard let text = try record.text(column, limit: 64), let moment = SQLTime.milliseconds(text) else {
                fields.remark("\(column) is no time and is left out")
                continue
            }
            fields.set(attribute: "rtmanage.\(column)", moment)
        }
    }

    /// The door shows several tags with commas between, and reads them so.
    private static func tags(_ record: LegacyRecord) throws(RowProblem) -> String? {
        guard let text = try record.text("tag", limit: 255) else { return nil }
        guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { throw .refused("tag has control characters") }
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty }), Set(parts.map { Array($0.utf8) }).count == parts.count else { return text }
        return parts.joined(separator: "\n")
    }

    /// What is no label, with line ends or too long, the door keeps as an attribute.
    private static func setMemo(_ record: LegacyRecord, _ fields: inout LegacyFields) throws(RowProblem) {
        guard record.has("memo"), var text = try record.text("memo") else { return }
        guard text.utf8.count > 1_024 || text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { return fields.set("memo", text) }
        if text.utf8.contains(0) { throw .refused("memo has a zero byte") }
        if text.utf8.count > 4_096 {
            while text.utf8.count > 4_096 { text.removeLast() }
            fields.remark("the memo is cut to 4,096 bytes")
        }
        fields.set(attribute: "rtmanage.memo", text)
    }
}

/// Times as SQL databases write them.
enum SQLTime {
    /// `2025-12-01 22:56:30.123456789+08:00`; without an offset it is taken for UTC. Unix milliseconds; `nil`: no such time.
    static func milliseconds(_ text: String) -> Int64? {
        var rest = Substring(text).utf8
        func digits(_ count: Int) -> Int64? {
            guard rest.count >= count, rest.prefix(count).allSatisfy(\.isDigit) else { return nil }
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count).reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
        }
        func take(_ byte: UInt8) -> Bool {
            guard rest.first == byte else { return false }
            rest = rest.dropFirst()
            return true
        }
        guard let year = digits(4), take(UInt8(ascii: "-")), let month = digits(2), take(UInt8(ascii: "-")), let day = digits(2),
            (1...12).contains(month), (1...31).contains(day), take(UInt8(ascii: " ")) || take(UInt8(ascii: "T")),
            let hour = digits(2), take(UInt8(ascii: ":")), let minute = digits(2), take(UInt8(ascii: ":")), let second = digits(2),
            hour < 24, minute < 60, second <= 60
        else { return nil }
        var fraction: Int64 = 0
        if take(UInt8(ascii: ".")) {
            let part = rest.prefix { $0.isDigit }
            guard !part.isEmpty else { return nil }
            var weight: Int64 = 100
            for digit in part.prefix(3) {
                fraction += Int64(digit - UInt8(ascii: "0")) * weight
                weight /= 10
            }
            rest = rest.dropFirst(part.count)
        }
        var offset: Int64 = 0
        if let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
            rest = rest.dropFirst()
            guard let hours = digits(2), take(UInt8(ascii: ":")), let minutes = digits(2), hours < 24, minutes < 60 else { return nil }
            offset = (hours * 60 + minutes) * (sign == UInt8(ascii: "+") ? 1 : -1)
        } else {
            _ = take(UInt8(ascii: "Z"))
        }
        guard rest.isEmpty else { return nil }
        let result = (((days(year, month, day) * 24 + hour) * 60 + minute - offset) * 60 + second) * 1_000 + fraction
        return result > 0 ? result : nil
    }

    /// Days since 1970, counted in years that begin in March.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let years = month <= 2 ? year - 1 : year
        let era = years / 400
        let yearOfEra = years - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
