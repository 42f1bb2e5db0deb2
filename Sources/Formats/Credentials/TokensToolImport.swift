/// The data folder of TokensTool (compat/tokenstool.md 2): credentials of provider `pandora`, and pools of them.
enum TokensToolImport {
    static let files = ["tokens.json", "pool.json", "share.json", "config.json"]

    static let provider = "pandora"

    static func read(_ files: [CredentialSystem.File], allowsSamples: Bool) throws(FormatError) -> CredentialImport {
        var result = CredentialImport()
        var base: String?
        if let file = files.first(where: { $0.name == "config.json" }) {
            do throws(FormatError) {
                base = try TokensToolSettings.read(file.bytes, allowsSamples: allowsSamples, &result)
            } catch {
                throw error.within(file.name)
            }
        }
        var names: Set<[UInt8]>?
        if let file = files.first(where: { $0.name == "tokens.json" }) {
            let table = try table(file, keyedBy: "name", TokensToolTokens.shape)
            if base == nil, !table.rows.isEmpty {
                result.remarks.append("config.json does not say where the proxy is: the door sets it when its settings are saved")
            }
            let rows = TokensToolTokens.map(table, base: base)
            names = Set(rows.rows.compactMap { $0["name"].map { Array($0.utf8) } })
            result.add(rows)
        }
        if let file = files.first(where: { $0.name == "pool.json" }) {
            result.add(TokensToolPools.map(try table(file, keyedBy: "poolName", TokensToolPools.shape), tokens: names))
        }
        if let file = files.first(where: { $0.name == "share.json" }) {
            do throws(FormatError) { try TokensToolSettings.read(shareChannels: file.bytes, &result) } catch { throw error.within(file.name) }
        }
        return result
    }

    /// An empty file counts as one without rows: TokensTool leaves such behind.
    private static func table(
        _ file: CredentialSystem.File, keyedBy key: String, _ shape: TableShape
    ) throws(FormatError) -> LegacyTable {
        guard file.bytes.contains(where: { !($0.isBlank || $0 == .lineFeed || $0 == .carriageReturn) }) else { return LegacyTable(shape) }
        do throws(FormatError) {
            return try LegacyJSONReader.read(file.bytes, keyedBy: key, shape)
        } catch {
            throw error.within(file.name)
        }
    }
}

/// `tokens.json` (2.1).
enum TokensToolTokens {
    static let shape = TableShape(name: "tokens.json", columns: [
        "name", "token", "username", "userPassword", "shared", "auto_shared", "show_user_info", "plus", "setPoolToken", "useRefreshToken",
        "password", "access_token", "share_token", "updateTime", "checkSession",
    ])

    /// What TokensTool writes where it has no token, and the text of a null (compat/tokenstool.md 1.1).
    private static let placeholders: Set<String> = [
        "", "null", "未开启pool_token无法生成", "未开启API开关无法生成", "检查session或refresh是否过期，请重新刷新获取",
    ]

    /// - Parameter base: where the proxy is, with its prefix.
    static func map(_ table: LegacyTable, base: String?) -> LegacyImport {
        var result = LegacyImport()
        result.remarks = LegacyDatabase(tables: [table]).remarks
        result.add(table, id: "name", as: "credential") { record, fields throws(RowProblem) in try credential(record, base, &fields) }
        return result
    }

    private static func credential(_ record: LegacyRecord, _ base: String?, _ fields: inout LegacyFields) throws(RowProblem) {
        let name = try record.needed("name", record.text("name"))
        guard !name.isEmpty else { throw .refused("its name is empty") }
        fields.set("name", name)
        fields.set("provider", TokensToolImport.provider)
        let isRefresh = try record.bool("useRefreshToken") ?? false
        let isAPI = try record.bool("setPoolToken") ?? false
        var user = try record.bytes("username") ?? []
        var password = try record.bytes("userPassword") ?? []
        let token = try record.bytes("token") ?? []
        if !token.isEmpty, let login = login(token, isAPI: isAPI, user: user, password: password) {
            (user, password) = login
        } else if !token.isEmpty {
            fields.set(secret: isRefresh ? "refresh" : "session", token)
        }
        if !user.isEmpty {
            fields.set(secret: "username", user)
            let text = String(decoding: user, as: UTF8.self)
            if text.contains("@"), user.count <= 254 { fields.set("email", text) }
        }
        if !password.isEmpty { fields.set(secret: "password", password) }
        for (column, kind) in [("access_token", "access"), ("share_token", "share")] {
            guard let value = try record.bytes(column), !placeholders.contains(String(decoding: value, as: UTF8.self)) else { continue }
            fields.set(secret: kind, value)
        }
        let shared = try record.bool("shared") ?? false
        fields.set(attribute: "tokenstool.shared", shared)
        fields.set(attribute: "tokenstool.auto_shared", try record.bool("auto_shared") ?? shared)
        let showsUser = try record.bool("show_user_info") ?? false
        fields.set(attribute: "tokenstool.show_user_info", showsUser)
        // What Coffer needs to keep it alive by itself.
        fields.set(parameter: "base", base)
        fields.set(parameter: "login", isRefresh ? "refresh" : "session")
        fields.set(parameter: "show_userinfo", showsUser ? "true" : "false")
        fields.set(attribute: "tokenstool.plus", try record.bool("plus") ?? false)
        fields.set(attribute: "tokenstool.set_pool_token", isAPI)
        fields.set(attribute: "tokenstool.use_refresh_token", isRefresh)
        fields.set(attribute: "tokenstool.check_session", try record.bool("checkSession") ?? true)
        if record.has("updateTime") { fields.set(attribute: "tokenstool.update_time", try record.text("updateTime", limit: 64)) }
        // Opens the token's page at the proxy: a secret of its own.
        if let entry = try record.bytes("password"), !entry.isEmpty { fields.set(secret: "tokenstool.password", entry) }
    }

