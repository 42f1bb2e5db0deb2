/// One line of the log: who did what to which name, with what result. Never a value.
public struct AuditRecord: Equatable, Sendable {
    /// Its place in the log, from 1; 0 while it is not written.
    public var sequence: UInt64
    /// Unix milliseconds; of several reads the first.
    public var time: UInt64
    /// Of several reads the last; otherwise equal to ``time``.
    public var last: UInt64
    /// Equal reads that this record stands for.
    public var count: UInt32
    public var who: AuditWho
    public var noun: AuditNoun
    public var action: AuditAction
    /// A number of protocol.md's errors; 0: it was done.
    public var result: UInt16
    /// 0: it lies in none, or the caller's did not exist.
    public var tenant: UInt64
    /// 0 to ``longestName`` bytes.
    public var name: [UInt8]
    /// 0: the active one, or there are none.
    public var version: UInt64
    /// Of a change; 0: nothing changed.
    public var revision: UInt64
    /// Of the value that a change wrote: 16 bytes, or none.
    public var digest: [UInt8]
    /// For people; 0 to ``longestNote`` bytes.
    public var note: String

    public static let longestName = 1_024
    public static let longestNote = 1_024

    public init(
        sequence: UInt64 = 0, time: UInt64, last: UInt64? = nil, count: UInt32 = 1, who: AuditWho, noun: AuditNoun, action: AuditAction,
        result: UInt16 = 0, tenant: UInt64 = 0, name: [UInt8] = [], version: UInt64 = 0, revision: UInt64 = 0, digest: [UInt8] = [],
        note: String = ""
    ) {
        self.sequence = sequence
        self.time = time
        self.last = last ?? time
        self.count = count
        self.who = who
        self.noun = noun
        self.action = action
        self.result = result
        self.tenant = tenant
        self.name = name
        self.version = version
        self.revision = revision
        self.digest = digest
        self.note = note
    }
}
