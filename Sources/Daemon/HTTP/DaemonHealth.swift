import CofferAccounts
import CofferHTTP
import CofferStore
import Dispatch
import Glibc

/// What `/health` and `/metrics` tell of the daemon. Never a name, never a value.
struct DaemonHealth: HealthSource {
    let store: Store
    let accounts: Accounts
    let credentials: CredentialSigns
    let backups: BackupSigns
    let scrubs: ScrubService
    let audit: AuditSigns
    let connections: ConnectionCounts
    let socket: SocketPath
    let startTime: UInt64
    let clock: @Sendable () -> UInt64

    func health() async -> [(name: String, problem: String?)] {
        var result: [(name: String, problem: String?)] = [("store", store.isLocked ? "locked" : store.readOnlyReason)]
        result.append(("accounts", accounts.isLocked ? "locked" : nil))
        result.append(("credentials", credentials.isLocked ? "locked" : nil))
        if let sign = backups.health() { result.append(sign) }
        result.append(scrubs.health())
        result.append(("audit", audit.problem))
        result.append(("socket", socket.objection))
        return result
    }

    func metrics() async -> [Metric] {
        let locked = store.isLocked
        var metrics = [
            Self.gauge("coffer_info", "The version of the daemon.", 1, labels: [("version", DaemonVersion.number)]),
            Self.gauge("coffer_locked", "1 while the store is locked.", locked ? 1 : 0),
            Self.gauge("coffer_start_time_seconds", "When the daemon was started, in Unix seconds.", Double(startTime) / 1_000),
            Self.gauge("coffer_socket_connections", "Open connections of the Unix socket.", Double(connections.total)),
        ]
        metrics += backups.metrics()
        metrics += scrubs.metrics()
        metrics += audit.metrics()
        guard !locked else { return metrics }
        let numbers = await withCheckedContinuation { continuation in
            // It waits for the list worker: not on a thread of the pool.
            Self.queue.async { [store] in continuation.resume(returning: store.statistics()) }
        }
        metrics += [
            Self.gauge("coffer_secrets", "Names with a version, deleted ones among them.", Double(numbers.secrets)),
            Self.gauge("coffer_revision", "The last committed revision.", Double(store.revision)),
            Metric(name: "coffer_commits_total", help: "Group commits since the start.", kind: .counter, samples: [.init(value: Double(numbers.commits))]),
            Self.gauge("coffer_store_file_bytes", "Size of the store's file.", Double(numbers.fileBytes)),
            Self.gauge("coffer_store_quota_bytes", "What the file may grow to.", Double(numbers.quotaBytes)),
            Self.gauge("coffer_store_free_pages", "Pages of the file that can be used again.", Double(numbers.freePages)),
            Self.gauge("coffer_index_bytes", "Sealed records in memory.", Double(numbers.indexBytes)),
            Self.gauge("coffer_oldest_reader_seconds", "Age of the oldest read transaction.", Double(numbers.oldestReaderAge) / 1_000),
            Self.gauge("coffer_tenants", "Tenants.", Double(accounts.tenants.list().count)),
            Self.gauge("coffer_users", "Users.", Double(accounts.users.count)),
            Self.gauge("coffer_api_keys", "API keys.", Double(accounts.apiKeys.count)),
        ]
        metrics += credentials.metrics()
        if let rekey = try? store.rekeyStatus() { metrics += RekeyMetrics.metrics(rekey, now: clock()) }
        return metrics
    }

    static func gauge(_ name: String, _ help: String, _ value: Double, labels: [(String, String)] = []) -> Metric {
        Metric(name: name, help: help, kind: .gauge, samples: [.init(labels: labels, value: value)])
    }

    private static let queue = DispatchQueue(label: "coffer.metrics")
}
