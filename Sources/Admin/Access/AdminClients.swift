import CofferClient
import CofferStore
import Synchronization

/// Connections to the daemon's own services, one for each caller, kept for a while.
final class AdminClients: Sendable {
    private struct Entry {
        var client: CofferClient
        var used: UInt64
    }

    let gate: any AdminGate
    private let entries = Mutex<[AdminIdentity: Entry]>([:])
    /// So many callers at once keep theirs; the one who has been quiet the longest loses it.
    private static let most = 128
    private static let idleMilliseconds: UInt64 = 60_000

    init(gate: any AdminGate) { self.gate = gate }

    /// What is let go closes by itself when its last call has ended.
    func client(for caller: AdminIdentity) throws(ClientError) -> CofferClient {
        let now = Store.systemClock()
        if let found = entries.withLock({ entries -> CofferClient? in
            entries = entries.filter { $0.key == caller || $0.value.used + Self.idleMilliseconds > now }
            entries[caller]?.used = now
            return entries[caller]?.client
        }) { return found }
        let client = try CofferClient(configuration(caller))
        return entries.withLock { entries in
            if let found = entries[caller]?.client { return found }
            if entries.count >= Self.most, let oldest = entries.min(by: { $0.value.used < $1.value.used }) { entries[oldest.key] = nil }
            entries[caller] = Entry(client: client, used: now)
            return client
        }
    }

    private func configuration(_ caller: AdminIdentity) -> ClientConfiguration {
        var configuration = ClientConfiguration(
            socketPath: "the daemon", tenant: caller.tenant, clientName: "admin", connectTimeout: .seconds(2),
            // Refreshes, runs of schedules and backups wait for others.
            requestTimeout: .seconds(120))
        let gate = gate
        configuration.connector = { () throws(ClientError) in try gate.connect(as: caller) }
        return configuration
    }
}
