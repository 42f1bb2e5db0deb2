import CofferStore

// Whether the log is whole: every block in its place, every file there, the end where the store knows it.
extension AuditReading {
    /// - Parameter stored: what the store keeps, as the log gave it with the last change; `nil`: it knows of no log.
    /// - Throws: `system` where the disk fails.
    public func verify(stored bytes: [UInt8]?) throws(StoreError) -> AuditVerdict {
        let stored = try bytes.map { (bytes) throws(StoreError) in try ChainHead(decoding: bytes) }
        var walk = Walk(stored: stored)
        let numbers = try numbers()
        for number in numbers {
            do throws(StoreError) {
                try walk.visit(try reader(number))
            } catch {
                guard error.code != .system else { throw error }
                walk.unreadable(number, error)
            }
        }
        walk.finish(numbers.first, live: extent?.head)
        return walk.verdict
    }

    /// The state between two files.
    private struct Walk {
        let stored: ChainHead?
        var verdict = AuditVerdict()
        /// Where the chain is; `nil`: it was lost.
        var head: ChainHead?
        var previous: UInt64?
        /// What is wrong with the end of the file before, unless the next one goes on in front of it.
        var badEnd: AuditVerdict.Finding?
        /// The file that the log begins with, as its last rotation says.
        var begin: UInt64 = 1
        var sawStored: Bool

        init(stored: ChainHead?) {
            self.stored = stored
            sawStored = stored.map { $0.sequence == 0 } ?? true
        }

        mutating func find(_ file: UInt64, _ record: UInt64, _ message: String, isKnown: Bool = false) {
            verdict.findings.append(.init(file: file, record: record, message: message, isKnown: isKnown))
        }

        mutating func unreadable(_ number: UInt64, _ error: StoreError) {
            settleBadEnd(isKnown: false)
            find(number, head.map { $0.sequence + 1 } ?? 0, "file \(number): \(error.message)")
            head = nil
            previous = number
        }

        private mutating func settleBadEnd(isKnown: Bool) {
            guard var finding = badEnd else { return }
            finding.isKnown = isKnown
            verdict.findings.append(finding)
            badEnd = nil
        }

        mutating func visit(_ reader: SegmentReader) throws(StoreError) {
            let header = reader.header
            verdict.files += 1
            let goesOn = head.map { $0.sequence + 1 == header.firstSequence && $0.link == header.link } ?? (previous == nil)
            settleBadEnd(isKnown: goesOn && previous != nil)
            if let previous, reader.number != previous + 1 {
                let missing = previous + 2 == reader.number ? "file \(previous + 1) is" : "files \(previous + 1) to \(reader.number - 1) are"
                find(previous + 1, head.map { $0.sequence + 1 } ?? 0, "\(missing) missing")
            } else if !goesOn, head != nil {
                find(reader.number, header.firstSequence, "file \(reader.number) does not go on where file \(reader.number - 1) ends")
            }
            if verdict.first == 0 { verdict.first = header.firstSequence }
            head = ChainHead(sequence: header.firstSequence - 1, link: header.link)
            previous = reader.number
            if let stored, let head, stored == head { sawStored = true }
            try blocks(of: reader, beginsAnew: header.link == ChainHead.start.link && header.firstSequence > 1 || !goesOn)
        }

        private mutating func blocks(of reader: SegmentReader, beginsAnew: Bool) throws(StoreError) {
            var isFirst = true
            while true {
                switch try reader.next() {
                case .end: return
                case .bad(let reason):
                    badEnd = .init(
                        file: reader.number, record: reader.nextSequence,
                        message: "file \(reader.number), byte \(reader.offset): \(reason)", isKnown: false)
                    return
                case .block(let header, let plaintext):
                    var fields = FieldReader(plaintext, "a block of the audit log")
                    _ = try Block.prologue(from: &fields)
                    for index in 0..<UInt64(header.count) {
                        let record = try RecordLayout.read(&fields, sequence: header.firstSequence &+ index)
                        take(record, isFirst: isFirst && beginsAnew)
                        isFirst = false
                    }
                    try fields.finish()
                    judge(header, link: reader.link, file: reader.number)
                }
            }
        }

        private mutating func take(_ record: AuditRecord, isFirst: Bool) {
            verdict.records += 1
            if record.noun == .audit, record.action == .segment { begin = max(begin, record.version) }
            guard isFirst, record.noun == .audit, record.action == .repair else { return }
            // Somebody saw what is wrong before this place, and said so.
            for index in verdict.findings.indices { verdict.findings[index].isKnown = true }
            if let stored, stored.sequence < record.sequence { sawStored = true }
            if verdict.findings.isEmpty { find(0, record.sequence, record.note, isKnown: true) }
        }

        private mutating func judge(_ header: Block.Header, link: [UInt8], file: UInt64) {
            head = ChainHead(sequence: header.lastSequence, link: link)
            verdict.last = header.lastSequence
            guard let stored, header.firstSequence <= stored.sequence, stored.sequence <= header.lastSequence else { return }
            sawStored = true
            if stored.sequence != header.lastSequence || stored.link != link {
                find(file, stored.sequence, "record \(stored.sequence) is not the one that the store knows")
            }
        }

        mutating func finish(_ oldest: UInt64?, live: ChainHead?) {
            settleBadEnd(isKnown: false)
            if let oldest, oldest > begin {
                let missing = begin + 1 == oldest ? "file \(begin) is" : "files \(begin) to \(oldest - 1) are"
                verdict.findings.insert(.init(file: begin, record: 0, message: "\(missing) missing", isKnown: false), at: 0)
            }
            if let stored, !sawStored, stored.sequence > verdict.last || verdict.records == 0 {
                find(0, verdict.last + 1, "the log ends at record \(verdict.last), but the store knows of \(stored.sequence)")
            }
            if let live, live.sequence > verdict.last, verdict.findings.isEmpty {
                find(0, verdict.last + 1, "the log ends at record \(verdict.last), but \(live.sequence) were written")
            }
        }
    }
}
