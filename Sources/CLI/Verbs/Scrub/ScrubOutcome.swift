import CofferClient
import CofferStore

/// What a scrub came to, whoever did it.
struct ScrubOutcome {
    struct Item {
        var kind: String
        var table: String
        /// A tenant's name, or its number where only the store was asked; empty: none.
        var tenant: String
        var name: [UInt8]
        var version: UInt64
        var message: String
    }

    /// Why it did not look at everything; empty where it did.
    var failure = ""
    /// Unix milliseconds.
    var began: UInt64
    /// Unix milliseconds.
    var finished: UInt64
    var revision: UInt64
    var records: UInt64
    var bytes: UInt64
    var tables: [(table: String, records: UInt64)]
    var findingCount: UInt64
    var items: [Item]

    init(_ result: ScrubResult) {
        failure = result.failure
        (began, finished, revision) = (result.began, result.finished, result.position.revision)
        (records, bytes, findingCount) = (result.records, result.bytes, result.findingCount)
        tables = result.tables.map { ($0.table, $0.records) }
        items = result.findings.map {
            Item(
                kind: ScrubFinding.Kind(rawValue: $0.kind.rawValue)?.description ?? "\($0.kind)", table: $0.table, tenant: $0.tenant,
                name: $0.name, version: $0.version, message: $0.message)
        }
    }

    init(_ report: ScrubReport) {
        (began, finished, revision) = (report.began, report.finished, report.revision)
        (records, bytes, findingCount) = (report.records, report.bytes, report.findingCount)
        tables = report.tables.map { ($0.table, $0.records) }
        items = report.findings.map {
            Item(
                kind: $0.kind.description, table: $0.table, tenant: $0.tenant == 0 ? "" : "\($0.tenant)", name: $0.name, version: $0.version,
                message: $0.message)
        }
    }

    var json: JSON {
        .object([
            ("ok", .bool(failure.isEmpty && findingCount == 0)), ("failure", failure.isEmpty ? .null : .text(failure)),
            ("began", .moment(began)), ("finished", .moment(finished)), ("revision", .number(revision)), ("records", .number(records)),
            ("bytes", .number(bytes)), ("tables", .object(tables.map { ($0.table, .number($0.records)) })),
            ("finding_count", .number(findingCount)),
            ("findings", .array(items.map { item in
                .object([
                    ("kind", .text(item.kind)), ("table", .text(item.table)), ("tenant", item.tenant.isEmpty ? .null : .text(item.tenant)),
                    item.name.isEmpty ? ("name", JSON.null) : JSON.name(item.name), ("version", item.version == 0 ? .null : .number(item.version)),
                    ("message", .text(item.message)),
                ])
            })),
        ])
    }

    func print() throws {
        guard failure.isEmpty else { return Output.remark("coffer: the scrub did not come to its end: \(Printable.text(failure))") }
        let time = "\(max(finished, began) - began) ms"
        try Output.line("\(records) records, \(bytes >> 20) MiB, as they were at revision \(revision); took \(time)")
        guard findingCount > 0 else { return try Output.line("everything is as the store left it") }
        var table = Table(["KIND", "TABLE", "NAME", "VERSION", "FINDING"])
        for item in items {
            table.add([
                item.kind, item.table, item.name.isEmpty ? "-" : Printable.name(item.name), item.version == 0 ? "-" : "\(item.version)",
                item.message,
            ])
        }
        try table.print()
        if findingCount > UInt64(items.count) { try Output.line("and \(findingCount - UInt64(items.count)) more") }
        try Output.line("\(findingCount) findings: the store is damaged. Restore it, or what is named here, from a backup")
    }
}
