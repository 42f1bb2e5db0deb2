import CofferStore

/// The files of an open log: where it ends, writing behind it, rotation, repair. Used on the log's thread only.
final class LogFiles {
    struct Limits: Sendable {
        /// A file that has grown to this is followed by another.
        var segmentBytes: Int
        /// Files that are kept, the newest among them.
        var keep: Int
        /// Files whose records are all older are removed; 0: none for its age.
        var keepDays: Int
    }

    let folder: AuditFolder
    let keys: AuditKeys
    let storeID: [UInt8]
    let limits: Limits
    private(set) var file: SegmentFile
    /// Of the last record.
    private(set) var sequence: UInt64
    /// Behind the last block; beside it the one before, in case a write fails. In place: writing allocates nothing.
    private let link: UnsafeMutablePointer<UInt8>
    /// The end of the chain.
    var head: ChainHead { ChainHead(sequence: sequence, link: Array(UnsafeBufferPointer(start: link, count: AuditKeys.linkSize))) }
    /// What the last block said of the store.
    private(set) var known: Block.Prologue?
    /// What was found cut off; `nil`: nothing.
    private(set) var cut: String?
    /// What is to be recorded of the opening itself.
    private(set) var remarks: [(AuditAction, String)] = []

    private let block = RecordBuffer(capacity: Block.largestPlaintext)
    private let sealed = UnsafeMutableRawPointer.allocate(
        byteCount: Block.headerSize + Block.largestPlaintext + AuditKeys.overhead, alignment: 16)

    deinit {
        sealed.deallocate()
        link.deallocate()
    }