    /// Without the API switch `token` is the login itself, `email,password`; `nil`: it is a token.
    private static func login(_ token: [UInt8], isAPI: Bool, user: [UInt8], password: [UInt8]) -> ([UInt8], [UInt8])? {
        if !user.isEmpty, token == user + [UInt8(ascii: ",")] + password { return (user, password) }
        guard !isAPI, let comma = token.firstIndex(of: UInt8(ascii: ",")), token[..<comma].contains(UInt8(ascii: "@")) else { return nil }
        return (Array(token[..<comma]), Array(token[(comma + 1)...]))
    }
}

/// `pool.json` (2.2).
enum TokensToolPools {
    static let shape = TableShape(name: "pool.json", columns: [
        "poolName", "poolToken", "shareTokens", "poolTime", "checkPool", "intoOneApi", "poolOneApi_models", "poolModel_mapping",
        "oneApi_pandoraUrl", "groupChecked", "priority", "pandoraNextGpt4",
    ])

    /// - Parameter tokens: the names that `tokens.json` has; `nil`: it was not read.
    static func map(_ table: LegacyTable, tokens: Set<[UInt8]>?) -> LegacyImport {
        var result = LegacyImport()
        result.remarks = LegacyDatabase(tables: [table]).remarks
        result.add(table, id: "poolName", as: "pool") { record, fields throws(RowProblem) in
            try pool(record, tokens, &fields)
        }
        return result
    }

    private static func pool(_ record: LegacyRecord, _ tokens: Set<[UInt8]>?, _ fields: inout LegacyFields) throws(RowProblem) {
        let name = try record.needed("poolName", record.text("poolName"))
        guard !name.isEmpty else { throw .refused("its name is empty") }
        fields.set("name", name)
        fields.set("provider", TokensToolImport.provider)
        var members: [Substring] = []
        var seen: Set<[UInt8]> = []
        for member in try LegacyText.list("shareTokens", record)?.split(separator: "\n") ?? [] {
            guard seen.insert(Array(member.utf8)).inserted else { continue }
            guard tokens?.contains(Array(member.utf8)) != false else {
                fields.remark("the member '\(FormatError.short(String(member)))' is not in tokens.json and is left out")
                continue
            }
            members.append(member)
        }
        fields.set("members", members.joined(separator: "\n"))
        if let token = try record.bytes("poolToken"), !token.isEmpty, token != Array("null".utf8) { fields.set(secret: "pool", token) }
        if record.has("poolTime") { fields.set(attribute: "tokenstool.pool_time", try record.text("poolTime", limit: 64)) }
        fields.set(attribute: "tokenstool.check_pool", try record.bool("checkPool") ?? true)
        fields.set(attribute: "tokenstool.into_one_api", try record.bool("intoOneApi") ?? false)
        var models = try record.text("poolOneApi_models", limit: 4_096) ?? ""
        // Older files say it with a switch (2.4, start-up migrations).
        if models.isEmpty, record.has("pandoraNextGpt4") {
            models = try record.bool("pandoraNextGpt4") == true ? "gpt-3.5-turbo,gpt-4" : "gpt-3.5-turbo"
        }
        fields.set(attribute: "tokenstool.one_api_models", models)
        fields.set(attribute: "tokenstool.model_mapping", try record.text("poolModel_mapping", limit: 4_096) ?? "{}")
        fields.set(attribute: "tokenstool.one_api_url", try record.text("oneApi_pandoraUrl", limit: 4_096) ?? "")
        fields.set(attribute: "tokenstool.groups", try record.text("groupChecked", limit: 4_096) ?? "")
        fields.set(attribute: "tokenstool.priority", try record.integer("priority") ?? 0)
    }
}
