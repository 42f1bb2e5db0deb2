// What CofferDaemon writes: `PolicyEncoding`. Accounts and groups are numbers of the machine that the policy was applied on; `source`
// has the names that a person wrote.
extension Layout {
    private static let text32 = LayoutType.text(.u32)

    private static let selector = LayoutType.cases([
        LayoutCase(1, "uid", .u32), LayoutCase(2, "gid", .u32), LayoutCase(3, "unit", text32), LayoutCase(4, "exe", text32),
        LayoutCase(5, "login", text32), LayoutCase(6, "role", text32), LayoutCase(7, "token", text32), LayoutCase(8, "door", text32),
        LayoutCase(9, "any"),
    ])

    private static let nouns = [
        LayoutWord(0, "secret"), LayoutWord(1, "policy"), LayoutWord(2, "store"), LayoutWord(3, "audit"), LayoutWord(4, "backup"),
        LayoutWord(5, "apikey"), LayoutWord(6, "user"), LayoutWord(7, "tenant"), LayoutWord(8, "door"), LayoutWord(9, "credential"),
        LayoutWord(10, "pool"), LayoutWord(11, "provider"), LayoutWord(12, "schedule"), LayoutWord(13, "sink"),
    ]

    private static let actions = [
        LayoutWord(0, "get"), LayoutWord(1, "info"), LayoutWord(2, "list"), LayoutWord(3, "put"), LayoutWord(4, "activate"),
        LayoutWord(5, "delete"), LayoutWord(6, "destroy"), LayoutWord(7, "lock"), LayoutWord(9, "slots"), LayoutWord(10, "create"),
        LayoutWord(11, "verify"), LayoutWord(12, "reserve"), LayoutWord(13, "settle"), LayoutWord(14, "reveal"), LayoutWord(15, "token"),
        LayoutWord(16, "refresh"), LayoutWord(17, "check"), LayoutWord(18, "report"), LayoutWord(19, "run"), LayoutWord(20, "rekey"),
        LayoutWord(21, "scrub"),
    ]

    static let policy = Layout(
        prefix: Array("CPOL".utf8) + [1], isLittleEndian: true,
        [
            LayoutField("name", text32),
            LayoutField("source", text32),
            LayoutField(
                "rules",
                .list(
                    .u32,
                    .record([
                        LayoutField("who", .list(.u32, .list(.u32, selector))), LayoutField("tenant", .u64),
                        LayoutField("noun", .word(nouns)), LayoutField("actions", .list(.u32, .word(actions))),
                        LayoutField("names", .list(.u32, text32)),
                    ]))),
        ])
}
