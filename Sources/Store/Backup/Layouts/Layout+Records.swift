// What the store itself writes beside documents: `NameRecord`, `StoredBudget`, `StoredReservation`, `StoredUsageLine`, `BudgetCounters`.
extension Layout {
    /// Of a name record up to its tenant and name, which stand in front of the line.
    static let nameRecord = Layout([
        LayoutField("active", .u64),
        LayoutField("latest", .u64),
        LayoutField("deleted", .u64),
        LayoutField("purged", .bool),
        LayoutField("created", .u64),
        LayoutField("updated", .u64),
        LayoutField("revision", .u64),
        LayoutField("delete_after", .u64),
        LayoutField("keep_last", .u16),
        LayoutField("metadata", .pairs),
        LayoutField("tags", .strings),
        LayoutField(
            "versions",
            .list(
                .u16,
                .record([
                    LayoutField("version", .u64), LayoutField("created", .u64), LayoutField("expires", .u64), LayoutField("deleted", .u64),
                    LayoutField("destroyed", .bool), LayoutField("size", .u32), LayoutField("content_type", .string),
                    LayoutField("created_by", .string),
                ]))),
    ])

    static let budgetCounters = Layout([
        LayoutField("oldest_finished", .u64), LayoutField("next_finished", .u64), LayoutField("budgets_made", .u64),
    ])

    static let budget = Layout([
        LayoutField("budget", .string),
        LayoutField("serial", .u64),
        LayoutField("unlimited", .bool),
        LayoutField("remaining", .i64),
        LayoutField("used", .i64),
        LayoutField("reserved", .i64),
        LayoutField("block", .i64),
        LayoutField("forfeited", .i64),
        LayoutField("open_reservations", .u32),
        LayoutField("accessed", .u64),
        LayoutField("day", .u32),
        LayoutField("day_used", .i64),
        LayoutField("month", .u32),
        LayoutField("month_used", .i64),
        LayoutField("lines", .u64),
    ])

    static let reservation = Layout([
        LayoutField("reservation_of", .string),
        LayoutField("request", .string),
        // Empty: none.
        LayoutField("wallet", .string),
        LayoutField("budget_serial", .u64),
        LayoutField("wallet_serial", .u64),
        LayoutField("amount", .i64),
        LayoutField("charged", .i64),
        LayoutField("shortfall", .i64),
        LayoutField("created", .u64),
        LayoutField("expires", .u64),
        LayoutField("day", .u32),
        LayoutField("month", .u32),
        LayoutField(
            "state", .word([LayoutWord(1, "open"), LayoutWord(2, "settled"), LayoutWord(3, "released"), LayoutWord(4, "expired")])),
    ])

    static let usageLine = Layout([
        LayoutField("usage_of", .string),
        LayoutField("number", .u64),
        LayoutField("time", .u64),
        LayoutField("line", .embedded(.u16, requestLine)),
    ])
}