    private static func memory(for link: [UInt8]) -> UnsafeMutablePointer<UInt8> {
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: AuditKeys.linkSize * 2)
        for (index, byte) in link.prefix(AuditKeys.linkSize).enumerated() { memory[index] = byte }
        return memory
    }

    /// Finds the end of the log, or begins one.
    /// - Parameters:
    ///   - stored: the head that the store keeps; `nil`: it knows of no log.
    ///   - kept: the one that is kept beside the store.
    init(
        folder: AuditFolder, keys: AuditKeys, storeID: [UInt8], stored: ChainHead?, kept: KeptHead?, limits: Limits, now: UInt64
    ) throws(LogTrouble) {
        self.folder = folder
        self.keys = keys
        self.storeID = storeID
        self.limits = limits
        try folder.prepare()
        let end = try LogEnd.find(folder, keys: keys, storeID: storeID, stored: stored, kept: kept)
        if let kept, kept.head.sequence > 0, end?.isCut ?? true {
            // Not in front of the cut: its numbers were given already.
            sequence = max(kept.head.sequence, end?.head.sequence ?? 0)
            link = Self.memory(for: ChainHead.start.link)
            known = end?.known
            file = try Self.anew(folder, above: max(kept.number, end?.number ?? 0), behind: sequence, keys: keys, storeID: storeID, now: now)
            try beginBehindCut(
                "the log ended at record \(end?.head.sequence ?? 0), but \(kept.head.sequence) were written: its end was cut off or changed; "
                    + "it goes on in file \(file.number)", now: now)
            return
        }
        guard let found = end else {
            sequence = 0
            link = Self.memory(for: ChainHead.start.link)
            file = try Self.anew(folder, above: 0, behind: 0, keys: keys, storeID: storeID, now: now)
            return
        }
        sequence = found.head.sequence
        link = Self.memory(for: found.head.link)
        known = found.known
        file = try .open(folder, number: found.number, length: found.length)
        guard found.unreadable > 0 else { return }
        // What lies behind is not cut: it stays for whoever wants to look, and the log goes on in another file.
        let number = found.number + 1
        let header = SegmentHeader(
            keyID: keys.id, storeID: storeID, number: number, firstSequence: sequence + 1, link: found.head.link, created: now)
        file = try .create(folder, number: number, header: header.encoded(keys))
        remarks.append((.recover, "\(found.unreadable) bytes at the end of file \(found.number) are no whole block: the log goes on in file \(number)"))
    }

    /// Begins anew behind a break. Nothing is removed.
    init(
        repairing folder: AuditFolder, keys: AuditKeys, storeID: [UInt8], stored: ChainHead?, kept: KeptHead?, limits: Limits, now: UInt64
    ) throws(LogTrouble) {
        self.folder = folder
        self.keys = keys
        self.storeID = storeID
        self.limits = limits
        try folder.prepare()
        // Numbers of files and records are never used twice, whatever is missing.
        let number = max(try folder.segments().last ?? 0, kept?.number ?? 0)
        let last = LogEnd.lastSequence(folder, keys: keys, storeID: storeID)
        sequence = max(last, stored?.sequence ?? 0, kept?.head.sequence ?? 0)
        link = Self.memory(for: ChainHead.start.link)
        file = try Self.anew(folder, above: number, behind: sequence, keys: keys, storeID: storeID, now: now)
    }

    /// A file with which a chain begins.
    private static func anew(
        _ folder: AuditFolder, above number: UInt64, behind sequence: UInt64, keys: AuditKeys, storeID: [UInt8], now: UInt64
    ) throws(LogTrouble) -> SegmentFile {
        let header = SegmentHeader(
            keyID: keys.id, storeID: storeID, number: number + 1, firstSequence: sequence + 1, link: ChainHead.start.link, created: now)
        return try .create(folder, number: number + 1, header: header.encoded(keys))
    }

    /// The first record says so, at once: behind the next start nobody could tell any more.
    private func beginBehindCut(_ note: String, now: UInt64) throws(LogTrouble) {
        cut = note
        let record = RecordBuffer()
        RecordLayout.write(AuditRecord(time: now, who: .daemon, noun: .audit, action: .cut, result: 21, note: note), to: record)
        var prologue = known ?? Block.Prologue(incarnation: [UInt8](repeating: 0, count: 16), committed: 0, time: 0)
        prologue.time = now
        do throws(LogTrouble) {
            var offset = 0
            try write(record, from: &offset, prologue: prologue)
            try sync()
        } catch {
            abandon()
            throw error
        }
    }

    /// Takes back a file that was begun and could not be written.
    func abandon() { folder.remove(file.number) }

    func takeRemarks() -> [(AuditAction, String)] {
        defer { remarks = [] }
        return remarks
    }

    // MARK: Writing

    /// Seals records out of `pending`, from `offset` on, into blocks behind the end. `offset` moves with what is written, so that what
    /// failed is tried again and nothing is written twice.
    func write(_ pending: RecordBuffer, from offset: inout Int, prologue: Block.Prologue) throws(LogTrouble) {
        let bytes = pending.bytes
        while offset < bytes.count {
            if file.length >= limits.segmentBytes { try rotate(prologue) }
            Block.begin(prologue, in: block)
            var end = offset
            var count: UInt32 = 0
            while end + 2 <= bytes.count && block.count < Block.usualPlaintext {
                let size = 2 + Int(UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: end, as: UInt16.self)))
                guard end + size <= bytes.count else { break }
                block.put(UnsafeRawBufferPointer(rebasing: bytes[end..<(end + size)]))
                end += size
                count += 1
            }
            guard count > 0 else { return offset = bytes.count }
            try emit(count)
            offset = end
        }
    }

    private func emit(_ count: UInt32) throws(LogTrouble) {
        let before = link + AuditKeys.linkSize
        before.update(from: link, count: AuditKeys.linkSize)
        let size = Block.seal(
            block.bytes, segment: file.number, firstSequence: sequence + 1, count: count, link: link, keys: keys, to: sealed)
        block.removeAll()
        do throws(LogTrouble) {
            try file.append(UnsafeRawBufferPointer(start: sealed, count: size))
        } catch {
            link.update(from: before, count: AuditKeys.linkSize)
            throw error
        }
        sequence += UInt64(count)
    }

    func sync() throws(LogTrouble) { try file.sync() }

    // MARK: Rotation

    /// Goes on in a new file, says so in it, and removes the oldest.
    private func rotate(_ prologue: Block.Prologue) throws(LogTrouble) {
        try file.sync()
        file.finish()
        let number = file.number + 1
        let header = SegmentHeader(
            keyID: keys.id, storeID: storeID, number: number, firstSequence: sequence + 1, link: head.link, created: prologue.time)
        file = try .create(folder, number: number, header: header.encoded(keys))
        let present = try folder.segments()
        let old = expendable(present, now: prologue.time)
        let first = present.first { !old.contains($0) } ?? number
        let begin = (try? SegmentReader(folder, number: first, keys: keys, storeID: storeID))?.header.firstSequence ?? sequence + 1
        let removed = old.isEmpty ? "" : "; files \(old[0]) to \(old[old.count - 1]) are removed"
        // `version` is the file that the log begins with from now on: verifying compares it with what is there.
        let record = AuditRecord(
            time: prologue.time, who: .daemon, noun: .audit, action: .segment, version: first, revision: begin,
            note: "file \(number) is begun\(removed)")
        Block.begin(prologue, in: block)
        RecordLayout.write(record, to: block)
        try emit(1)
        guard !old.isEmpty else { return }
        // Durable before anything goes: a removal without its record would look like a theft.
        try file.sync()
        for number in old { folder.remove(number) }
    }

    private func expendable(_ present: [UInt64], now: UInt64) -> [UInt64] {
        var old = Array(present.dropLast(max(limits.keep, 1)))
        guard limits.keepDays > 0 else { return old }
        let oldest = now - min(UInt64(limits.keepDays) * 86_400_000, now)
        for (number, next) in zip(present, present.dropFirst()) where !old.contains(number) {
            // All of its records are older than the file behind it.
            guard let created = (try? SegmentReader(folder, number: next, keys: keys, storeID: storeID))?.header.created, created < oldest
            else { break }
            old.append(number)
        }
        return old
    }
}
