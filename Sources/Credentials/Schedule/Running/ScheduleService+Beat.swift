import CofferStore
import CofferUpstream
import Synchronization

// One look at what is due: a bounded part of it is begun.
extension ScheduleService {
    /// Refreshes before expiry that run at once, of all providers.
    static let maximumRunning = 256
    /// Refreshes that one beat begins.
    static let maximumPerBeat = 64
    /// Runs of schedules at once.
    static let maximumRuns = 16
    /// What was overdue at a start is begun so much apart, at most ``ScheduleState/catchUpSpread`` in all.
    static let catchUpGap: UInt64 = 250

    /// - Returns: milliseconds until something is due; `nil`: nothing is.
    func beat() -> UInt64? {
        guard !context.directory.isLocked else { return nil }
        let now = context.now
        let (needsPlan, needsCatchUp, touched) = desk.withLock { desk in
            defer { (desk.needsPlan, desk.needsCatchUp, desk.touched) = (false, false, []) }
            return (desk.needsPlan, desk.needsCatchUp, desk.touched)
        }
        if needsPlan { planAll(now) } else { plan(touched, now) }
        if needsCatchUp { catchUp(now) }
        beginRefreshes(now)
        beginRuns(now)
        return wait(context.now)
    }

    // MARK: Planning

    /// After a start, once; later only what has changed is looked at.
    private func planAll(_ now: UInt64) {
        let all = context.directory.read { memory in memory.order.compactMap { memory.credentials[$0] } }
        let providers = Dictionary(uniqueKeysWithValues: credentials.providers.list().map { ($0.name, $0) })
        desk.withLock { desk in
            desk.timing.forgetWays()
            desk.plan = RefreshPlan()
            var overdue: [UInt64] = []
            for credential in all where desk.running[credential.number] == nil {
                guard let due = desk.timing.next(of: credential, provider: providers[credential.provider], now: now).due else { continue }
                if due <= now { overdue.append(credential.number) }
                let earliest = desk.pauses[credential.number]?.until ?? 0
                desk.plan.set(credential.number, .init(due: max(due, earliest), lane: credential.provider))
            }
            let spread = min(UInt64(overdue.count) * Self.catchUpGap, ScheduleState.catchUpSpread)
            for number in overdue {
                guard let entry = desk.plan.entry(of: number) else { continue }
                let due = max(entry.due, now + Spread.of(number, now, within: spread))
                desk.plan.set(number, .init(due: due, lane: entry.lane))
            }
        }
    }

    private func plan(_ numbers: Set<UInt64>, _ now: UInt64) {
        guard !numbers.isEmpty else { return }
        let changed = context.directory.read { memory in numbers.map { ($0, memory.credentials[$0]) } }
        for (number, credential) in changed {
            let provider = credential.flatMap { credentials.providers.find($0.provider) }
            desk.withLock { desk in
                guard let credential, credential.deleted == 0 else {
                    desk.plan.set(number, nil)
                    desk.pauses[number] = nil
                    desk.lastChecks[number] = nil
                    return
                }
                guard desk.running[number] == nil, let due = desk.timing.next(of: credential, provider: provider, now: now).due else {
                    desk.plan.set(number, nil)
                    return
                }
                let earliest = desk.pauses[number]?.until ?? 0
                desk.plan.set(number, .init(due: max(due, earliest), lane: credential.provider))
            }
        }
    }

    // MARK: Refreshes before expiry

    private func beginRefreshes(_ now: UInt64) {
        let concurrency = Dictionary(uniqueKeysWithValues: credentials.providers.list().map { ($0.name, $0.concurrency) })
        let taken = desk.withLock { desk -> [(number: UInt64, lane: String)] in
            guard !desk.isStopped else { return [] }
            let limit = max(min(Self.maximumPerBeat, Self.maximumRunning - desk.running.count), 0)
            let perLane = desk.perLane
            let taken = desk.plan.take(at: now, limit: limit) { lane in (concurrency[lane] ?? 1) - (perLane[lane] ?? 0) }
            for (number, lane) in taken { desk.begin(number, lane) }
            return taken
        }
        for (number, _) in taken { Task { await self.refresh(number) } }
    }

    private func refresh(_ number: UInt64) async {
        var hasFailed = false
        do throws(CredentialError) {
            // Somebody who asked may have got a new token a moment ago.
            if isDue(number) { try await acting.refresh(number, relogin: false, kinds: ["access"], by: Self.principal) }
        } catch {
            hasFailed = true
        }
        let now = context.now
        desk.withLock { $0.end(number, hasFailed: hasFailed, now: now) }
        timer.nudge()
    }

    private func isDue(_ number: UInt64) -> Bool {
        guard let credential = context.directory.credential(number) else { return false }
        let provider = credentials.providers.find(credential.provider)
        let now = context.now
        return desk.withLock { $0.timing.next(of: credential, provider: provider, now: now).due.map { $0 <= now } ?? false }
    }

    // MARK: Runs

    /// What was missed while nothing ran happens once, spread out.
    private func catchUp(_ now: UInt64) {
        for schedule in list() {
            let isRunning = desk.withLock { $0.runs.contains(schedule.number) }
            var state = schedule.state
            guard !isRunning, state.catchUp(schedule, at: now) else { continue }
            // Until it is written it must not begin.
            desk.withLock { $0.delays[schedule.number] = now + 60_000 }
            Task {
                do throws(CredentialError) {
                    try await self.save(schedule.number) { state, schedule in _ = state.catchUp(schedule, at: now) }
                    desk.withLock { $0.delays[schedule.number] = nil }
                } catch {
                    desk.withLock { $0.needsCatchUp = true }
                }
            }
        }
    }

    private func beginRuns(_ now: UInt64) {
        let due = list().filter { $0.isEnabled && $0.state.nextRun != 0 && $0.state.nextRun <= now }
            .sorted { ($0.state.nextRun, $0.number) < ($1.state.nextRun, $1.number) }
        for schedule in due {
            let begins = desk.withLock { desk in
                guard !desk.isStopped, desk.runs.count < Self.maximumRuns, (desk.delays[schedule.number] ?? 0) <= now else { return false }
                desk.delays[schedule.number] = nil
                return desk.runs.insert(schedule.number).inserted
            }
            guard begins else { continue }
            Task {
                do throws(CredentialError) {
                    _ = try await self.execute(schedule.number, by: Self.principal)
                } catch {
                    // It could not be written that it runs: then it must not run either.
                    let later = context.now + 60_000
                    desk.withLock { $0.delays[schedule.number] = later }
                }
            }
        }
    }

    private func wait(_ now: UInt64) -> UInt64? {
        let concurrency = Dictionary(uniqueKeysWithValues: credentials.providers.list().map { ($0.name, $0.concurrency) })
        let (refresh, runs, delays) = desk.withLock { desk in
            // One whose provider is busy is looked at when a refresh of it ends.
            let perLane = desk.perLane
            let isFull = desk.running.count >= Self.maximumRunning
            let next = isFull ? nil : desk.plan.next { (perLane[$0] ?? 0) < (concurrency[$0] ?? 1) }
            return (next?.due, desk.runs, desk.delays)
        }
        let run = list().filter { $0.isEnabled && $0.state.nextRun != 0 && !runs.contains($0.number) }
            .map { max($0.state.nextRun, delays[$0.number] ?? 0) }.min()
        guard let next = [refresh, run].compactMap({ $0 }).min() else { return nil }
        return next > now ? next - now : 0
    }
}
