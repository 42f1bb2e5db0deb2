/// Slow reads, on the list worker's thread. Only valid inside the job that received it.
public struct StoreWorker {
    /// A reader of the worker's own, begun for the length of the job.
    public let reader: StoreReader
    /// Or why the pages of names cannot be read.
    let directory: Result<NameDirectory, StoreError>
    let revision: UInt64
    let head: Head?

    private func lister() throws(StoreError) -> NameLister {
        guard let keys = reader.currentKeys else { throw StoreError(.locked, "the store is locked") }
        return NameLister(transaction: reader.currentTransaction, keys: keys, directory: try directory.get(), revision: revision)
    }

    /// Up to `limit` names with `prefix`, strictly above `after`.
    public func names(
        tenant: TenantID, prefix: [UInt8], after: [UInt8]?, limit: Int, includeDeleted: Bool
    ) throws(StoreError) -> NamesPage {
        try lister().list(tenant: tenant, prefix: prefix, after: after, limit: limit, includeDeleted: includeDeleted)
    }

    /// Returns when the name is really absent.
    /// - Throws: `damaged` when the pages of names know it.
    public func confirmMissing(tenant: TenantID, name: Name) throws(StoreError) {
        guard case .success = directory else { return }
        if try lister().contains(tenant: tenant, name: name) {
            throw StoreError(.damaged, "the list of names has this name, but its record is missing")
        }
    }

    /// Changes with a revision above `revision`, from the change log; whole revisions, about `limit` changes.
    public func changes(after revision: UInt64, limit: Int) throws(StoreError) -> ChangeHistory {
        guard let keys = reader.currentKeys, let head else { throw StoreError(.locked, "the store is locked") }
        return try ChangeLog.changes(
            after: revision, limit: limit, oldest: head.oldestLogged, present: head.revision, transaction: reader.currentTransaction,
            keys: keys)
    }
}

/// The list worker: one thread, jobs in order.
final class WorkerQueue: @unchecked Sendable {
    private let monitor = Monitor()
    private var jobs: [@Sendable () -> Void] = []
    private var stopping = false
    private var thread: WorkerThread?

    init() throws(StoreError) {
        thread = try WorkerThread(name: "coffer-list") { [weak self] in self?.run() }
    }

    /// - Returns: false after ``stop()``: the job will not run.
    func add(_ job: @escaping @Sendable () -> Void) -> Bool {
        monitor.locked {
            guard !stopping else { return false }
            jobs.append(job)
            monitor.signal()
            return true
        }
    }

    private func run() {
        while true {
            let next: (@Sendable () -> Void)? = monitor.locked {
                while jobs.isEmpty && !stopping { monitor.wait() }
                return jobs.isEmpty ? nil : jobs.removeFirst()
            }
            guard let next else { return }
            next()
        }
    }

    /// Finishes what was queued.
    func stop() {
        monitor.locked {
            stopping = true
            monitor.signal()
        }
        thread?.joinUnlessCurrent()
        thread = nil
    }
}
