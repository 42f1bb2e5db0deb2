/// One thing that is not as the store left it.
public struct ScrubFinding: Equatable, Sendable {
    public enum Kind: UInt8, Sendable, CaseIterable, CustomStringConvertible {
        /// A record that does not authenticate, or whose fields make no sense.
        case damaged = 1
        /// The table has fewer records than the store wrote into it.
        case vanished = 2
        /// The table has more records than the store wrote into it.
        case appeared = 3
        /// An authentic record that is not the present one of its place: an older one was put back.
        case putBack = 4
        /// A value that its name record does not know.
        case orphan = 5
        /// A version of a secret whose value is not there.
        case missingValue = 6
        /// A value, or a listed name, without its name record.
        case missingName = 7
        /// A secret that the list of names does not show, or shows otherwise.
        case unlisted = 8
        /// Two records that contradict each other.
        case contradiction = 9

        public var description: String {
            switch self {
            case .damaged: "damaged"
            case .vanished: "vanished"
            case .appeared: "appeared"
            case .putBack: "put-back"
            case .orphan: "orphan"
            case .missingValue: "missing-value"
            case .missingName: "missing-name"
            case .unlisted: "unlisted"
            case .contradiction: "contradiction"
            }
        }
    }

    public var kind: Kind
    /// Its name in the store; `header` for the header.
    public var table: String
    /// 0: not known, or of no tenant.
    public var tenant: TenantID
    /// Of the secret, document or budget; empty where it cannot be known.
    public var name: [UInt8]
    /// Of the secret; 0: not about one version.
    public var version: UInt64
    /// A sentence for people; never a value.
    public var message: String
}

/// What a scrub found.
public struct ScrubReport: Equatable, Sendable {
    public struct TableCount: Equatable, Sendable {
        public var table: String
        public var records: UInt64
    }

    /// Unix milliseconds.
    public var began: UInt64 = 0
    /// Unix milliseconds.
    public var finished: UInt64 = 0
    /// The store as it was at this revision was looked at.
    public var revision: UInt64 = 0
    /// 16 bytes.
    public var incarnation: [UInt8] = []
    /// Records that were opened.
    public var records: UInt64 = 0
    /// Their sealed bytes.
    public var bytes: UInt64 = 0
    /// Of each table that has any, in the order of their numbers.
    public var tables: [TableCount] = []
    /// The first ``largestList`` of them.
    public var findings: [ScrubFinding] = []
    /// How many there are in all.
    public var findingCount: UInt64 = 0

    public static let largestList = 1_000

    public var isGood: Bool { findingCount == 0 }

    mutating func add(_ finding: ScrubFinding) {
        findingCount += 1
        if findings.count < Self.largestList { findings.append(finding) }
    }
}
