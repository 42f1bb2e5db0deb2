import ArgumentParser
import CofferAudit
import CofferClient
import CofferStore
import Glibc

/// Where the audit log is read: with the daemon, or that of a store whose daemon is stopped.
struct AuditAccess: ParsableArguments {
    @Option(help: ArgumentHelp("Works on this store, whose daemon must be stopped.", valueName: "folder"), completion: .directory)
    var store: String?

    @Option(help: ArgumentHelp("With --store: the key file that opens it.", valueName: "path"), completion: .file())
    var keyFile: String?

    @Option(help: ArgumentHelp("With --store: the log's folder, where it is not the store's own.", valueName: "folder"), completion: .directory)
    var folder: String?

    func validate() throws {
        if store == nil, keyFile != nil || folder != nil { throw ValidationError("--key-file and --folder go with --store") }
        if store != nil, keyFile == nil { throw ValidationError("the log of a stopped store is opened with --key-file PATH") }
    }

    /// - Throws: `not-found` where the folder that was named is not there: nothing is made for a question.
    func open(_ global: GlobalOptions) throws -> AuditSource {
        guard let store, let keyFile else { return .daemon(try global.client()) }
        let folder = try logFolder(of: store)
        let (opened, keys, place) = try examine(store, keyFile)
        return .stopped(opened, AuditReading(folder: folder, keys: keys, storeID: place.storeID), place)
    }

    /// Accepts what verifying finds now.
    /// - Returns: what was done, for people.
    func repair(_ global: GlobalOptions) async throws -> String {
        guard let store, let keyFile else {
            return try await global.client().auditRepair(timeout: global.timeout == nil ? .seconds(600) : nil)
        }
        let log = try StoppedStore.log(of: store, try logFolder(of: store))
        defer { log.close() }
        let (opened, keys, place) = try examine(store, keyFile)
        defer { opened.close() }
        _ = log.willUnlock(keys, place)
        return try log.repair(by: log.who, stored: place.head)
    }

    /// It stays locked: a log can be looked at, and begun anew, while an older store lies there that nobody has taken yet.
    private func examine(_ path: String, _ keyFile: String) throws -> (Store, AuditKeys, WitnessedStore) {
        let key = try KeyFile.read(keyFile)
        let opened = try Store.open(at: path, options: .examining)
        do {
            let (keys, place) = try opened.auditKeys(.keyFile(SlotAccess.buffer(key)))
            return (opened, keys, place)
        } catch {
            opened.close()
            throw error
        }
    }

    private func logFolder(of store: String) throws -> String {
        guard let folder else { return store + "/audit" }
        var status = stat()
        guard stat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw CommandFailure(.notFound, "not-found", "there is no folder \(folder)")
        }
        return folder
    }
}

/// An audit log to ask.
enum AuditSource {
    case daemon(CofferClient)
    case stopped(Store, AuditReading, WitnessedStore)

    /// One page; a search of a long log comes in many.
    func page(_ request: AuditSearchRequest, value: SecretBytes? = nil) async throws -> AuditSearchResponse {
        switch self {
        case .daemon(let client): return try await client.auditSearch(request, value: value)
        case .stopped(_, let reading, _):
            var query = try AuditQuery(
                name: request.name, who: request.who, noun: request.noun, action: request.action, since: request.since, until: request.until)
            query.result = switch request.result {
            case .any: nil
            case .done: .done
            case .refused: .refused
            case .error(let code): .error(code)
            }
            if let value { query.digest = value.withUnsafeBytes { reading.digest(of: $0) } }
            let page = request.newestFirst
                ? try reading.descending(query, before: request.cursor == 0 ? nil : request.cursor, limit: Int(request.limit))
                : try reading.ascending(query, after: request.cursor, limit: Int(request.limit))
            return AuditSearchResponse(entries: page.records.map { AuditEntry($0) }, cursor: page.cursor, more: page.more)
        }
    }

    /// All that match, until `take` says false.
    func all(_ request: AuditSearchRequest, value: SecretBytes? = nil, _ take: (AuditEntry) throws -> Bool) async throws {
        var request = request
        while true {
            let page = try await page(request, value: value)
            for entry in page.entries where try !take(entry) { return }
            guard page.more, page.cursor != request.cursor else { return }
            request.cursor = page.cursor
        }
    }

    func verify(timeout: Duration?) async throws -> AuditVerifyResponse {
        switch self {
        case .daemon(let client): return try await client.auditVerify(timeout: timeout)
        case .stopped(let store, let reading, let place):
            let verdict = try reading.verify(
                stored: place.head, headFile: StoppedStore.headFile(of: store.path), incarnation: place.place.incarnation,
                revision: place.place.revision)
            return AuditVerifyResponse(
                files: UInt32(clamping: verdict.files), records: verdict.records, first: verdict.first, last: verdict.last,
                findings: verdict.findings.map { .init(file: $0.file, record: $0.record, isKnown: $0.isKnown, message: $0.message) })
        }
    }

    /// Gives the stopped store back.
    func close() {
        guard case .stopped(let store, _, _) = self else { return }
        store.close()
    }
}

extension AuditEntry {
    /// Of a stopped store: the names of tenants are not at hand.
    init(_ record: AuditRecord) {
        self.init(
            sequence: record.sequence, time: record.time, last: record.last, count: record.count, who: record.who.selector,
            uid: record.who.uid, pid: UInt32(bitPattern: record.who.pid), door: record.who.door, address: record.who.address,
            selectors: record.who.selectors, noun: record.noun.word, action: record.action.word, result: record.result,
            tenant: record.tenant == 0 ? "" : record.tenant == .main ? "main" : "#\(record.tenant)", name: record.name,
            version: record.version, revision: record.revision, hasDigest: !record.digest.isEmpty, note: record.note)
    }
}
