import CofferAudit
import CofferClient
import CofferStore
import Glibc

/// A store whose daemon is stopped, open for the time of one command. What is done to it stands in its audit log first.
struct StoppedStore {
    /// Where it lies, and what opens it.
    struct Place {
        var folder: String
        var keyFile: String
        /// Of the log; `nil`: the store's own.
        var auditFolder: String?
        /// The revision at which an older store than the one that was known is taken.
        var acceptRollback: UInt64?
    }

    let store: Store
    private let log: AuditLog
    private let place: Place

    /// Whoever runs this command.
    static var who: AuditWho {
        AuditWho(selector: "uid:\(SystemIdentity.uid)", uid: SystemIdentity.uid, pid: getpid(), door: "stopped")
    }

    static func log(of folder: String, _ auditFolder: String?) throws -> AuditLog {
        try AuditLog(folder: auditFolder ?? folder + "/audit", headFile: headFile(of: folder), who: who)
    }

    /// Beside the store, wherever the log itself lies.
    static func headFile(of folder: String) -> String { folder + "/audit.head" }

    /// Opens store and log for the time of `body`.
    static func with<Result>(_ place: Place, rekey: RekeyOptions? = nil, _ body: (StoppedStore) throws -> Result) throws -> Result {
        var options = Store.Options.examining
        if let rekey { options.rekey = rekey }
        let store = try Store.open(at: place.folder, options: options)
        let log: AuditLog
        do {
            log = try Self.log(of: place.folder, place.auditFolder)
        } catch {
            store.close()
            throw error
        }
        let stopped = StoppedStore(store: store, log: log, place: place)
        defer {
            store.close()
            // Behind the last change, which it has to witness.
            log.close()
        }
        store.setWitness(log)
        do {
            try KeyFileRotation.unlock(store, place.keyFile, acceptingRollback: place.acceptRollback)
        } catch let error as StoreError where error.code == .audit {
            throw stopped.explained(error)
        }
        return try body(stopped)
    }

    // MARK: Recording

    /// Does what must not happen without its record: that is durable before; what went wrong stands behind it.
    /// - Parameters:
    ///   - version: the number of a slot, where it is about one.
    ///   - note: for people.
    func recorded<Result>(
        _ noun: AuditNoun, _ action: AuditAction, version: UInt64 = 0, note: String = "", _ act: (Store) throws -> Result
    ) throws -> Result {
        var record = AuditRecord(time: Store.systemClock(), who: log.who, noun: noun, action: action, version: version, note: note)
        do throws(StoreError) { try log.require(record) } catch { throw explained(error) }
        do {
            return try act(store)
        } catch {
            record.time = Store.systemClock()
            record.last = record.time
            record.result = (error as? StoreError).map { AuditRecord.result(of: $0) } ?? 22
            log.record(record)
            throw error
        }
    }

    /// Records what happens in any case.
    func note(_ record: AuditRecord) { log.record(record) }

    private func explained(_ error: StoreError) -> StoreError {
        StoreError(
            error.code,
            "\(error.message): nothing was done. The log lies in \(log.folder) (--audit-folder names another); 'coffer audit verify --store "
                + "\(place.folder) --key-file \(place.keyFile)' looks at it, 'coffer audit repair' begins it anew")
    }
}
