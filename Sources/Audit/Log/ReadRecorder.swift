import Atomics
import CofferStore

/// Counts the reads of one loop, and hands them to the log: on the way of a GET there is no lock and no allocation.
///
/// Used on its loop's thread only.
public final class ReadRecorder {
    private let log: AuditLog
    private var table: ReadTable {
        didSet { current = .passUnretained(table) }
    }
    /// The same, for those who count no references on the way of a get.
    private var current: Unmanaged<ReadTable>
    private let isOn: Bool
    /// Whether the answer of a read has to wait for its record.
    public let isSync: Bool
    /// Reads come faster than the log takes them.
    private var isBehind = false
    /// Refusals that found no room meanwhile. A read that finds none is not answered.
    private var lost: UInt64 = 0

    /// Since when nothing was read, on the loop's clock; 0: not known.
    private var idleSince: UInt64 = 0

    /// How long reads may stay in memory.
    private static let interval: UInt64 = 500
    /// How long a table that a burst of reads made large stays with a loop that reads nothing.
    private static let rest: UInt64 = 3_000

    init(_ log: AuditLog, table: ReadTable, reads: AuditOptions.Reads) {
        self.log = log
        self.table = table
        current = .passUnretained(table)
        isOn = reads != .off
        isSync = reads == .sync
    }

    /// Whether secrets may be handed out: one atomic load. False when the log has not been written for two seconds, unless reads are not
    /// recorded at all.
    @inline(__always)
    public var permits: Bool { !isOn || log.permitsChanges }

    /// A read that is about to be made: asks the memory for its place. `hash` as for ``count(_:_:_:hash:tenant:name:version:result:now:)``.
    @inline(__always)
    public func expect(_ action: AuditAction, _ noun: AuditNoun, _ who: AuditWho, hash: (low: UInt64, high: UInt64)) {
        if isOn { current._withUnsafeGuaranteedRef { $0.expect(hash.low, action, noun, who) } }
    }

    /// The same, when the memory has had time to answer: asks for what lies at that place.
    @inline(__always)
    public func approach(_ action: AuditAction, _ noun: AuditNoun, _ who: AuditWho, hash: (low: UInt64, high: UInt64)) {
        if isOn { current._withUnsafeGuaranteedRef { $0.approach(hash.low, action, noun, who) } }
    }

    /// Counts a read of a secret.
    /// - Parameters:
    ///   - hash: of tenant and name, by the store's reader; zeros where it has none.
    ///   - result: 0, or the error that the caller gets.
    /// - Returns: false where it cannot be recorded: the secret must not leave.
    @inline(__always)
    public func count(
        _ action: AuditAction, _ noun: AuditNoun, _ who: AuditWho, hash: (low: UInt64, high: UInt64), tenant: UInt64, name: UnsafeRawBufferPointer,
        version: UInt64, result: UInt16 = 0, now: UInt64
    ) -> Bool {
        guard isOn else { return true }
        let key = ReadTable.Key(
            low: hash.low, high: hash.high, tenant: tenant, version: version, noun: noun, action: action, result: result)
        if current._withUnsafeGuaranteedRef({ $0.count(key, who, name, now: now) }) { return true }
        handOver()
        if !isBehind, table.count(key, who, name, now: now) { return true }
        if result != 0 { lost += 1 }
        return false
    }

    /// When reads are to be handed over next, on the loop's clock; 0: there are none.
    @inline(__always)
    public func due(_ now: UInt64) -> UInt64 {
        let first = current._withUnsafeGuaranteedRef { $0.first }
        guard first != 0 else { return resting(now) }
        idleSince = 0
        // A clock that was put back holds nothing up.
        return now < first ? now : first + Self.interval
    }

    /// When an empty table is to go where its memory is given back.
    private func resting(_ now: UInt64) -> UInt64 {
        guard table.isLarge else { return 0 }
        if idleSince == 0 || now < idleSince { idleSince = now }
        return idleSince + Self.rest
    }

    /// Gives what was counted to the log.
    public func handOver() {
        guard table.count > 0 || table.isLarge else { return }
        idleSince = 0
        if let next = log.exchange(table, lost: lost) {
            table = next
            isBehind = false
            lost = 0
        } else {
            isBehind = true
        }
    }

    /// The store was locked: nothing more comes, and the log may let its keys go.
    public func handOverLast() {
        handOver()
        log.recorderIsEmpty()
    }
}
