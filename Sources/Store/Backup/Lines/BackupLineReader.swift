import Glibc

/// Reads the lines of a backup as they come. Flat memory: it holds at most one line.
///
/// Everything is refused that the writer would not write: what is accepted encodes to the same bytes again. That a thing is there twice
/// shows only to who keeps them all.
final class BackupLineReader {
    /// Bytes of one line, without its end.
    static let largestLine = 4 << 20

    /// The beginning of a line whose end has not come yet.
    private let partial = LineBuffer()
    private let scratch = LineBuffer()
    private var sequence = BackupSequence()
    private var keyIDs: [UInt32: UInt32] = [:]
    /// Of the line that is being read, from 1.
    private var number: UInt64 = 1
    private var bytes: UInt64 = 0
    private var failure: StoreError?

    init() {}

    /// What stands for hash key `number` of the file in the documents that follow; without it, the number itself. To be called when the
    /// key's line was taken, before the first document.
    func setKeyID(_ id: UInt32, of number: UInt32) { keyIDs[number] = id }

    /// - Parameter take: gets each line, in order; what it throws ends the reading.
    /// - Throws: `unknown-format` for what is no backup, or one of a newer version; `damaged` for everything else. The message names the
    ///   line and the field, never its content. Behind an error every call throws it again.
    func update(_ bytes: UnsafeRawBufferPointer, _ take: (BackupItem) throws(StoreError) -> Void) throws(StoreError) {
        if let failure { throw failure }
        do throws(StoreError) {
            try lines(bytes, take)
        } catch {
            failure = error
            throw error
        }
    }

    private func lines(_ bytes: UnsafeRawBufferPointer, _ take: (BackupItem) throws(StoreError) -> Void) throws(StoreError) {
        self.bytes += UInt64(bytes.count)
        var rest = bytes
        while let start = rest.baseAddress, let end = memchr(start, 0x0A, rest.count) {
            let length = UnsafeRawPointer(end) - start
            try requireRoom(length)
            let line = UnsafeRawBufferPointer(rebasing: rest[..<length])
            if partial.count > 0 {
                partial.append(line)
                try read(partial.bytes, take)
                partial.removeAll()
            } else {
                try read(line, take)
            }
            number += 1
            rest = UnsafeRawBufferPointer(rebasing: rest[(length + 1)...])
        }
        try requireRoom(rest.count)
        partial.append(rest)
    }

    private func requireRoom(_ more: Int) throws(StoreError) {
        guard partial.count + more <= Self.largestLine else {
            throw StoreError(number == 1 ? .unknownFormat : .damaged, "line \(number) of the backup is longer than \(Self.largestLine) bytes")
        }
    }

    private func read(_ line: UnsafeRawBufferPointer, _ take: (BackupItem) throws(StoreError) -> Void) throws(StoreError) {
        let item: BackupItem
        do throws(LineFault) {
            var beginning = LineParser(line)
            guard number > 1 || beginning.takes("{\"coffer\":\"backup\"") else { throw BackupItem.foreign }
            guard JSONText.isUTF8(line) else { throw LineFault(field: "", reason: "is not UTF-8") }
            item = try BackupItem.read(line, keyIDs: keyIDs, scratch: scratch)
            try sequence.take(item, line)
        } catch {
            scratch.removeAll()
            throw described(error)
        }
        scratch.removeAll()
        if case .key(let key) = item, key.purpose == .apiKeyHash { keyIDs[key.number] = key.number }
        try take(item)
    }

    private func described(_ fault: LineFault) -> StoreError {
        let field = fault.field.isEmpty ? "" : ", field '\(fault.field)'"
        return StoreError(fault.code, "line \(number) of the backup\(field): \(fault.reason)")
    }

    /// - Throws: `damaged` where the last line is missing.
    func finish() throws(StoreError) -> BackupSummary {
        if let failure { throw failure }
        guard partial.count == 0 else { throw StoreError(.damaged, "the backup ends within line \(number)") }
        guard bytes > 0 else { throw StoreError(.unknownFormat, "this is no backup of Coffer: it is empty") }
        guard let header = sequence.header, let trailer = sequence.trailer else {
            throw StoreError(.damaged, "the backup ends behind line \(number - 1), without its last line")
        }
        return BackupSummary(
            created: header.created, daemon: header.daemon, storeID: header.storeID, incarnation: header.incarnation,
            revision: header.revision, counts: trailer.counts.list, digest: trailer.digest, lines: trailer.lines, bytes: bytes)
    }
}
