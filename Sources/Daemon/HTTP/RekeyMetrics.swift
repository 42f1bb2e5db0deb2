import CofferHTTP
import CofferStore

/// What metrics and status tell of the record keys.
enum RekeyMetrics {
    /// - Parameter now: Unix milliseconds.
    static func metrics(_ status: RekeyStatus, now: UInt64) -> [Metric] {
        let created = status.keys.first { $0.state == .sealing }?.created ?? 0
        return [
            DaemonHealth.gauge(
                "coffer_rekey_running", "1 while records are sealed anew with a new key.",
                status.phase == .running || status.phase == .waiting ? 1 : 0),
            DaemonHealth.gauge("coffer_rekey_records_done", "Records that the running change of keys has looked at.", Double(status.done)),
            DaemonHealth.gauge("coffer_rekey_records_total", "About how many records it looks at.", Double(status.total)),
            DaemonHealth.gauge("coffer_record_keys", "Record keys of the keyring; one of them seals.", Double(status.keys.count)),
            DaemonHealth.gauge(
                "coffer_record_key_age_seconds", "Age of the key that seals; 0 where it is not known.",
                created == 0 || now < created ? 0 : Double(now - created) / 1_000),
        ]
    }

    static func word(_ phase: RekeyStatus.Phase) -> String {
        switch phase {
        case .idle: "idle"
        case .running: "running"
        case .held: "stopped"
        case .waiting: "waiting"
        }
    }
}
