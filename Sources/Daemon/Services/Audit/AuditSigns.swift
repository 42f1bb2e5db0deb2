import CofferAudit
import CofferHTTP
import CofferWire

/// What the audit log says of itself in status, doctor, health and metrics.
struct AuditSigns: Sendable {
    let log: AuditLog

    func counts() -> [(String, UInt64)] {
        let status = log.status()
        return [
            ("audit-down", status.isDown ? 1 : 0), ("audit-lag-ms", status.lag), ("audit-records", status.sequence),
            ("audit-files", UInt64(status.files)), ("audit-bytes", status.bytes),
        ]
    }

    func texts() -> [(String, String)] {
        let status = log.status()
        return [("audit-reads", status.reads.rawValue)] + (status.trouble.isEmpty ? [] : [("audit-trouble", status.trouble)])
    }

    func finding() -> Finding {
        let status = log.status()
        guard status.trouble.isEmpty else {
            return Finding(
                check: "audit", verdict: .bad,
                message: "the audit log cannot be written: \(status.trouble)"
                    + (status.isBroken ? "; look what happened, then 'coffer audit repair' begins it anew" : ""))
        }
        guard status.cut.isEmpty else {
            return Finding(
                check: "audit", verdict: .bad, message: "\(status.cut); 'coffer audit verify' shows where, 'coffer audit repair' accepts it")
        }
        let mode = switch status.reads {
        case .off: "reads are not recorded"
        case .async: "reads are recorded within a second"
        case .sync: "reads are recorded before they are answered"
        }
        return Finding(
            check: "audit", verdict: status.reads == .off ? .warning : .good,
            message: "\(status.sequence) records in \(status.files) files, \(status.bytes >> 20) MiB; \(mode)")
    }

    /// What is wrong; `nil`: nothing.
    var problem: String? {
        let status = log.status()
        return status.isDown || status.isBroken ? "the audit log cannot be written" : nil
    }

    func metrics() -> [Metric] {
        let status = log.status()
        func gauge(_ name: String, _ help: String, _ value: Double) -> Metric {
            Metric(name: name, help: help, kind: .gauge, samples: [.init(labels: [], value: value)])
        }
        return [
            gauge("coffer_audit_down", "1 while secrets are refused because the audit log cannot be written.", status.isDown ? 1 : 0),
            gauge("coffer_audit_lag_seconds", "For how long a record has waited to be written.", Double(status.lag) / 1_000),
            gauge("coffer_audit_bytes", "Size of the audit log's files.", Double(status.bytes)),
            Metric(
                name: "coffer_audit_records_total", help: "Records of the audit log since it was begun.", kind: .counter,
                samples: [.init(value: Double(status.sequence))]),
        ]
    }
}
