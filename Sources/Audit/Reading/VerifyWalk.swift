import CofferStore

/// Goes over the files of a log in their order and collects what is wrong.
struct VerifyWalk {
    private(set) var verdict = AuditVerdict()

    private let keys: AuditKeys
    private let stored: ChainHead?
    private var kept: ChainHead?
    /// Where the chain is; `nil`: it was lost.
    private var head: ChainHead?
    private var previous: UInt64?
    /// What is wrong with the end of the file before, unless the next one goes on in front of it.
    private var badEnd: AuditVerdict.Finding?
    /// The file that the log begins with, as its last rotation says.
    private var begin: UInt64 = 1
    private var sawStored: Bool
    /// What the last block says of the store.
    private var place: Block.Prologue?
    /// Marks of findings that somebody has accepted.
    private var accepted: Set<[UInt8]> = []

    init(keys: AuditKeys, stored: ChainHead?, kept: HeadFile.Found?) {
        self.keys = keys
        self.stored = stored
        sawStored = stored.map { $0.sequence == 0 } ?? true
        switch kept {
        case .kept(let head)?: self.kept = head.head
        case .damaged(let reason)?: find(0, 0, reason, FindingMark(.headFile, 0, 0, Array(reason.utf8)))
        case .none?, nil: break
        }
    }

    private func finding(_ file: UInt64, _ record: UInt64, _ message: String, _ mark: FindingMark) -> AuditVerdict.Finding {
        .init(file: file, record: record, message: message, isKnown: false, mark: mark.bytes(keys))
    }

    private mutating func find(_ file: UInt64, _ record: UInt64, _ message: String, _ mark: FindingMark) {
        verdict.findings.append(finding(file, record, message, mark))
    }

    // MARK: Files

    /// - Parameter digest: of all that lies in it.
    mutating func unreadable(_ number: UInt64, _ error: StoreError, _ digest: [UInt8]) {
        settleBadEnd(isKnown: false)
        find(number, head.map { $0.sequence + 1 } ?? 0, "file \(number): \(error.message)", FindingMark(.unreadable, number, 0, digest))
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
        // Behind a bad end the next file cannot go on but by itself.
        let wasBad = badEnd != nil
        settleBadEnd(isKnown: goesOn && previous != nil)
        if let previous, reader.number != previous + 1 {
            missing(previous + 1, reader.number - 1, behind: head)
        } else if !goesOn, !wasBad, let head {
            find(
                reader.number, header.firstSequence, "file \(reader.number) does not go on where file \(reader.number - 1) ends",
                FindingMark(.newChain, reader.number, header.firstSequence, header.link + head.encoded()))
        }
        if verdict.first == 0 { verdict.first = header.firstSequence }
        let start = ChainHead(sequence: header.firstSequence - 1, link: header.link)
        head = start
        previous = reader.number
        if stored == start { sawStored = true }
        try blocks(of: reader, beginsAnew: header.link == ChainHead.start.link && header.firstSequence > 1 || !goesOn)
    }

    /// - Parameter head: where the chain ended in front of them; that is part of what is found.
    private mutating func missing(_ first: UInt64, _ last: UInt64, behind head: ChainHead?) {
        let files = first == last ? "file \(first) is" : "files \(first) to \(last) are"
        find(first, head.map { $0.sequence + 1 } ?? 0, "\(files) missing", FindingMark(.missing, first, last, head?.encoded() ?? []))
    }

    // MARK: Blocks

    private mutating func blocks(of reader: SegmentReader, beginsAnew: Bool) throws(StoreError) {
        var isFirst = true
        while true {
            switch try reader.next() {
            case .end: return
            case .bad(let reason):
                badEnd = finding(
                    reader.number, reader.nextSequence, "file \(reader.number), byte \(reader.offset): \(reason)",
                    FindingMark(.badEnd, reader.number, UInt64(reader.offset), try reader.restDigest()))
                return
            case .block(let header, let plaintext):
                var fields = FieldReader(plaintext, "a block of the audit log")
                place = try Block.prologue(from: &fields)
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
        guard record.noun == .audit else { return }
        switch record.action {
        case .segment: begin = max(begin, record.version)
        case .cut: find(0, record.sequence, record.note, FindingMark(.cut, record.sequence))
        case .repair:
            if !record.digest.isEmpty { accepted.insert(record.digest) }
            // The chain began anew: behind what the store knew.
            if isFirst, let stored, stored.sequence < record.sequence { sawStored = true }
        default: break
        }
    }

    private mutating func judge(_ header: Block.Header, link: [UInt8], file: UInt64) {
        let end = ChainHead(sequence: header.lastSequence, link: link)
        head = end
        verdict.last = end.sequence
        func isWithin(_ known: ChainHead) -> Bool { header.firstSequence <= known.sequence && known.sequence <= header.lastSequence }
        if let stored, isWithin(stored) {
            sawStored = true
            if stored != end {
                find(
                    file, stored.sequence, "record \(stored.sequence) is not the one that the store knows",
                    FindingMark(.otherRecord, file, 0, stored.encoded()))
            }
        }
        if let kept, isWithin(kept), kept != end {
            find(
                file, kept.sequence, "record \(kept.sequence) is not the one that was written",
                FindingMark(.otherRecord, file, 1, kept.encoded()))
        }
    }

    // MARK: The end

    mutating func finish(_ oldest: UInt64?, live: ChainHead?, place known: Block.Prologue?) {
        settleBadEnd(isKnown: false)
        if let oldest, oldest > begin { missing(begin, oldest - 1, behind: nil) }
        let last = verdict.last
        if let stored, !sawStored, stored.sequence > last || verdict.records == 0 {
            find(
                0, last + 1, "the log ends at record \(last), but the store knows of \(stored.sequence)",
                FindingMark(.shortOfStore, last, stored.sequence))
        } else if let kept, kept.sequence > last {
            find(
                0, last + 1, "the log ends at record \(last), but \(kept.sequence) were written: its end was cut off",
                FindingMark(.shortOfKept, last, kept.sequence))
        } else if let live, live.sequence > last, verdict.news.isEmpty {
            find(
                0, last + 1, "the log ends at record \(last), but \(live.sequence) were written",
                FindingMark(.shortOfLog, last, live.sequence))
        }
        if let place, let known, place.incarnation == known.incarnation, place.committed > known.committed {
            find(
                0, last, "the store is at revision \(known.committed), but it was at \(place.committed): an older copy was put in its place",
                FindingMark(.olderStore, known.committed, place.committed))
        }
        for index in verdict.findings.indices where accepted.contains(verdict.findings[index].mark) { verdict.findings[index].isKnown = true }
    }
}
