extension RecordShape {
    public static let tenant = RecordShape(
        noun: "tenant",
        fields: [
            Field("name"), Field("number", .number), Field("reveal", .bool, "shows API keys"), Field("members", .number),
            Field("apikeys", .number, "API keys"), Field("ragflow_id", .text, "RAGFlow's id"), Field("created", .moment),
        ],
        columns: [("name", "NAME"), ("members", "MEMBERS"), ("apikeys", "API KEYS"), ("reveal", "REVEAL"), ("created", "CREATED")])

    public static let member = RecordShape(
        noun: "member",
        fields: [Field("tenant"), Field("user"), Field("role"), Field("created", .moment)],
        columns: [("tenant", "TENANT"), ("user", "USER"), ("role", "ROLE"), ("created", "SINCE")])

    public static let user = RecordShape(
        noun: "user",
        fields: [
            Field("name"), Field("number", .number), Field("display_name"), Field("email"), Field("role"), Field("enabled", .bool),
            Field("home", .text, "tenant"), Field("group"), Field("wallet", .number), Field("wallet_used", .number, "used"),
            Field("must_set_password", .bool), Field("newapi_id", .number, "new-api's id"), Field("ragflow_id", .text, "RAGFlow's id"),
            Field("created", .moment), Field("updated", .moment),
        ],
        columns: [
            ("name", "NAME"), ("role", "ROLE"), ("enabled", "ENABLED"), ("home", "TENANT"), ("group", "GROUP"), ("wallet", "WALLET"),
            ("email", "EMAIL"),
        ])

    public static let token = RecordShape(
        noun: "token",
        fields: [
            Field("number", .number), Field("user"), Field("name"), Field("created", .moment), Field("expires", .moment),
            Field("last_used", .moment),
        ],
        columns: [
            ("number", "NUMBER"), ("name", "NAME"), ("created", "CREATED"), ("expires", "EXPIRES"), ("last_used", "LAST USED"),
        ])

    public static let apikey = RecordShape(
        noun: "apikey",
        fields: [
            Field("number", .number), Field("name"), Field("tenant"), Field("owner"), Field("form"), Field("status"), Field("hint"),
            Field("revealable", .bool), Field("expires", .seconds), Field("unlimited", .bool), Field("quota", .number, "quota left"),
            Field("used", .number), Field("reserved", .number), Field("forfeited", .number), Field("model_limits", .bool),
            Field("models", .lines), Field("addresses", .lines), Field("group"), Field("tags", .lines),
            Field("requests_per_minute", .number), Field("tokens_per_day", .number), Field("day_used", .number, "used this day"),
            Field("tokens_per_month", .number), Field("month_used", .number, "used this month"), Field("time_zone"),
            Field("in_flight", .number, "in flight, most"), Field("in_flight_now", .number), Field("created", .moment),
            Field("accessed", .moment), Field("updated", .moment), Field("newapi_id", .number, "new-api's id"),
        ],
        columns: [
            ("number", "NUMBER"), ("name", "NAME"), ("owner", "OWNER"), ("form", "FORM"), ("status", "STATUS"), ("expires", "EXPIRES"),
            ("quota", "LEFT"), ("unlimited", "UNLIMITED"), ("used", "USED"), ("hint", "HINT"),
        ])

    public static let door = RecordShape(
        noun: "door",
        fields: [Field("door"), Field("field"), Field("description"), Field("set", .bool), Field("changed", .moment)],
        columns: [("door", "DOOR"), ("field", "FIELD"), ("set", "SET"), ("changed", "CHANGED"), ("description", "DESCRIPTION")])
}
