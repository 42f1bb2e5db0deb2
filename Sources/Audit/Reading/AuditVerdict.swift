/// What verifying a log found.
public struct AuditVerdict: Sendable, Equatable {
    public struct Finding: Sendable, Equatable {
        /// The file's number; 0: the log as a whole.
        public var file: UInt64
        /// The record at which it shows; 0: none can be named.
        public var record: UInt64
        public var message: String
        /// Somebody began the log anew behind it, or the log itself did: it is no news.
        public var isKnown: Bool
    }

    public var files = 0
    public var records: UInt64 = 0
    /// The first and the last record that are there.
    public var first: UInt64 = 0
    public var last: UInt64 = 0
    public var findings: [Finding] = []

    /// Nothing is wrong but what is known.
    public var isGood: Bool { findings.allSatisfy(\.isKnown) }
}
