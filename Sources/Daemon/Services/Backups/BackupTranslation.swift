import CofferStore
import CofferWire

// The store's words for backups and restores, and the protocol's.

extension BackupFacts {
    init(_ summary: BackupSummary) {
        self.init(
            created: summary.created, storeID: Bytes16(summary.storeID) ?? .zero,
            position: Position(incarnation: Bytes16(summary.incarnation) ?? .zero, revision: summary.revision), lines: summary.lines,
            bytes: summary.bytes, digest: BackupDigest.bytes(summary.digest),
            counts: summary.counts.prefix(Limits.backupKinds).map { .init(kind: $0.kind, things: $0.count) })
    }
}

/// A digest as text (64 hexadecimal digits, in files and in the store) and as bytes (on the wire).
enum BackupDigest {
    /// 32 bytes; zeros for what is no digest.
    static func bytes(_ text: String) -> [UInt8] {
        let digits = text.utf8.compactMap { digit -> UInt8? in
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
            default: nil
            }
        }
        guard digits.count == Limits.backupDigest * 2, text.utf8.count == digits.count else {
            return [UInt8](repeating: 0, count: Limits.backupDigest)
        }
        return (0..<Limits.backupDigest).map { digits[$0 * 2] << 4 | digits[$0 * 2 + 1] }
    }
}

extension RestoreOptions {
    init(_ fields: RestoreRequest, principal: String) {
        self.init(
            mode: Mode(fields.mode), only: fields.only, discardNewer: fields.discardNewer, dryRun: fields.dryRun, principal: principal,
            check: BackupContent.check)
    }
}

extension RestoreOptions.Mode {
    init(_ mode: RestoreRequest.Mode) {
        self = switch mode {
        case .intoEmpty: .intoEmpty
        case .replace: .replace
        case .merge: .merge
        }
    }
}

extension RestoreResponse {
    init(_ report: RestoreReport) {
        self.init(
            backup: BackupFacts(report.summary),
            position: Position(incarnation: Bytes16(report.incarnation) ?? .zero, revision: report.revision),
            digest: BackupDigest.bytes(report.digest),
            differences: report.differences.prefix(Limits.backupKinds).map {
                .init(kind: $0.kind, added: $0.added, changed: $0.changed, same: $0.same, kept: $0.kept, removed: $0.removed)
            },
            names: report.names.prefix(Limits.restoreNames).map {
                .init(kind: $0.kind, tenant: $0.tenant, name: Array($0.name.prefix(Limits.recordID)), effect: RestoreEffect($0.effect))
            })
    }
}

extension RestoreEffect {
    init(_ effect: RestoreReport.Name.Effect) {
        self = switch effect {
        case .added: .added
        case .changed: .changed
        case .kept: .kept
        case .removed: .removed
        }
    }
}
