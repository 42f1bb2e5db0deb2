import CofferStore

// Beginning the log anew behind damage.
extension LogCore {
    /// - Parameter isForced: also where the log can be written.
    /// - Returns: what was done, for people; `nil`: the log is written and nothing was to do.
    func repair(_ who: AuditWho, isForced: Bool) -> Result<String?, StoreError> {
        guard let (keys, store) = opened else { return .failure(StoreError(.locked, "the store is locked")) }
        let trouble = log.monitor.locked { log.health.trouble }
        if let trouble, trouble.kind != .broken {
            return .failure(StoreError(.audit, "\(trouble.message): the log goes on by itself when that is over"))
        }
        guard let reason = trouble?.message ?? (isForced ? "the file that was written is damaged" : nil) else { return .success(nil) }
        do throws(LogTrouble) {
            let stored = files?.head ?? (try? Self.head(store.head))
            let fresh = try LogFiles(
                repairing: AuditFolder(path: log.folder), keys: keys, storeID: store.storeID, stored: stored, kept: kept, limits: limits,
                now: log.clock())
            let note = "the chain begins anew in file \(fresh.file.number) with record \(fresh.head.sequence + 1): \(reason)"
            do throws(LogTrouble) {
                try begin(fresh, note, stored: stored, by: who)
            } catch {
                fresh.abandon()
                throw error
            }
            take(fresh)
            succeeded()
            return .success(note)
        } catch {
            return .failure(StoreError(.audit, error.message))
        }
    }

    /// The first records say what was repaired, and accept what verifying finds at this moment: nothing that is done to the log later,
    /// or that nobody could see yet.
    private func begin(_ fresh: LogFiles, _ note: String, stored: ChainHead?, by who: AuditWho) throws(LogTrouble) {
        let extent = LogExtent(
            keys: fresh.keys, storeID: fresh.storeID, number: fresh.file.number, length: fresh.file.length, head: fresh.head)
        let verdict: AuditVerdict
        do throws(StoreError) {
            verdict = try AuditReading(folder: log.folder, extent: extent).verdict(
                stored: stored?.encoded(), kept: nil, live: nil, place: nil)
        } catch {
            throw LogTrouble(kind: .unavailable, message: error.message)
        }
        let now = log.clock()
        let records = RecordBuffer()
        RecordLayout.write(AuditRecord(time: now, who: who, noun: .audit, action: .repair, note: note), to: records)
        for record in AuditVerdict.Finding.acceptances(of: verdict.news, by: who, time: now) { RecordLayout.write(record, to: records) }
        var offset = 0
        try fresh.write(records, from: &offset, prologue: prologue)
        try fresh.sync()
    }
}
