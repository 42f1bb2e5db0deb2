/// Which acts get a record each and which are counted, so that nobody fills the log by asking. A state machine without I/O.
///
/// A caller has some records at once and some more each second. What comes beyond is counted by caller, noun, action, result and route,
/// and comes out as one record for each. What is kept in memory is bounded, and so are the bytes of all records together.
struct RecordLimiter: Sendable {
    struct Limits: Sendable {
        /// Records of one caller.
        var records = Allowance.Rate(atOnce: 50, perSecond: 10)
        /// Bytes of all records.
        var bytes = Allowance.Rate(atOnce: 256 << 10, perSecond: 8 << 10)
        /// Callers that are told apart; all beyond are taken for one.
        var callers = 256
        /// What is counted apart; all beyond is counted together.
        var kinds = 64
        /// Milliseconds for which is counted.
        var period: UInt64 = 1_000

        /// Whoever asks for what they may not have.
        static let refusals = Limits()
        /// Whoever does what they may, through a door that has no table of reads.
        static let acts = Limits(
            records: .init(atOnce: 200, perSecond: 50), bytes: .init(atOnce: 4 << 20, perSecond: 256 << 10), callers: 4_096, kinds: 1_024)
    }

    /// One act, or several that are equal.
    struct Act {
        var who: AuditWho
        var noun: AuditNoun
        var action: AuditAction
        var result: UInt16
        var tenant: UInt64
        /// A pattern of a door; empty: there is none. Never what a caller chose.
        var route: [UInt8] = []
        var count: UInt32 = 1
        /// Unix milliseconds.
        var first: UInt64
        var last: UInt64
        /// Of its record.
        var bytes: Int
    }

    /// Who takes from one allowance: a uid, or what comes through a door from one network.
    private struct Caller: Hashable {
        let uid: UInt32
        let selector: String
        let door: String
        let network: String

        static let others = Caller(uid: AuditWho.unknownUID, selector: "", door: "", network: "")

        init(_ who: AuditWho) {
            let isLocal = who.uid != AuditWho.unknownUID
            self.init(
                uid: who.uid, selector: isLocal ? "" : who.selector, door: isLocal ? "" : who.door, network: isLocal ? "" : who.network)
        }

        private init(uid: UInt32, selector: String, door: String, network: String) {
            self.uid = uid
            self.selector = selector
            self.door = door
            self.network = network
        }
    }

    private struct Kind: Hashable {
        var caller: Caller
        var noun: AuditNoun
        var action: AuditAction
        var result: UInt16
        var route: [UInt8]
    }

    private struct Counted {
        var who: AuditWho
        var tenant: UInt64
        var first: UInt64
        var last: UInt64
        var count: UInt32
    }

    private let limits: Limits
    private var callers: [Caller: Allowance] = [:]
    private var others = Allowance()
    private var bytes = Allowance()
    private var counted: [Kind: Counted] = [:]
    /// When callers that have been quiet are looked for next.
    private var nextSweep: UInt64 = 0
    /// When what was counted is to be written, on the clock that callers bring; `nil`: nothing was.
    private(set) var due: UInt64?

    /// Bytes for which an act takes one record of its caller's; long names take more.
    private static let usualBytes = 512
    /// Of a record without any text.
    static let fixedBytes = 64
    static let note = "counted: there were too many for a record each"

    init(_ limits: Limits) { self.limits = limits }

    /// - Parameter now: milliseconds of a clock that never goes back.
    /// - Returns: whether it gets a record of its own; otherwise it is counted.
    mutating func admits(_ act: Act, now: UInt64) -> Bool {
        let caller = Caller(act.who)
        if takeRecord(caller, act.bytes, now), takeBytes(act.bytes, now, isCounted: false) { return true }
        count(act, caller, now)
        return false
    }

    private mutating func takeRecord(_ caller: Caller, _ bytes: Int, _ now: UInt64) -> Bool {
        let records = UInt64(1 + bytes / Self.usualBytes)
        if callers[caller] == nil, callers.count >= limits.callers {
            sweep(now)
            if callers.count >= limits.callers { return others.take(records, limits.records, now: now) }
        }
        return callers[caller, default: Allowance()].take(records, limits.records, now: now)
    }

    /// Forgets who has been quiet; not for each of a crowd.
    private mutating func sweep(_ now: UInt64) {
        guard now >= nextSweep else { return }
        nextSweep = now + limits.period
        callers = callers.filter { !$0.value.isWhole(now) }
    }

    /// A quarter stays for what is counted: that is always told.
    private mutating func takeBytes(_ amount: Int, _ now: UInt64, isCounted: Bool) -> Bool {
        var rate = limits.bytes
        if !isCounted { rate.atOnce -= rate.atOnce / 4 }
        return bytes.take(UInt64(max(amount, 0)), rate, now: now)
    }

    private mutating func count(_ act: Act, _ caller: Caller, _ now: UInt64) {
        var kind = Kind(caller: caller, noun: act.noun, action: act.action, result: act.result, route: act.route)
        var who = act.who
        if counted[kind] == nil, counted.count >= limits.kinds {
            kind = Kind(caller: .others, noun: .audit, action: .request, result: act.result == 0 ? 0 : kind.result, route: [])
            who = .others
        }
        if due == nil { due = now + limits.period }
        guard var known = counted[kind] else {
            counted[kind] = Counted(who: who.brief, tenant: act.tenant, first: act.first, last: act.last, count: act.count)
            return
        }
        known.first = min(known.first, act.first)
        known.last = max(known.last, act.last)
        known.count = known.count.addingReportingOverflow(act.count).overflow ? .max : known.count + act.count
        if known.tenant != act.tenant { known.tenant = 0 }
        counted[kind] = known
    }

    /// What was counted, as records; what finds no room in the bytes of all comes with the next.
    /// - Parameter isForced: also where it is not due yet.
    mutating func takeCounted(now: UInt64, isForced: Bool = false) -> [AuditRecord] {
        guard let due, isForced || now >= due else { return [] }
        var records: [AuditRecord] = []
        for (kind, counted) in counted {
            let record = AuditRecord(
                time: counted.first, last: counted.last, count: counted.count, who: counted.who, noun: kind.noun, action: kind.action,
                result: kind.result, tenant: counted.tenant, name: kind.route, note: Self.note)
            guard takeBytes(record.bytes, now, isCounted: true) || isForced else { continue }
            records.append(record)
            self.counted[kind] = nil
        }
        self.due = counted.isEmpty ? nil : now + limits.period
        return records
    }
}

extension RecordLimiter.Act {
    /// - Parameter hasRoute: whether the record's name is the pattern of a door.
    init(_ record: AuditRecord, hasRoute: Bool) {
        self.init(
            who: record.who, noun: record.noun, action: record.action, result: record.result, tenant: record.tenant,
            route: hasRoute ? record.name : [], count: record.count, first: record.time, last: record.last, bytes: record.bytes)
    }
}

extension AuditRecord {
    /// Bytes that it takes in the log, or somewhat more.
    var bytes: Int { RecordLimiter.fixedBytes + who.encoded.count + name.count + digest.count + note.utf8.count }
}
