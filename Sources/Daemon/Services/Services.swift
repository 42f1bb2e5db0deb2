import CofferAccounts
import CofferAudit
import CofferCredentials
import CofferStore
import Synchronization

/// Everything that doors call.
final class Services: Sendable {
    let store: Store
    let secrets: SecretService
    let policies: PolicyService
    let unlock: UnlockService
    let status: StatusService
    let connections: ConnectionCounts
    let accounts: Accounts
    let credentials: Credentials
    let records: RecordService
    let acts: CredentialActs
    let reports: TokenReports
    let credentialImports: CredentialImports
    let backups: BackupService
    let scrubs: ScrubService
    let trail: AuditTrail
    let audit: AuditService
    let meter: RequestMeter
    /// What unfinished imports hold in memory, all together.
    let imports = ImportBudget()

    init(
        store: Store, policies: PolicyService, unlock: UnlockService, status: StatusService, connections: ConnectionCounts, accounts: Accounts,
        credentials: Credentials, backups: BackupService, scrubs: ScrubService, trail: AuditTrail, meter: RequestMeter,
        clock: @escaping @Sendable () -> UInt64
    ) {
        self.store = store
        secrets = SecretService(store: store)
        self.policies = policies
        self.unlock = unlock
        self.status = status
        self.connections = connections
        self.accounts = accounts
        self.credentials = credentials
        self.scrubs = scrubs
        records = RecordService(accounts: accounts, credentials: credentials, store: store, clock: clock)
        acts = CredentialActs(credentials: credentials, records: records.credentials, pools: records.pools, schedules: records.schedules, sinks: records.sinks)
        reports = TokenReports(credentials: credentials, clock: clock)
        credentialImports = CredentialImports(credentials: credentials)
        self.backups = backups
        self.trail = trail
        self.meter = meter
        audit = AuditService(trail: trail, store: store, accounts: accounts)
    }
}

/// Bounds the memory that unfinished imports hold, over all connections.
final class ImportBudget: Sendable {
    private static let limit = 2 << 30
    private let held = Mutex(0)

    /// - Returns: false where there is no room for so many bytes more.
    func take(_ bytes: Int) -> Bool {
        held.withLock { held in
            guard held + bytes <= Self.limit else { return false }
            held += bytes
            return true
        }
    }

    func giveBack(_ bytes: Int) { held.withLock { $0 -= bytes } }
}

/// How many connections each uid has open. Root and the daemon's own uid are bounded like everybody: a mistake of theirs must not lock
/// the others out.
final class ConnectionCounts: Sendable {
    private let limit: Int
    private let counts = Mutex<[UInt32: Int]>([:])

    init(limit: Int) { self.limit = limit }

    /// - Returns: false where this uid has as many as it may have.
    func began(uid: UInt32) -> Bool {
        counts.withLock { counts in
            guard counts[uid, default: 0] < limit else { return false }
            counts[uid, default: 0] += 1
            return true
        }
    }

    func ended(uid: UInt32) {
        counts.withLock { counts in
            counts[uid, default: 1] -= 1
            if counts[uid] == 0 { counts[uid] = nil }
        }
    }

    var total: Int { counts.withLock { $0.values.reduce(0, +) } }
}
