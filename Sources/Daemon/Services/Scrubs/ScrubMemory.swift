import Glibc

/// When the last whole scrub was and what it came to, in a small file in the store's folder, so that a restart neither forgets damage nor
/// begins to count the days anew. It holds numbers only; who can write it can write the store's file as well.
struct ScrubMemory: Sendable {
    struct Record: Equatable, Sendable {
        /// Unix milliseconds.
        var finished: UInt64
        var revision: UInt64
        var records: UInt64
        var findings: UInt64
    }

    let path: String
    private static let mark = "coffer-scrub-1"

    /// `nil`: there was none, or the file makes no sense.
    func read() -> Record? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        let words = String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self).split { $0 == " " || $0 == "\n" }
        let numbers = words.dropFirst().compactMap { UInt64($0) }
        guard words.first.map(String.init) == Self.mark, words.count == 5, numbers.count == 4 else { return nil }
        return Record(finished: numbers[0], revision: numbers[1], records: numbers[2], findings: numbers[3])
    }

    /// One that cannot be written is done without: the next start scrubs earlier than it had to.
    func write(_ record: Record) {
        let text = Array("\(Self.mark) \(record.finished) \(record.revision) \(record.records) \(record.findings)\n".utf8)
        let fresh = path + ".new"
        unlink(fresh)
        let descriptor = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return }
        let written = Glibc.write(descriptor, text, text.count)
        let synced = fsync(descriptor) == 0
        close(descriptor)
        if written == text.count && synced { rename(fresh, path) } else { unlink(fresh) }
    }
}
