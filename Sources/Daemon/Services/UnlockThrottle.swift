import Glibc
import Synchronization

/// Slows wrong unlock attempts down (decisions 30): behind the third failure in 10 minutes 1, 2, 4 … 60 s for each uid.
///
/// The counts lie in a small file beside the store, so that a restart does not forget them. It holds uids, counts and times: no secret.
final class UnlockThrottle: Sendable {
    struct Record: Equatable, Sendable {
        var uid: UInt32
        /// Failures in a row, none more than ``window`` behind the one before.
        var failures: UInt32
        /// Of the last failure; Unix milliseconds.
        var last: UInt64
    }

    static let window: UInt64 = 600_000
    private static let free: UInt32 = 3
    private static let longest: UInt64 = 60_000
    private static let maximumRecords = 256

    private let path: String?
    private let records: Mutex<[Record]>

    /// - Parameter path: where the counts are kept; `nil`: only in memory.
    init(path: String?) {
        self.path = path
        records = Mutex(path.map { Self.read($0) } ?? [])
    }

    /// Milliseconds until the next attempt of this uid may be made; 0: now.
    func wait(uid: UInt32, now: UInt64) -> UInt64 {
        records.withLock { records in
            guard let record = records.first(where: { $0.uid == uid }) else { return 0 }
            return Self.wait(record, now: now)
        }
    }

    /// The rule itself, without state.
    static func wait(_ record: Record, now: UInt64) -> UInt64 {
        // A clock that was put back must not lock anybody out for longer than the rule says.
        guard now >= record.last, now - record.last < window, record.failures >= free else { return 0 }
        let pause = min(1_000 << UInt64(min(record.failures - free, 10)), longest)
        return record.last + pause > now ? record.last + pause - now : 0
    }

    func failed(uid: UInt32, now: UInt64) {
        records.withLock { records in
            if let index = records.firstIndex(where: { $0.uid == uid }) {
                let recent = now >= records[index].last && now - records[index].last < Self.window
                records[index].failures = recent ? records[index].failures &+ 1 : 1
                records[index].last = now
            } else {
                records.removeAll { now >= $0.last && now - $0.last >= Self.window }
                if records.count >= Self.maximumRecords { records.removeFirst() }
                records.append(Record(uid: uid, failures: 1, last: now))
            }
            save(records)
        }
    }

    func succeeded(uid: UInt32) {
        records.withLock { records in
            guard records.contains(where: { $0.uid == uid }) else { return }
            records.removeAll { $0.uid == uid }
            save(records)
        }
    }

    // MARK: File

    /// Lines of three numbers. What cannot be read counts as nothing: the file only slows down, it protects nothing by itself.
    private static func read(_ path: String) -> [Record] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 16_384)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count > 0 else { return [] }
        return String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n").prefix(maximumRecords).compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count == 3, let uid = UInt32(fields[0]), let failures = UInt32(fields[1]), let last = UInt64(fields[2]) else { return nil }
            return Record(uid: uid, failures: failures, last: last)
        }
    }

    private func save(_ records: [Record]) {
        guard let path else { return }
        let text = Array(records.map { "\($0.uid) \($0.failures) \($0.last)\n" }.joined().utf8)
        let fresh = path + ".new"
        unlink(fresh)
        let descriptor = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return }
        let written = write(descriptor, text, text.count)
        close(descriptor)
        if written == text.count { rename(fresh, path) } else { unlink(fresh) }
    }
}
