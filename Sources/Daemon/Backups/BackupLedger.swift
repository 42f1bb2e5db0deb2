import CSodium
import CofferStore
import CofferWire
import Glibc

/// A scheduled backup that lies in the folder.
struct BackupEntry: Equatable, Sendable {
    /// Its name in the folder.
    var file: String
    /// Unix milliseconds.
    var created: UInt64
    var revision: UInt64
    var size: UInt64
    /// 64 hexadecimal digits.
    var digest: String
    var proof = ScheduledBackup.Proof.none
    /// 0: never.
    var proven: UInt64 = 0
}

/// What the daemon remembers of its backups across restarts: which files it wrote (only these does it ever remove), and when it proved
/// one last. It holds no secret. It lies in the store's folder, so that a disk that is not there does not take the memory with it.
struct BackupLedger: Equatable, Sendable {
    /// Hexadecimal.
    var storeID: String
    var history = BackupHistory()
    /// Why the last attempt failed, one line; empty where it did not.
    var error = ""
    /// The folder that bears this store's mark (``BackupFolder/isMarked``), one line; empty: none does yet.
    var folder = ""
    /// Oldest first.
    var backups: [BackupEntry] = []

    private static let title = "coffer-backups 2"
    /// Without the folder.
    private static let earlierTitle = "coffer-backups 1"
    static let largest = 1 << 20

    init(storeID: String) { self.storeID = storeID }

    // MARK: Text

    /// Lines of words, and a checksum.
    var text: String {
        var lines = [
            "\(Self.title) \(storeID)",
            "history \(history.since) \(history.taken) \(history.proven) \(history.failed) \(history.failures)",
            "error \(error)",
            "folder \(folder)",
        ]
        for entry in backups {
            lines.append(
                "backup \(entry.file) \(entry.created) \(entry.revision) \(entry.size) \(entry.digest) \(entry.proof.rawValue) \(entry.proven)")
        }
        let body = lines.joined(separator: "\n") + "\n"
        return body + "end \(Self.sum(body))\n"
    }

    /// - Returns: `nil` for what is not whole, or not of this store.
    init?(_ text: String, storeID: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count >= 5, lines.last == "" else { return nil }
        let hasFolder = lines[0] == "\(Self.title) \(storeID)"
        guard hasFolder ? lines.count >= 6 : lines[0] == "\(Self.earlierTitle) \(storeID)" else { return nil }
        let body = lines.dropLast(2).joined(separator: "\n") + "\n"
        guard lines[lines.count - 2] == "end \(Self.sum(body))", lines[2].hasPrefix("error ") else { return nil }
        self.init(storeID: storeID)
        let words = lines[1].split(separator: " ")
        let numbers = words.dropFirst().compactMap { UInt64($0) }
        guard words.first == "history", words.count == 6, numbers.count == 5 else { return nil }
        history = BackupHistory(
            since: numbers[0], taken: numbers[1], proven: numbers[2], failed: numbers[3], failures: UInt32(clamping: numbers[4]))
        error = String(lines[2].dropFirst(6))
        if hasFolder {
            guard lines[3].hasPrefix("folder ") else { return nil }
            folder = String(lines[3].dropFirst(7))
        }
        for line in lines.dropFirst(hasFolder ? 4 : 3).dropLast(2) {
            guard let entry = BackupEntry(line) else { return nil }
            backups.append(entry)
        }
    }

    static func sum(_ text: String) -> String {
        var hash = [UInt8](repeating: 0, count: 16)
        let bytes = Array(text.utf8)
        crypto_generichash(&hash, hash.count, bytes, UInt64(bytes.count), nil, 0)
        return StatusService.hexadecimal(hash)
    }
}

extension BackupEntry {
    /// A line of the ledger.
    init?(_ line: Substring) {
        let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard words.count == 8, words[0] == "backup", BackupName.isOne(words[1]), let created = UInt64(words[2]),
            let revision = UInt64(words[3]), let size = UInt64(words[4]), let proof = UInt8(words[6]).flatMap(ScheduledBackup.Proof.init),
            let proven = UInt64(words[7])
        else { return nil }
        self.init(file: words[1], created: created, revision: revision, size: size, digest: words[5], proof: proof, proven: proven)
    }

    var message: ScheduledBackup {
        ScheduledBackup(
            file: file, created: created, revision: revision, size: size, digest: BackupDigest.bytes(digest), proof: proof, proven: proven)
    }
}

/// What scheduled backups are called: `coffer-20260101T023000Z-r4711.age`.
enum BackupName {
    private static let prefix = "coffer-"
    private static let suffix = ".age"

    /// - Parameter attempt: from 0; above, a number more, where a file of this name is there.
    static func of(created: UInt64, revision: UInt64, attempt: Int) -> String {
        let further = attempt == 0 ? "" : "-\(attempt)"
        return "\(prefix)\(stamp(created))-r\(revision)\(further)\(suffix)"
    }

    /// Whether a name is one of ours: nothing else is ever removed.
    static func isOne(_ name: String) -> Bool {
        name.hasPrefix(prefix) && name.hasSuffix(suffix) && name.utf8.count <= 100
            && name.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) || "-.TZ".utf8.contains($0) }
    }

    /// `20260101T023000Z`.
    private static func stamp(_ milliseconds: UInt64) -> String {
        var moment = time_t(clamping: milliseconds / 1_000)
        var parts = tm()
        guard gmtime_r(&moment, &parts) != nil else { return "19700101T000000Z" }
        func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(parts.tm_year + 1_900)\(two(parts.tm_mon + 1))\(two(parts.tm_mday))T"
            + "\(two(parts.tm_hour))\(two(parts.tm_min))\(two(parts.tm_sec))Z"
    }
}
