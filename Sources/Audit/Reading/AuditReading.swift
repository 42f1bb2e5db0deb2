import CofferStore
import Glibc

/// Reads a log: one that is being written, or that of a stopped store. Blocks for the disk: not for loops.
public struct AuditReading: Sendable {
    let folder: AuditFolder
    let keys: AuditKeys
    let storeID: [UInt8]
    /// `nil`: nobody writes.
    let extent: LogExtent?

    /// The log of a store that no daemon has open.
    public init(folder: String, keys: AuditKeys, storeID: [UInt8]) {
        self.folder = AuditFolder(path: folder)
        self.keys = keys
        self.storeID = storeID
        extent = nil
    }

    init(folder: String, extent: LogExtent) {
        self.folder = AuditFolder(path: folder)
        keys = extent.keys
        storeID = extent.storeID
        self.extent = extent
    }

    public func digest(of value: UnsafeRawBufferPointer) -> [UInt8] { keys.digest(of: value) }

    /// Files that count, ascending.
    func numbers() throws(StoreError) -> [UInt64] {
        let all: [UInt64]
        do throws(LogTrouble) { all = try folder.segments() } catch { throw StoreError(.system, error.message) }
        return extent.map { extent in all.filter { $0 <= extent.number } } ?? all
    }

    func reader(_ number: UInt64) throws(StoreError) -> SegmentReader {
        try SegmentReader(
            folder, number: number, keys: keys, storeID: storeID, limit: extent.flatMap { $0.number == number ? $0.length : nil })
    }

    /// All records of a file, as far as it is whole.
    func records(of number: UInt64, _ body: (AuditRecord) -> Void) throws(StoreError) {
        let reader = try reader(number)
        while case .block(let header, let plaintext) = try reader.next() {
            var fields = FieldReader(plaintext, "a block of the audit log")
            _ = try Block.prologue(from: &fields)
            for index in 0..<UInt64(header.count) { body(try RecordLayout.read(&fields, sequence: header.firstSequence &+ index)) }
            try fields.finish()
        }
    }

    // MARK: Pages

    /// Records above `cursor` in the order of the log, one file at a time.
    /// - Parameter limit: most records of the page, from 1.
    public func ascending(_ query: AuditQuery, after cursor: UInt64, limit: Int) throws(StoreError) -> AuditPage {
        var page = AuditPage(records: [], cursor: cursor, more: false)
        let numbers = try numbers()
        // The last file that begins at or before the next record.
        var start = 0
        for (index, number) in numbers.enumerated() {
            guard let header = try? reader(number).header, header.firstSequence <= cursor &+ 1 else { continue }
            start = index
        }
        for (index, number) in numbers.enumerated() where index >= start {
            var isFull = false
            var last = page.cursor
            try readable(number) { (record) in
                guard record.sequence > cursor, !isFull else { return }
                last = max(last, record.sequence)
                if query.matches(record) { page.records.append(record) }
                isFull = page.records.count >= limit
            }
            page.cursor = last
            page.more = isFull || index < numbers.count - 1
            if isFull || !page.records.isEmpty || index - start >= Self.filesAtOnce { return page }
        }
        page.more = false
        return page
    }

    /// Records below `cursor` (`nil`: from the end), the newest first, one file at a time.
    public func descending(_ query: AuditQuery, before cursor: UInt64?, limit: Int) throws(StoreError) -> AuditPage {
        var page = AuditPage(records: [], cursor: cursor ?? .max, more: false)
        let numbers = try numbers()
        var looked = 0
        for (index, number) in numbers.enumerated().reversed() {
            if let first = (try? reader(number))?.header.firstSequence, first >= page.cursor { continue }
            var found: [AuditRecord] = []
            var lowest = page.cursor
            let below = page.cursor
            try readable(number) { (record) in
                guard record.sequence < below else { return }
                lowest = min(lowest, record.sequence)
                guard query.matches(record) else { return }
                found.append(record)
                // The oldest of them may have to wait for the next page.
                if found.count >= limit * 2 + 1_024 { found.removeFirst(found.count - limit) }
            }
            let isCut = found.count > limit - page.records.count
            let taken = found.suffix(limit - page.records.count).reversed()
            page.records += taken
            page.cursor = isCut || page.records.count >= limit ? page.records.last?.sequence ?? lowest : lowest
            page.more = isCut || index > 0 || page.cursor > lowest
            looked += 1
            if page.records.count >= limit || looked >= Self.filesAtOnce { return page }
        }
        page.more = false
        return page
    }

    /// Between two answers: a search of a long log comes in pieces.
    private static let filesAtOnce = 4

    /// A file that cannot be read is passed over: ``verify(stored:)`` names it.
    private func readable(_ number: UInt64, _ body: (AuditRecord) -> Void) throws(StoreError) {
        do throws(StoreError) { try records(of: number, body) } catch {
            guard error.code != .system else { throw error }
        }
    }
}

extension AuditLog {
    /// Also of a log that is down: what is there can be read.
    /// - Throws: `locked` where the store is.
    public func reading() throws(StoreError) -> AuditReading {
        let (extent, keys, storeID) = monitor.locked { (self.extent, self.keys, self.storeID) }
        guard let keys else { throw StoreError(.locked, "the store is locked") }
        guard let extent else { return AuditReading(folder: folder, keys: keys, storeID: storeID) }
        return AuditReading(folder: folder, extent: extent)
    }
}
