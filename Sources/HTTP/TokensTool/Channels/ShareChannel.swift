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
    /// Unix milliseconds.
    var time: UInt64

    /// As clients send it. A name is needed; the rest may be absent.
    init(_ fields: BodyFields, now: UInt64) throws(TokensToolFailure) {
        name = try fields.text("oneApi_name") ?? ""
        tokenName = try fields.text("token_name") ?? ""
        tokenValue = try fields.text("token_value") ?? ""
        baseURL = try fields.text("oneApi_baseUrl") ?? ""
        models = try fields.text("oneApi_models") ?? ""
        groups = try fields.text("oneApi_groups") ?? ""
        modelMapping = try fields.text("model_mapping") ?? ""
        priority = try fields.integer("priority") ?? 0
        _ = try fields.text("shareTime")
        time = now
    }

    func json(_ local: LocalTime) -> JSONValue {
        .object(fields + [("shareTime", .string(local.text(time)))])
    }

    private var fields: [(String, JSONValue)] {
        [
            ("oneApi_name", .string(name)), ("token_name", .string(tokenName)), ("token_value", .string(tokenValue)),
            ("oneApi_baseUrl", .string(baseURL)), ("oneApi_models", .string(models)), ("oneApi_groups", .string(groups)),
            ("model_mapping", .string(modelMapping)), ("priority", .integer(Int64(priority))),
        ]
    }

    // MARK: As it lies in the store

    var stored: JSONValue { .object(fields + [("time", .integer(Int64(clamping: time)))]) }

    init?(stored: JSONValue) {
        guard let name = stored["oneApi_name"]?.string else { return nil }
        self.name = name
        tokenName = stored["token_name"]?.string ?? ""
        tokenValue = stored["token_value"]?.string ?? ""
        baseURL = stored["oneApi_baseUrl"]?.string ?? ""
        models = stored["oneApi_models"]?.string ?? ""
        groups = stored["oneApi_groups"]?.string ?? ""
        modelMapping = stored["model_mapping"]?.string ?? ""
        priority = stored["priority"]?.integer.flatMap { Int(exactly: $0) } ?? 0
        time = UInt64(clamping: stored["time"]?.integer ?? 0)
    }
}
