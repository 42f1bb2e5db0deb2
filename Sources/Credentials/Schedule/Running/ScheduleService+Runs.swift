import CofferAccounts
import CofferStore
import Synchronization

extension ScheduleService {
    /// Credentials of a run that are worked on at once; what their providers allow is less, and the refresh machine's to keep.
    private static let atOnce = 16

    /// Runs a schedule now, disabled or not, and waits for its end. Its next run by itself is planned from this one.
    /// - Throws: `notFound`, `denied`; `busy` while it runs.
    public func run(
        _ number: UInt64, by principal: String, where isAllowed: @escaping Permission<Schedule> = { _ in true }
    ) async throws(CredentialError) -> Schedule {
        try context.directory.requireReady()
        guard isAllowed(try existing(number)) else { throw .notAllowed }
        try context.requireInEarnest()
        let begins = desk.withLock { desk in !desk.isStopped && desk.runs.insert(number).inserted }
        guard begins else { throw CredentialError(.busy, "schedule", "the schedule runs already, or the daemon stops", retryAfter: 1_000) }
        return try await execute(number, by: principal)
    }

    /// One run of a schedule whose number stands in ``ScheduleDesk/runs``.
    func execute(_ number: UInt64, by principal: String) async throws(CredentialError) -> Schedule {
        defer {
            desk.withLock { _ = $0.runs.remove(number) }
            timer.nudge()
        }
        let began = context.now
        try await save(number) { state, schedule in state.begin(schedule, at: began) }
        let schedule = try existing(number)
        let outcome = await perform(schedule, by: principal)
        // Not at its end: the next start takes it up.
        guard !desk.withLock({ $0.isStopped }) else { throw CredentialError(.failed, "", "the daemon stops") }
        let ended = context.now
        try await save(number) { state, schedule in state.end(schedule, at: ended, outcome) }
        return find(number) ?? schedule
    }

    private func perform(_ schedule: Schedule, by principal: String) async -> RunOutcome {
        switch schedule.action {
        case .job(let name): return await perform(job: name, schedule, by: principal)
        case .poolRefresh: return await renewPools(schedule, by: principal)
        case .refresh, .relogin, .check: break
        }
        var outcome = RunOutcome()
        outcome.turns = schedule.state.turns
        let candidates: [Credential]
        do throws(CredentialError) { candidates = try covered(by: schedule.target, tenant: schedule.tenant) } catch {
            outcome.error = error
            return outcome
        }
        let selection = RunSelection(schedule, among: candidates, lastChecks: desk.withLock { $0.lastChecks }, now: context.now)
        outcome.counts.skipped = selection.skippedCount
        outcome.reasons = selection.skipped
        await work(selection.chosen) { number in await self.serve(number, schedule, by: principal) } each: { number, result in
            outcome.note(number, result, schedule, now: self.context.now)
        }
        // Turns of those that are gone, or served since, say nothing any more.
        let served = Dictionary(uniqueKeysWithValues: candidates.map { ($0.number, $0) })
        outcome.turns = outcome.turns.filter { turn in
            guard let credential = context.directory.credential(turn.key), served[turn.key] != nil else { return false }
            return turn.value > (schedule.action == .check ? credential.state.lastCheck : credential.state.lastRefresh)
        }
        if schedule.prune != nil { outcome.note = await prune(after: schedule) }
        return outcome
    }

    /// What one credential's turn came to.
    struct Served: Sendable {
        var isGood: Bool
        /// "" nothing to say.
        var why = ""
        /// It had no turn.
        var isSkipped = false
    }

    private func serve(_ number: UInt64, _ schedule: Schedule, by principal: String) async -> Served {
        if desk.withLock({ $0.isStopped }) { return Served(isGood: false, isSkipped: true) }
        do throws(CredentialError) {
            switch schedule.action {
            case .check:
                let now = context.now
                desk.withLock { $0.lastChecks[number] = now }
                let outcome = try await acting.check(number, by: principal)
                return Served(isGood: outcome.isLive, why: outcome.isLive ? "" : outcome.word)
            default:
                let kinds = schedule.kinds.isEmpty ? ["access"] : schedule.kinds
                try await acting.refresh(number, relogin: schedule.action == .relogin, kinds: kinds, by: principal)
                return Served(isGood: true, why: "")
            }
        } catch {
            return Served(isGood: false, why: error.code.rawValue)
        }
    }

    private func renewPools(_ schedule: Schedule, by principal: String) async -> RunOutcome {
        var outcome = RunOutcome()
        let pools = acting.pools(tenant: schedule.tenant, matching: schedule.target)
        let turns = schedule.state.turns
        let ordered = pools.sorted { (turns[$0] ?? 0, $0) < (turns[$1] ?? 0, $1) }
        let chosen = schedule.count == 0 ? ordered : Array(ordered.prefix(Int(schedule.count)))
        outcome.turns = turns.filter { pools.contains($0.key) }
        await work(chosen) { number in
            do throws(CredentialError) {
                try await self.acting.renewPool(number, by: principal)
                return Served(isGood: true, why: "")
            } catch {
                return Served(isGood: false, why: error.code.rawValue)
            }
        } each: { number, result in
            outcome.note(number, result, schedule, now: self.context.now)
            // Nothing else says when a pool had its turn.
            outcome.turns[number] = self.context.now
        }
        return outcome
    }

    private func perform(job name: String, _ schedule: Schedule, by principal: String) async -> RunOutcome {
        var outcome = RunOutcome()
        guard let job = job(name) else {
            outcome.error = CredentialError(.notFound, "action", "no door of this daemon knows the job '\(name)'")
            return outcome
        }
        do throws(CredentialError) {
            let report = try await job.run(schedule, by: principal)
            outcome.counts = report.counts
            outcome.note = report.note
        } catch {
            outcome.error = error
        }
        return outcome
    }

    /// Credentials of the tenant that the filter covers, ascending.
    /// - Throws: `notFound` where it names a pool that is not there.
    func covered(by filter: CredentialFilter, tenant: TenantID) throws(CredentialError) -> [Credential] {
        var members: Set<UInt64>?
        if !filter.pool.isEmpty {
            members = acting.members(tenant: tenant, pool: filter.pool)
            if members == nil { throw CredentialError(.notFound, "target", "there is no pool of this name") }
        }
        return credentials.list(tenant: tenant) { filter.covers($0, members: members) }
    }

    /// In order, some at once.
    private func work(
        _ numbers: [UInt64], _ job: @escaping @Sendable (UInt64) async -> Served, each: (UInt64, Served) -> Void
    ) async {
        await withTaskGroup(of: (UInt64, Served).self) { group in
            var rest = numbers[...]
            for _ in 0..<Self.atOnce {
                guard let number = rest.popFirst() else { break }
                group.addTask { (number, await job(number)) }
            }
            while let (number, result) = await group.next() {
                each(number, result)
                if let number = rest.popFirst() { group.addTask { (number, await job(number)) } }
            }
        }
    }
}

extension RunOutcome {
    mutating func note(_ number: UInt64, _ result: ScheduleService.Served, _ schedule: Schedule, now: UInt64) {
        if result.isSkipped {
            counts.skipped += 1
        } else if result.isGood {
            counts.succeeded += 1
        } else {
            counts.failed += 1
            turns[number] = now
        }
        if !result.why.isEmpty { reasons[result.why, default: 0] += 1 }
    }
}
