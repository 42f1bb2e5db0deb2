import CofferJSON

/// A channel of one-api that follows a token (compat/tokenstool.md 2.3).
struct ShareChannel: Equatable, Sendable {
    var name: String
    var tokenName: String
    /// The share token that the channel was last given.
    var tokenValue: String
    var baseURL: String
    var models: String
    var groups: String
    var modelMapping: String
    var priority: Int
    /// As it is shown: `yyyy-MM-dd HH:mm:ss`.
    var time: String

    /// As clients send it. A name is needed; the rest may be absent.
    init(_ fields: BodyFields, time: String) throws(TokensToolFailure) {
        name = try fields.text("oneApi_name") ?? ""
        tokenName = try fields.text("token_name") ?? ""
        tokenValue = try fields.text("token_value") ?? ""
        baseURL = try fields.text("oneApi_baseUrl") ?? ""
        models = try fields.text("oneApi_models") ?? ""
        groups = try fields.text("oneApi_groups") ?? ""
        modelMapping = try fields.text("model_mapping") ?? ""
        priority = try fields.integer("priority") ?? 0
        _ = try fields.text("shareTime")
        self.time = time
    }

    var json: JSONValue { .object([("oneApi_name", .string(name))] + stored) }

    // MARK: As `share.json` and the store have it, by name

    var stored: [(String, JSONValue)] {
        [
            ("token_name", .string(tokenName)), ("token_value", .string(tokenValue)), ("oneApi_baseUrl", .string(baseURL)),
            ("oneApi_models", .string(models)), ("oneApi_groups", .string(groups)), ("model_mapping", .string(modelMapping)),
            ("priority", .integer(Int64(priority))), ("shareTime", .string(time)),
        ]
    }

    init(name: String, stored: JSONValue) {
        self.name = name
        tokenName = stored["token_name"]?.string ?? ""
        tokenValue = stored["token_value"]?.string ?? ""
        baseURL = stored["oneApi_baseUrl"]?.string ?? ""
        models = stored["oneApi_models"]?.string ?? ""
        groups = stored["oneApi_groups"]?.string ?? ""
        modelMapping = stored["model_mapping"]?.string ?? ""
        priority = stored["priority"]?.integer.flatMap { Int(exactly: $0) } ?? 0
        time = stored["shareTime"]?.string ?? ""
    }
}
