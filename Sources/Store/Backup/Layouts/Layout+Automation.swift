// What CofferCredentials writes of schedules and sinks: `ScheduleDocuments`, `SinkDocuments`. Times are Unix milliseconds.
extension Layout {
    /// Which credentials are meant.
    private static let filter = LayoutType.record([
        LayoutField("pattern", .string), LayoutField("tag", .string), LayoutField("provider", .string), LayoutField("pool", .string),
        LayoutField("attributes", .pairs),
    ])

    static let schedule = Layout([
        LayoutField("number", .u64),
        LayoutField("tenant", .u64),
        LayoutField("name", .string),
        LayoutField("enabled", .bool),
        LayoutField("action", .string),
        LayoutField("target", filter),
        LayoutField(
            "rule",
            .record([
                LayoutField("kind", .word([LayoutWord(1, "daily"), LayoutWord(2, "days"), LayoutWord(3, "minutes")])),
                LayoutField("every", .u32), LayoutField("hour", .u8), LayoutField("minute", .u8),
            ])),
        LayoutField("time_zone", .string),
        LayoutField("count", .u32),
        LayoutField("jitter", .u32),
        LayoutField("kinds", .strings),
        LayoutField("prune", .string),
        LayoutField("attributes", .pairs),
        LayoutField("created", .u64),
        LayoutField("updated", .u64),
    ])

    static let scheduleState = Layout([
        LayoutField("planned", .u64),
        LayoutField("next_run", .u64),
        LayoutField("last_run", .u64),
        LayoutField("last_end", .u64),
        LayoutField("running", .bool),
        LayoutField("interrupted", .u64),
        LayoutField("succeeded", .u32),
        LayoutField("failed", .u32),
        LayoutField("skipped", .u32),
        LayoutField("result", .string),
        LayoutField("failures", .u16),
        LayoutField("turns", .list(.u16, .record([LayoutField("credential", .u64), LayoutField("time", .u64)]))),
    ])

    static let sink = Layout([
        LayoutField("number", .u64),
        LayoutField("tenant", .u64),
        LayoutField("name", .string),
        LayoutField("enabled", .bool),
        LayoutField(
            "content",
            .cases([
                LayoutCase(
                    1, "template",
                    .record([
                        LayoutField("encoding", .string), LayoutField("header", .string), LayoutField("element", .string),
                        LayoutField("separator", .string), LayoutField("footer", .string),
                    ])),
                LayoutCase(2, "renderer", .string),
            ])),
        LayoutField("path", .string),
        LayoutField("target", filter),
        LayoutField(
            "action",
            .cases([
                LayoutCase(0, "nothing"),
                LayoutCase(
                    1, "call",
                    .record([LayoutField("method", .string), LayoutField("url", .string), LayoutField("timeout", .u32)])),
                LayoutCase(2, "signal", .record([LayoutField("signal", .string), LayoutField("pid_file", .string)])),
            ])),
        LayoutField("attributes", .pairs),
        LayoutField("created", .u64),
        LayoutField("updated", .u64),
    ])

    static let sinkState = Layout([
        LayoutField("last_run", .u64),
        LayoutField("last_write", .u64),
        LayoutField("size", .u64),
        LayoutField("digest64", .binary(.u16)),
        LayoutField("begun_digest64", .binary(.u16)),
        LayoutField("action_due", .bool),
        LayoutField("last_action", .u64),
        LayoutField("error", .string),
        LayoutField("failures", .u16),
        LayoutField("kept", .string),
        LayoutField("kept_time", .u64),
    ])
}
