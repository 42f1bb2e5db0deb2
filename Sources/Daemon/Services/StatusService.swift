import CLinux
import CofferStore
import CofferWire
import Dispatch
import Glibc

/// What the daemon says of itself: status for everybody, findings for whoever may look.
final class StatusService: Sendable {
    struct Facts: Sendable {
        var socket: SocketPath
        var storePath: String
        var isHidden: Bool
        var startTime: UInt64
        /// Why the daemon could not unlock by itself; empty where it could.
        var unlockNote: String
        /// Whether a copy of a store is tried out.
        var isRehearsal = false
        /// Names of older systems' variables that are set and that doors understand (decisions 17).
        var legacyVariables: [String] = []
    }

    private let store: Store
    private let policies: PolicyService
    private let connections: ConnectionCounts
    private let credentials: CredentialSigns
    private let backups: BackupSigns
    private let scrubs: ScrubService
    private let audit: AuditSigns
    private let facts: Facts
    private let clock: @Sendable () -> UInt64
    /// Statistics block on the list worker: not for a loop.
    private let queue = DispatchQueue(label: "coffer.status")

    init(
        store: Store, policies: PolicyService, connections: ConnectionCounts, credentials: CredentialSigns, backups: BackupSigns,
        scrubs: ScrubService, audit: AuditSigns, facts: Facts, clock: @escaping @Sendable () -> UInt64
    ) {
        self.store = store
        self.policies = policies
        self.connections = connections
        self.credentials = credentials
        self.backups = backups
        self.scrubs = scrubs
        self.audit = audit
        self.facts = facts
        self.clock = clock
    }

    static let rehearsal = "started with --rehearsal: no upstream is called, no token refreshed, no sink written, no schedule runs, "
        + "no backup is taken"

    // MARK: Status

    /// - Parameter detailed: whether the caller has `info` on the store; others learn only whether it is there and open.
    func report(detailed: Bool, completion: @escaping @Sendable (StatusResponse) -> Void) {
        queue.async { [self] in completion(StatusResponse(entries(detailed: detailed))) }
    }

    private func entries(detailed: Bool) -> [StatusResponse.Entry] {
        var entries: [StatusResponse.Entry] = []
        func number(_ key: String, _ value: UInt64) { entries.append(.init(key: key, value: .number(value))) }
        func text(_ key: String, _ value: String) { entries.append(.init(key: key, value: .text(value))) }
        let locked = store.isLocked
        number("locked", locked ? 1 : 0)
        text("version", DaemonVersion.number)
        guard detailed else { return entries }
        number("pid", UInt64(getpid()))
        number("started", facts.startTime)
        number("uptime-ms", clock() - min(facts.startTime, clock()))
        number("connections", UInt64(connections.total))
        number("resident-bytes", Self.residentBytes())
        text("socket", facts.socket.path)
        text("store", facts.storePath)
        text("store-id", Self.hexadecimal(store.storeID))
        if facts.isRehearsal { number("rehearsal", 1) }
        number("memory-hidden", facts.isHidden ? 1 : 0)
        entries += backups.entries() + scrubs.entries()
        for (key, value) in audit.counts() { number(key, value) }
        for (key, value) in audit.texts() { text(key, value) }
        if locked {
            if !facts.unlockNote.isEmpty { text("unlock-note", facts.unlockNote) }
            return entries
        }
        let numbers = store.statistics()
        text("incarnation", Self.hexadecimal(store.incarnation))
        number("revision", store.revision)
        number("secrets", numbers.secrets)
        number("policies", UInt64(policies.snapshot.policies.count))
        number("mapped-bytes", numbers.mappedBytes)
        number("file-bytes", numbers.fileBytes)
        number("quota-bytes", numbers.quotaBytes)
        number("free-pages", numbers.freePages)
        number("index-bytes", numbers.indexBytes)
        number("index-entries", numbers.indexEntries)
        number("index-limit-bytes", numbers.indexLimit)
        number("name-pages", numbers.namePages)
        number("name-directory-bytes", numbers.nameDirectoryBytes)
        number("names-ready", numbers.namesReady ? 1 : 0)
        number("readers", numbers.readersInUse)
        number("oldest-reader-ms", numbers.oldestReaderAge)
        number("log-revisions", numbers.logRevisions)
        number("commits", numbers.commits)
        for (key, value) in credentials.counts() { number(key, value) }
        text("suite", numbers.suite)
        if let rekey = try? store.rekeyStatus() {
            text("rekey", RekeyMetrics.word(rekey.phase))
            if !rekey.note.isEmpty { text("rekey-note", rekey.note) }
            number("rekey-done", rekey.done)
            number("rekey-total", rekey.total)
            number("record-keys", UInt64(rekey.keys.count))
            number("record-key-created", rekey.keys.first { $0.state == .sealing }?.created ?? 0)
        }
        number("keys-in-locked-memory", numbers.keysLockedInMemory ? 1 : 0)
        return entries
    }

