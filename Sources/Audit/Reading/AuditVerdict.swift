import CofferStore

/// What verifying a log found.
public struct AuditVerdict: Sendable, Equatable {
    public struct Finding: Sendable, Equatable {
        /// The file's number; 0: the log as a whole.
        public var file: UInt64
        /// The record at which it shows; 0: none can be named.
        public var record: UInt64
        public var message: String
        /// Somebody accepted it with a repair, or the log itself went on in front of it: it is no news.
        public var isKnown: Bool
        /// What it is, in ``AuditKeys/digestSize`` bytes that nobody without the key can make: other damage at the same place has another.
        var mark: [UInt8]
    }

    public var files = 0
    public var records: UInt64 = 0
    /// The first and the last record that are there.
    public var first: UInt64 = 0
    public var last: UInt64 = 0
    public var findings: [Finding] = []

    /// Nothing is wrong but what is known.
    public var isGood: Bool { findings.allSatisfy(\.isKnown) }

    /// What nobody has accepted yet.
    var news: [Finding] { findings.filter { !$0.isKnown } }
}

extension AuditVerdict.Finding {
    /// Records that accept these, one each: whoever verifies later takes them, and nothing else, for known.
    static func acceptances(of findings: [Self], by who: AuditWho, time: UInt64) -> [AuditRecord] {
        findings.map {
            AuditRecord(time: time, who: who, noun: .audit, action: .repair, version: $0.file, digest: $0.mark, note: "accepts: \($0.message)")
        }
    }
}

/// What a finding is made of, for its mark.
struct FindingMark {
    enum Kind: UInt8 {
        case unreadable = 1, badEnd, missing, newChain, otherRecord, shortOfStore, shortOfLog, cut, shortOfKept, headFile, olderStore
    }

    private static let label = Array("coffer/f".utf8)
    private var writer: FieldWriter

    init(_ kind: Kind, _ first: UInt64 = 0, _ second: UInt64 = 0, _ more: [UInt8] = []) {
        writer = FieldWriter(reserving: 64)
        writer.u8(kind.rawValue)
        writer.u64(first)
        writer.u64(second)
        writer.raw(more)
    }

    func bytes(_ keys: AuditKeys) -> [UInt8] { Array(keys.link(of: Self.label + writer.bytes).prefix(AuditKeys.digestSize)) }
}
