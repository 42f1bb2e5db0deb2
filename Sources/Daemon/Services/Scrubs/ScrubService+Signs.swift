import CofferHTTP
import CofferWire

// What status, doctor, health and metrics tell of scrubs. Numbers only: what was found names secrets.
extension ScrubService {
    /// For `status`.
    func entries() -> [StatusResponse.Entry] {
        var numbers: [(String, UInt64)] = [("scrub-running", isRunning ? 1 : 0)]
        if let last {
            numbers += [
                ("scrub-last", last.finished), ("scrub-revision", last.revision), ("scrub-records", last.records),
                ("scrub-findings", last.findings),
            ]
        }
        return numbers.map { .init(key: $0.0, value: .number($0.1)) }
    }

    /// For `doctor`.
    var finding: Finding {
        let overdue = isOverdue
        guard let last, let age else {
            return Finding(check: "scrub", verdict: overdue ? .warning : .good, message: "the store was not scrubbed yet")
        }
        let verdict: Finding.Verdict = last.findings > 0 ? .bad : overdue ? .warning : .good
        let found = last.findings > 0 ? "found \(last.findings) things that are wrong: see 'coffer scrub'" : "found nothing"
        return Finding(
            check: "scrub", verdict: verdict,
            message: "the last scrub, \(age / 3_600_000) h ago at revision \(last.revision), looked at \(last.records) records and \(found)")
    }

    /// For `/health`.
    func health() -> (name: String, problem: String?) {
        let findings = last?.findings ?? 0
        return ("scrub", findings > 0 ? "the last scrub found \(findings) things that are wrong" : nil)
    }

    func metrics() -> [Metric] {
        var metrics = [gauge("coffer_scrub_overdue", "1 where the last whole scrub is older than twice its interval.", isOverdue ? 1 : 0)]
        guard let last else { return metrics }
        metrics += [
            gauge("coffer_scrub_last_timestamp_seconds", "When the last whole scrub ended, in Unix seconds.", Double(last.finished) / 1_000),
            gauge("coffer_scrub_findings", "What the last whole scrub found wrong.", Double(last.findings)),
            gauge("coffer_scrub_records", "Records that the last whole scrub looked at.", Double(last.records)),
        ]
        return metrics
    }

    private func gauge(_ name: String, _ help: String, _ value: Double) -> Metric {
        Metric(name: name, help: help, kind: .gauge, samples: [.init(value: value)])
    }
}
