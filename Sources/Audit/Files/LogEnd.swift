import CofferStore

/// Where a log ends, as its last file says.
struct LogEnd {
    var number: UInt64
    /// Up to here the file is whole.
    var length: Int
    /// Bytes behind it that are no block.
    var unreadable: Int
    var head: ChainHead
    var known: Block.Prologue?
    /// The end that is kept outside of the log is not behind this one and not in it.
    var isCut = false

    /// - Parameters:
    ///   - stored: what the store knows; the log must reach at least so far, with the same link there.
    ///   - kept: what the file beside the store knows: the log should.
    /// - Returns: `nil` where there is no log and the store knows of none.
    static func find(
        _ folder: AuditFolder, keys: AuditKeys, storeID: [UInt8], stored: ChainHead?, kept: KeptHead?
    ) throws(LogTrouble) -> LogEnd? {
        var numbers = try folder.segments()
        while let number = numbers.popLast() {
            let reader: SegmentReader
            do throws(StoreError) {
                reader = try SegmentReader(folder, number: number, keys: keys, storeID: storeID)
            } catch {
                if error.code == .system { throw LogTrouble(kind: .unavailable, message: error.message) }
                // Its making was interrupted: nothing was ever written to it.
                if isUnbegun(folder, number) {
                    folder.remove(number)
                    continue
                }
                throw .broken("file \(number): \(error.message)")
            }
            var end = try end(of: reader, stored: stored, kept: kept)
            if end.known == nil { end.known = lastKnown(of: numbers, in: folder, keys: keys, storeID: storeID) }
            return end
        }
        guard let stored, stored.sequence > 0 else { return nil }
        throw .broken("the log is gone: the store knows of \(stored.sequence) records")
    }

    private static func end(of reader: SegmentReader, stored: ChainHead?, kept: KeptHead?) throws(LogTrouble) -> LogEnd {
        var result = LogEnd(
            number: reader.number, length: reader.offset, unreadable: 0,
            head: ChainHead(sequence: reader.header.firstSequence - 1, link: reader.header.link), known: nil)
        // Behind a repair the chain begins anew.
        let isAnew = reader.header.link == ChainHead.start.link
        var isConfirmed = stored.map { $0.sequence < result.head.sequence || isAnew && $0.sequence == result.head.sequence } ?? true
        // What is kept may lag by files.
        var hasKept = kept.map {
            $0.head.sequence < result.head.sequence || isAnew && $0.head.sequence == result.head.sequence || $0.head == result.head
        } ?? true
        do throws(StoreError) {
            scan: while true {
                if let stored, stored == result.head { isConfirmed = true }
                switch try reader.next() {
                case .block(let header, let plaintext):
                    var fields = FieldReader(plaintext, "a block of the audit log")
                    result.known = try Block.prologue(from: &fields)
                    result.length = reader.offset
                    result.head = ChainHead(sequence: header.lastSequence, link: reader.link)
                    if kept?.head == result.head { hasKept = true }
                case .end: break scan
                case .bad:
                    result.unreadable = reader.length - reader.offset
                    break scan
                }
            }
        } catch {
            throw LogTrouble(kind: error.code == .system ? .unavailable : .broken, message: error.message)
        }
        if let stored, !isConfirmed {
            throw .broken(stored.sequence > result.head.sequence
                ? "the log ends at record \(result.head.sequence), but the store knows of \(stored.sequence)"
                : "record \(stored.sequence) is not the one that the store knows")
        }
        result.isCut = !hasKept
        return result
    }

    /// What the files before say of the store, where the last one was only begun.
    private static func lastKnown(of numbers: [UInt64], in folder: AuditFolder, keys: AuditKeys, storeID: [UInt8]) -> Block.Prologue? {
        for number in numbers.reversed() {
            guard let reader = try? SegmentReader(folder, number: number, keys: keys, storeID: storeID) else { continue }
            var known: Block.Prologue?
            while case .block(_, let plaintext)? = try? reader.next() {
                var fields = FieldReader(plaintext, "a block of the audit log")
                known = (try? Block.prologue(from: &fields)) ?? known
            }
            if let known { return known }
        }
        return nil
    }

    private static func isUnbegun(_ folder: AuditFolder, _ number: UInt64) -> Bool {
        guard let bytes = FileSize.of(folder.path(of: number)) else { return false }
        return bytes < SegmentHeader.size
    }

    /// The highest number of a record that any file shows; 0: none does.
    static func lastSequence(_ folder: AuditFolder, keys: AuditKeys, storeID: [UInt8]) -> UInt64 {
        guard let numbers = try? folder.segments() else { return 0 }
        var highest: UInt64 = 0
        for number in numbers {
            guard let reader = try? SegmentReader(folder, number: number, keys: keys, storeID: storeID) else { continue }
            while case .block(let header, _)? = try? reader.next() { highest = max(highest, header.lastSequence) }
        }
        return highest
    }
}
