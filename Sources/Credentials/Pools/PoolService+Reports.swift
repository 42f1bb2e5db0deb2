import CofferAccounts
import CofferStore
import Synchronization

extension PoolService {
    /// What a caller met with the token that it got under a lease. Works on memory: waits for nothing.
    /// - Parameters:
    ///   - lease: 16 bytes. A second report of the same lease changes nothing.
    ///   - isAllowed: judged to the pool as it is now.
    /// - Throws: `invalidArgument` for what is no lease; `notFound` for one that is unknown or older than 60 s; `denied`; `locked`.
    @discardableResult
    public func report(
        lease: [UInt8], _ verdict: ReportedVerdict, by principal: String, where isAllowed: Permission<Pool> = { _ in true }
    ) throws(CredentialError) -> PoolReportResult {
        guard let id = LeaseID(lease) else { throw CredentialError(.invalidArgument, "lease", "a lease has 16 bytes") }
        try context.directory.requireReady()
        let unknown = CredentialError(.notFound, "lease", "there is no such lease; one lasts for 60 seconds")
        guard let pool = memory.withLock({ memory in memory.pool(of: id).flatMap { memory.pools[$0]?.pool } }) else { throw unknown }
        guard isAllowed(pool) else { throw .notAllowed }
        return try take(of: pool.number, orThrow: unknown) { machine, now, jitter in
            machine.report(id, verdict, now: now, jitter: jitter)
        }
    }

    /// The same by somebody who does not know the lease. It counts for the member's newest lease that is out; without one it can make a live
    /// member wait, and proves nothing else.
    /// - Parameter credential: 0: the pool's own token.
    /// - Throws: `notFound`, `denied`, `locked`.
    @discardableResult
    public func report(
        pool number: UInt64, credential: UInt64, _ verdict: ReportedVerdict, by principal: String,
        where isAllowed: Permission<Pool> = { _ in true }
    ) throws(CredentialError) -> PoolReportResult {
        try context.directory.requireReady()
        guard isAllowed(try existing(number)) else { throw .notAllowed }
        return try take(of: number, orThrow: .noMember) { machine, now, jitter in
            machine.report(of: credential, verdict, now: now, jitter: jitter)
        }
    }

    /// Makes a member live again, whatever was known of it. Its credential is not changed: a dead one takes part when that is revived too.
    /// - Parameter credential: 0: the pool's own token.
    /// - Throws: `notFound`, `denied`, `locked`.
    public func revive(
        pool number: UInt64, credential: UInt64, by principal: String, where isAllowed: Permission<Pool> = { _ in true }
    ) throws(CredentialError) {
        try context.directory.requireReady()
        guard isAllowed(try existing(number)) else { throw .notAllowed }
        let now = context.now
        let isThere = memory.withLock { memory in memory.pools[number]?.machine.revive(credential, now: now) ?? false }
        guard isThere else { throw .noMember }
        scheduleSaving()
    }

    private func take(
        of number: UInt64, orThrow unknown: CredentialError, _ report: (inout PoolMachine, UInt64, UInt64) -> PoolMachine.Judged?
    ) throws(CredentialError) -> PoolReportResult {
        let now = context.now
        let jitter = UInt64(min(max(context.options.jitter(), 0), 1) * 1_023)
        let found = memory.withLock { memory -> (judged: PoolMachine.Judged, member: PoolMachine.Member?, known: UInt64)? in
            guard let place = memory.pools.index(forKey: number),
                let judged = report(&memory.pools.values[place].machine, now, jitter)
            else { return nil }
            let machine = memory.pools.values[place].machine
            return (judged, machine.member(judged.credential), machine.knowledge(of: judged.credential))
        }
        guard let (judged, member, known) = found else { throw unknown }
        if judged.effect == .taken { scheduleSaving() }
        if judged.needsAttention { attend(judged.credential, kind: judged.kind, in: number, since: known) }
        let until = member?.health.until ?? 0
        return PoolReportResult(
            effect: judged.effect, pool: number, credential: judged.credential, state: member?.health.state ?? .live,
            until: until > now ? until : 0)
    }

    // MARK: After a 401

    /// One caller's 401 is a reason to look, no verdict: the token is refreshed, and where that is not possible, checked. A fresh token lets
    /// one request through by itself. At most each ten minutes of a member, whatever callers say (``MemberHealth/floor``).
    private func attend(_ credential: UInt64, kind: String, in pool: UInt64, since known: UInt64) {
        guard isRunning.load(ordering: .acquiring) else { return }
        let tokens = tokens
        Task { [weak self] in
            do throws(CredentialError) {
                let report = try await tokens.refresh(credential, options: RefreshOptions(kinds: [kind]), by: "coffer")
                if report.isRenewed { return }
            } catch {}
            do throws(CredentialError) {
                guard try await tokens.check(credential, by: "coffer").verdict == .live else { return }
                self?.clear(credential, in: pool, since: known)
            } catch {}
        }
    }

    /// For ``clear(_:in:since:)``: taken before the check begins.
    func knowledge(ofOwn pool: UInt64) -> UInt64 { memory.withLock { $0.pools[pool]?.machine.knowledge(of: 0) ?? 0 } }

    /// A check found a suspect's token alive.
    func clear(_ credential: UInt64, in pool: UInt64, since known: UInt64) {
        let now = context.now
        memory.withLock { memory in memory.pools[pool]?.machine.cleared(credential, since: known, now: now) }
        scheduleSaving()
    }
}
