extension RecordShape {
    public static let credential = RecordShape(
        noun: "credential",
        fields: [
            Field("name"), Field("number", .number), Field("provider"), Field("state"), Field("reason"), Field("until", .time),
            Field("email"), Field("client_id"), Field("tags", .lines), Field("memo"), Field("enabled", .bool), Field("parameters", .map),
            Field("attributes", .map), Field("secrets", .lines, "sealed fields"), Field("proxy"),
            Field("tokens", .words(["kind", "expires!", "obtained!"]), "tokens (expires, obtained)"), Field("access_expires", .time),
            Field("token_revision", .number), Field("phase"), Field("since", .time), Field("failures", .number, "failures in a row"),
            Field("last_refresh", .moment), Field("next_refresh", .time, "next refresh by itself"),
            Field("next_refresh_why", .text, "why then, or why not"), Field("last_check", .moment), Field("suspect_since", .time),
            Field("result", .text, "last result"), Field("result_time", .time, "time of last result"),
            Field("history", .words(["time!", "from", "to", "why"])), Field("created", .moment), Field("updated", .moment),
        ],
        columns: [
            ("name", "NAME"), ("provider", "PROVIDER"), ("state", "STATE"), ("access_expires", "ACCESS UNTIL"),
            ("last_refresh", "LAST REFRESH"), ("next_refresh", "NEXT"), ("tags", "TAGS"), ("reason", "REASON"),
        ])

    public static let pool = RecordShape(
        noun: "pool",
        fields: [
            Field("name"), Field("number", .number), Field("provider"), Field("memo"), Field("attributes", .map),
            Field("state"), Field("members", .number), Field("live", .number, "live members"), Field("in_flight", .number),
            Field("own_token", .bool), Field("own_expires", .time), Field("own_state"), Field("own_reason"), Field("created", .moment),
            Field("updated", .moment),
        ],
        columns: [
            ("name", "NAME"), ("state", "STATE"), ("members", "MEMBERS"), ("live", "LIVE"), ("own_token", "OWN TOKEN"), ("provider", "PROVIDER"),
            ("updated", "UPDATED"),
        ])

    public static let poolMember = RecordShape(
        noun: "poolmember",
        fields: [
            Field("pool"), Field("credential"), Field("number", .number), Field("weight", .number),
            Field("in_flight_limit", .number, "in flight, most"), Field("in_flight", .number), Field("state"), Field("until", .time),
            Field("half_open", .bool), Field("since", .time), Field("reason"), Field("failures", .number),
            Field("verdict", .text, "last report"),
            Field("verdict_time", .time, "time of last report"), Field("takes_part", .bool), Field("credential_state"),
        ],
        columns: [
            ("credential", "CREDENTIAL"), ("state", "STATE"), ("credential_state", "CREDENTIAL IS"), ("weight", "WEIGHT"),
            ("in_flight", "IN FLIGHT"), ("until", "UNTIL"), ("verdict", "LAST REPORT"), ("reason", "REASON"),
        ])

    public static let provider = RecordShape(
        noun: "provider",
        fields: [
            Field("name"), Field("title"), Field("built_in", .bool), Field("credentials", .number),
            Field("steps", .words(["name", "purpose", "cost", "needs", "gives"]), "steps (purpose, cost, needs, gives)"),
            Field("parameters", .lines), Field("bases", .words(["name", "url"])), Field("concurrency", .number, "calls at once"),
            Field("gap", .number, "gap (ms)"), Field("lead", .number, "lead (s)"),
        ],
        columns: [("name", "NAME"), ("built_in", "BUILT IN"), ("credentials", "CREDENTIALS"), ("title", "TITLE")])

    private static let target = [
        Field("target"), Field("target_tag", .text, "target: tag"), Field("target_provider", .text, "target: provider"),
        Field("target_pool", .text, "target: pool"), Field("target_attributes", .map, "target: attributes"),
    ]

    public static let schedule = RecordShape(
        noun: "schedule",
        fields: [
            Field("name"), Field("number", .number), Field("enabled", .bool), Field("action"), Field("rule"), Field("time_zone"),
        ] + target + [
            Field("count", .number, "credentials a run (0: all)"), Field("jitter", .number, "jitter (s)"), Field("kinds", .lines),
            Field("prune", .text, "what becomes of the dead"), Field("attributes", .map), Field("next_run", .time), Field("planned", .time),
            Field("last_run", .time), Field("last_end", .time), Field("running", .bool), Field("succeeded", .number),
            Field("failed", .number), Field("skipped", .number), Field("result", .text, "last result"),
            Field("failures", .number, "failed runs in a row"), Field("created", .moment), Field("updated", .moment),
        ],
        columns: [
            ("name", "NAME"), ("enabled", "ENABLED"), ("action", "ACTION"), ("rule", "RULE"), ("next_run", "NEXT RUN"),
            ("last_run", "LAST RUN"), ("result", "LAST RESULT"),
        ])

    public static let sink = RecordShape(
        noun: "sink",
        fields: [
            Field("name"), Field("number", .number), Field("enabled", .bool), Field("path"), Field("renderer"), Field("encoding"),
            Field("header"), Field("element"), Field("separator"), Field("footer"),
        ] + target + [
            Field("action"), Field("timeout", .number, "timeout (ms)"), Field("attributes", .map), Field("last_run", .time),
            Field("last_write", .time), Field("last_action", .time), Field("action_due", .bool), Field("size", .number), Field("error"),
            Field("failures", .number), Field("kept", .text, "kept beside"), Field("kept_time", .time), Field("created", .moment),
            Field("updated", .moment),
        ],
        columns: [
            ("name", "NAME"), ("enabled", "ENABLED"), ("path", "PATH"), ("last_write", "LAST WRITE"), ("action", "ACTION"), ("error", "ERROR"),
        ])
}
