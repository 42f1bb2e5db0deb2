import CofferStore

// Accepting what verifying finds.
extension AuditLog {
    /// Verifying a full log takes its time, and nothing is written meanwhile.
    private static let repairMilliseconds = 120_000

    /// Accepts what ``AuditReading/verify(stored:)`` finds now, in records of their own. Where the log cannot go on behind it, it begins
    /// anew in another file. What is there stays. Blocks.
    /// - Parameter stored: as the log gave it to the store with the last change; `nil`: the store knows of no log.
    /// - Returns: what was done, for people.
    /// - Throws: `locked`; `audit-unavailable` where that cannot be written either.
    public func repair(by who: AuditWho, stored: [UInt8]?) throws(StoreError) -> String {
        if let note = try beginAnew(by: who, isForced: false) { return note }
        let news = try reading().verify(stored: stored).news
        guard !news.isEmpty else { return "nothing to repair: the log is whole, and written" }
        let number = monitor.locked { extent?.number }
        // What is written behind damage in the same file can never be read.
        if news.contains(where: { $0.file == number }), let note = try beginAnew(by: who, isForced: true) { return note }
        monitor.locked { cut = "" }
        try require(AuditVerdict.Finding.acceptances(of: news, by: who, time: clock()))
        return news.count == 1 ? "accepted: \(news[0].message)" : "accepted \(news.count) findings, the first: \(news[0].message)"
    }

    private func beginAnew(by who: AuditWho, isForced: Bool) throws(StoreError) -> String? {
        let ticket = LogTicket<Result<String?, StoreError>>()
        monitor.locked {
            commands.append(.repair(who, isForced, ticket))
            monitor.signal()
        }
        guard let answer = ticket.wait(milliseconds: Self.repairMilliseconds) else { throw unavailable }
        return try answer.get()
    }
}