    private static func residentBytes() -> UInt64 {
        let fields = read("/proc/self/statm").split(separator: " ")
        return fields.count > 1 ? (UInt64(fields[1]) ?? 0) * UInt64(sysconf(Int32(_SC_PAGESIZE))) : 0
    }

    private static func read(_ path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
    }

    static func hexadecimal(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    // MARK: Doctor

    func examine(completion: @escaping @Sendable (MessageList<Finding>) -> Void) {
        queue.async { [self] in completion(MessageList(findings())) }
    }

    private func findings() -> [Finding] {
        var findings: [Finding] = []
        func add(_ check: String, _ verdict: Finding.Verdict, _ message: String) {
            findings.append(Finding(check: check, verdict: verdict, message: message))
        }
        let locked = store.isLocked
        if facts.isRehearsal { add("rehearsal", .warning, Self.rehearsal) }
        add("store-lock", locked ? .bad : .good, locked ? "the store is locked: nothing can be read" : "the store is open")
        if !locked {
            let numbers = store.statistics()
            add("memory-lock", numbers.keysLockedInMemory ? .good : .warning, numbers.keysLockedInMemory
                ? "all keys lie in locked memory"
                : "the kernel locks not all key pages: raise RLIMIT_MEMLOCK, or switch swap off")
            add("names", numbers.namesReady ? .good : .warning, numbers.namesReady
                ? "\(numbers.secrets) names in \(numbers.namePages) pages" : "the list of names is still being built")
            let used = Double(numbers.fileBytes) / Double(max(numbers.quotaBytes, 1))
            add("quota", used > 0.9 ? .warning : .good, "the file has \(numbers.fileBytes >> 20) of \(numbers.quotaBytes >> 20) MiB")
            add("oldest-reader", numbers.oldestReaderAge > 60_000 ? .warning : .good, "the oldest reader is \(numbers.oldestReaderAge) ms old")
        }
        if !locked { findings += credentials.findings() }
        findings += backups.findings()
        let kept = store.keptGenerations()
        if !kept.isEmpty {
            add("kept-generations", .warning, "\(kept.joined(separator: ", ")) lie beside the store's present generation: they still open "
                + "with its key, and what was deleted since is in them (keep_generations)")
        }
        if !locked && store.counterWasMissing {
            add("counter-file", .warning, "the counter file was gone when the store was unlocked: only the audit log could tell whether an "
                + "older copy of the store lies in its place")
        }
        findings.append(scrubs.finding)
        findings.append(audit.finding())
        add("memory-hidden", facts.isHidden ? .good : .bad, facts.isHidden
            ? "no core dumps, not dumpable" : "core dumps or tracing could not be switched off")
        let path = facts.socket.path
        add("socket-mode", facts.socket.objection == nil ? .good : .bad, facts.socket.present.map {
            "\(path) has mode \(String($0.mode, radix: 8)) and belongs to uid \($0.uid)" } ?? "\(path) is gone")
        if !facts.legacyVariables.isEmpty {
            add("legacy-environment", .warning, "\(facts.legacyVariables.joined(separator: ", ")): whoever may look at the process reads them; "
                + "'coffer door set' and the configuration take their place")
        }
        for fact in Self.identityFacts() { add(fact.0, fact.1 ? .good : .warning, fact.2) }
        return findings
    }

    /// What this machine tells about callers (formats.md 14).
    private static func identityFacts() -> [(String, Bool, String)] {
        var pair: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0 else { return [] }
        defer {
            close(pair[0])
            close(pair[1])
        }
        let pidfd = coffer_peer_pidfd(pair[0])
        if pidfd >= 0 { close(pidfd) }
        let units = access("/sys/fs/cgroup/system.slice", F_OK) == 0
        let tracer = geteuid() == 0
        return [
            ("identity-pidfd", pidfd >= 0, pidfd >= 0
                ? "the kernel pins callers (SO_PEERPIDFD)" : "no SO_PEERPIDFD (Linux 6.5): units and executables count only after the handshake"),
            ("identity-unit", units, units ? "systemd units are known" : "there is no system.slice: rules about units never match"),
            ("identity-exe", tracer, tracer
                ? "executables of all users can be read" : "executables of other users cannot be read: such rules never match for them"),
        ]
    }
}
