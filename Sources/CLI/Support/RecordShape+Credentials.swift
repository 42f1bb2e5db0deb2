extension RecordShape {
    static let credential = RecordShape(
        noun: "credential",
        fields: [
            Field("name"), Field("number", .number), Field("provider"), Field("state"), Field("reason"), Field("until", .moment),
            Field("email"), Field("client_id"), Field("tags", .lines), Field("memo"), Field("enabled", .bool), Field("parameters", .map),
            Field("attributes", .map), Field("secrets", .lines, "sealed fields"), Field("proxy"),
            Field("tokens", .words(["kind", "expires!", "obtained!"]), "tokens (expires, obtained)"), Field("access_expires", .moment),
            Field("token_revision", .number), Field("phase"), Field("since", .moment), Field("failures", .number, "failures in a row"),
            Field("last_refresh", .moment), Field("next_refresh", .moment), Field("last_check", .moment), Field("suspect_since", .moment),
            Field("result", .text, "last result"), Field("result_time", .moment, "time of last result"),
            Field("history", .words(["time!", "from", "to", "why"])), Field("created", .moment), Field("updated", .moment),
        ],
        columns: [
            ("name", "NAME"), ("provider", "PROVIDER"), ("state", "STATE"), ("access_expires", "ACCESS UNTIL"),
            ("last_refresh", "LAST REFRESH"), ("tags", "TAGS"), ("reason", "REASON"),
        ])

    static let pool = RecordShape(
        noun: "pool",
        fields: [
            Field("name"), Field("number", .number), Field("provider"), Field("memo"), Field("attributes", .map),
            Field("members", .number), Field("live", .number, "live members"), Field("own_token", .bool), Field("created", .moment),
            Field("updated", .moment),
        ],
        columns: [
            ("name", "NAME"), ("members", "MEMBERS"), ("live", "LIVE"), ("own_token", "OWN TOKEN"), ("provider", "PROVIDER"),
            ("updated", "UPDATED"),
        ])

    static let poolMember = RecordShape(
        noun: "poolmember",
        fields: [
            Field("pool"), Field("credential"), Field("number", .number), Field("weight", .number),
            Field("in_flight_limit", .number, "in flight, most"), Field("in_flight", .number), Field("state"), Field("until", .moment),
            Field("since", .moment), Field("reason"), Field("failures", .number), Field("verdict", .text, "last report"),
            Field("verdict_time", .moment, "time of last report"), Field("takes_part", .bool), Field("credential_state"),
        ],
        columns: [
            ("credential", "CREDENTIAL"), ("state", "STATE"), ("credential_state", "CREDENTIAL IS"), ("weight", "WEIGHT"),
            ("in_flight", "IN FLIGHT"), ("until", "UNTIL"), ("verdict", "LAST REPORT"), ("reason", "REASON"),
        ])

    static let provider = RecordShape(
        noun: "provider",
        fields: [
            Field("name"), Field("title"), Field("built_in", .bool), Field("credentials", .number),
            Field("steps", .words(["name", "purpose", "cost", "needs", "gives"]), "steps (purpose, cost, needs, gives)"),
            Field("parameters", .lines), Field("bases", .words(["name", "url"])), Field("concurrency", .number, "calls at once"),
            Field("gap", .number, "gap (ms)"), Field("lead", .number, "lead (s)"),
        ],
        columns: [("name", "NAME"), ("built_in", "BUILT IN"), ("credentials", "CREDENTIALS"), ("title", "TITLE")])
}
