import CofferAccounts
import CofferStore
import CofferWire

extension ScrubResult {
    /// What the store found, with the names of tenants.
    init(_ report: ScrubReport, tenants: TenantService) {
        let entries = report.findings.prefix(Limits.scrubFindings).map { finding in
            ScrubEntry(
                kind: ScrubEntry.Kind(rawValue: finding.kind.rawValue) ?? .damaged, table: finding.table,
                tenant: finding.tenant == 0 ? "" : tenants.find(finding.tenant)?.name.description ?? "\(finding.tenant)",
                name: Array(finding.name.prefix(Limits.label)), version: finding.version, message: Self.short(finding.message))
        }
        self.init(
            began: report.began, finished: report.finished, failure: "",
            position: Position(incarnation: Bytes16(report.incarnation) ?? .zero, revision: report.revision), records: report.records,
            bytes: report.bytes, tables: report.tables.map { .init(table: $0.table, records: $0.records) },
            findingCount: report.findingCount, findings: entries)
    }

    /// At most as many bytes as the protocol allows, cut between two characters.
    private static func short(_ text: String) -> String {
        var result = ""
        var bytes = 0
        for character in text {
            bytes += character.utf8.count
            guard bytes <= Limits.scrubMessage else { break }
            result.append(character)
        }
        return result
    }
}
