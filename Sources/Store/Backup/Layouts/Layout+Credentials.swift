// What CofferCredentials writes: `CredentialDocuments`, `PoolDocuments`, `RefreshJournal`. Times are Unix milliseconds.
extension Layout {
    static let credential = Layout([
        LayoutField("number", .u64),
        LayoutField("tenant", .u64),
        LayoutField("name", .string),
        LayoutField("provider", .string),
        LayoutField("email", .string),
        LayoutField("client_id", .string),
        LayoutField("tags", .strings),
        LayoutField("memo", .string),
        LayoutField("enabled", .bool),
        LayoutField("parameters", .pairs),
        LayoutField("attributes", .pairs),
        LayoutField("secret_names", .strings),
        LayoutField("proxy_hint", .string),
        LayoutField("created", .u64),
        LayoutField("updated", .u64),
        LayoutField("deleted", .u64),
    ])

    private static let phase = LayoutType.word([
        LayoutWord(0, "idle"), LayoutWord(1, "claimed"), LayoutWord(2, "dialled"), LayoutWord(3, "cooling"), LayoutWord(4, "needs-person"),
        LayoutWord(5, "dead"),
    ])

    static let credentialState = Layout([
        LayoutField("phase", phase),
        LayoutField("since", .u64),
        LayoutField("until", .u64),
        LayoutField("reason", .string),
        LayoutField("failures", .u16),
        LayoutField("last_refresh", .u64),
        LayoutField("last_check", .u64),
        LayoutField("suspect_since", .u64),
        LayoutField("login_refused", .u64),
        LayoutField("fence", .u64),
        LayoutField("doubtful64", .binary(.u16)),
        LayoutField("result", .string),
        LayoutField("result_time", .u64),
        LayoutField(
            "history",
            .list(
                .u16,
                .record([
                    LayoutField("time", .u64), LayoutField("from", phase), LayoutField("to", phase), LayoutField("why", .string),
                ]))),
    ])

    static let credentialSecrets = Layout([
        LayoutField("secrets", .list(.u16, .record([LayoutField("name", .string), LayoutField("value", .bytes(.u32))])))
    ])

    /// Of a credential or a pool.
    static let token = Layout([LayoutField("expires", .u64), LayoutField("obtained", .u64), LayoutField("token", .bytes(.rest))])

    static let refreshJournal = Layout([
        LayoutField("stage", .word([LayoutWord(0, "claimed"), LayoutWord(1, "dialled"), LayoutWord(2, "uncertain")])),
        LayoutField("fence", .u64),
        LayoutField("claimed", .u64),
        LayoutField("first_use", .u64),
        LayoutField("repeats", .bool),
        LayoutField("step", .string),
        LayoutField("consumes", .string),
        LayoutField("fingerprint64", .binary(.u16)),
        // 0: never; 1: safe; otherwise seconds of grace, plus 2.
        LayoutField("replay", .u64),
        LayoutField("login", .bool),
        LayoutField("kinds", .strings),
        LayoutField("got", .strings),
        LayoutField("dead", .list(.u16, .record([LayoutField("kind", .string), LayoutField("fingerprint64", .binary(.u16))]))),
        LayoutField("relogin", .bool),
    ])

    static let pool = Layout([
        LayoutField("number", .u64),
        LayoutField("tenant", .u64),
        LayoutField("name", .string),
        LayoutField("provider", .string),
        LayoutField("memo", .string),
        LayoutField("attributes", .pairs),
        LayoutField("created", .u64),
        LayoutField("updated", .u64),
        LayoutField(
            "members",
            .list(
                .u32,
                .record([LayoutField("credential", .u64), LayoutField("weight", .u16), LayoutField("in_flight_limit", .u32)]))),
    ])

    static let poolMemberState = Layout([
        LayoutField(
            "state",
            .word([
                LayoutWord(0, "live"), LayoutWord(1, "cooling"), LayoutWord(2, "exhausted"), LayoutWord(3, "suspect"),
                LayoutWord(4, "dead"),
            ])),
        LayoutField("until", .u64),
        LayoutField("since", .u64),
        LayoutField("failures", .u16),
        LayoutField("reason", .string),
        LayoutField("verdict", .string),
        LayoutField("verdict_time", .u64),
        LayoutField("refused_at", .u64),
        LayoutField("refused_generation", .u64),
        LayoutField("attended_at", .u64),
    ])

    static let provider = Layout([LayoutField("source", .text(.u32))])
}
