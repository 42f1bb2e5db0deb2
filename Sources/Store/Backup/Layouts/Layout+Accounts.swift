// What CofferAccounts writes: `AccountDocuments`, `APIKeyRecord`, `StoredPassword`, `UsageLine`. Times are Unix milliseconds.
extension Layout {
    static let tenant = Layout([
        LayoutField("number", .u64), LayoutField("name", .string), LayoutField("allows_reveal", .bool), LayoutField("created", .u64),
    ])

    static let membership = Layout([
        LayoutField("tenant", .u64), LayoutField("user", .u64), LayoutField("role", .string), LayoutField("created", .u64),
    ])

    static let user = Layout([
        LayoutField("number", .u64),
        LayoutField("name", .string),
        LayoutField("display_name", .string),
        LayoutField("email", .string),
        LayoutField("role", .word([LayoutWord(1, "common"), LayoutWord(10, "admin"), LayoutWord(100, "root")])),
        LayoutField("enabled", .bool),
        LayoutField("home_tenant", .u64),
        LayoutField("group", .string),
        LayoutField("newapi_id", .i64),
        LayoutField("ragflow_id", .string),
        LayoutField("must_set_password", .bool),
        LayoutField("created", .u64),
        LayoutField("updated", .u64),
    ])

    static let accessToken = Layout([
        LayoutField("number", .u64),
        LayoutField("user", .u64),
        LayoutField(
            "kind",
            .word([
                LayoutWord(1, "personal"), LayoutWord(2, "newapi-access"), LayoutWord(3, "newapi-session"),
                LayoutWord(4, "newapi-refresh"), LayoutWord(5, "ragflow-login"), LayoutWord(6, "admin-session"),
            ])),
        LayoutField("name", .string),
        LayoutField("created", .u64),
        LayoutField("expires", .u64),
        LayoutField("last_used", .u64),
        LayoutField("hash_key", .hashKey),
        LayoutField("hash64", .binary(.u16)),
    ])

    /// A keyed hash that an API key is found by.
    private static let digest = LayoutType.record([LayoutField("hash_key", .hashKey), LayoutField("hash64", .binary(.fixed(32)))])

    static let apiKey = Layout([
        LayoutField("number", .u64),
        LayoutField("tenant", .u64),
        LayoutField("owner", .u64),
        LayoutField("form", .word([LayoutWord(1, "sk"), LayoutWord(2, "ragflow"), LayoutWord(3, "coffer")])),
        LayoutField("name", .string),
        LayoutField(
            "status",
            .word([LayoutWord(1, "enabled"), LayoutWord(2, "disabled"), LayoutWord(3, "expired"), LayoutWord(4, "exhausted")])),
        LayoutField("expires", .i64),
        LayoutField("model_limits_enabled", .bool),
        LayoutField("models", .strings),
        LayoutField("addresses", .text(.u32)),
        LayoutField("group", .string),
        LayoutField("tags", .strings),
        LayoutField("requests_per_minute", .u32),
        LayoutField("tokens_per_day", .i64),
        LayoutField("tokens_per_month", .i64),
        LayoutField("time_zone", .string),
        LayoutField("in_flight", .u32),
        LayoutField("created", .u64),
        LayoutField("updated", .u64),
        LayoutField("hint_ends", .u64),
        LayoutField("newapi_id", .i64),
        LayoutField("cross_group_retry", .bool),
        LayoutField("auto_groups", .optional(.strings)),
        LayoutField("dialog_id", .optional(.string)),
        LayoutField("source", .optional(.string)),
        LayoutField("has_readable_form", .bool),
        LayoutField("hash", digest),
        LayoutField("beta_hash", .optional(digest)),
    ])

    static let apiKeyForm = Layout([LayoutField("readable", .bytes(.rest))])

    static let password = Layout([
        LayoutField("scheme", .word([LayoutWord(1, "argon2id"), LayoutWord(2, "bcrypt"), LayoutWord(3, "werkzeug")])),
        LayoutField("hash", .bytes(.rest)),
    ])

    static let doorField = Layout([LayoutField("changed", .u64), LayoutField("value", .bytes(.rest))])

    /// What the door of an API key writes behind each settled request.
    static let requestLine = Layout([
        LayoutField("time", .u64),
        LayoutField("amount", .i64),
        LayoutField("request", .string),
        LayoutField("model", .string),
        LayoutField("input_tokens", .i64),
        LayoutField("output_tokens", .i64),
    ])
}
