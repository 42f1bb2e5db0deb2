import CofferAccounts
import CofferStore

extension ScheduleService {
    /// Disables or removes credentials that two verdicts at least ten minutes apart say are dead (decisions 16). Never one that nobody
    /// could ask about. Removed ones can be brought back.
    /// - Parameters:
    ///   - action: `disable` or `remove`.
    ///   - dryRun: only says what would be done.
    ///   - isAllowed: those that it refuses are left out.
    /// - Returns: all credentials of the filter that are dead or suspect, ascending by number, with what became of each and why.
    public func prune(
        tenant: TenantID, filter: CredentialFilter, action: PruneAction, dryRun: Bool, by principal: String,
        where isAllowed: @escaping Permission<Credential> = { _ in true }
    ) async throws(CredentialError) -> [PruneVerdict] {
        try filter.check()
        if case .sink = action { throw CredentialError(.invalidArgument, "action", "the action must be disable or remove") }
        try context.directory.requireReady()
        var verdicts: [PruneVerdict] = []
        for credential in try covered(by: filter, tenant: tenant) where isAllowed(credential) {
            guard credential.state.phase == .dead || credential.state.suspectSince != 0 else { continue }
            let isConfirmed = PruneRule.isConfirmed(credential)
            let isDone = action == .disable && !credential.isEnabled
            var verdict = PruneVerdict(
                credential: credential.number, name: credential.name, isPruned: isConfirmed && !isDone,
                why: isConfirmed && isDone ? "disabled already" : PruneRule.reason(for: credential))
            if verdict.isPruned, !dryRun {
                do throws(CredentialError) {
                    try await prune(credential, action, by: principal, where: isAllowed)
                } catch {
                    verdict.isPruned = false
                    verdict.why = "not pruned: \(error.message)"
                }
            }
            verdicts.append(verdict)
        }
        return verdicts
    }

    /// Judged again on the change queue: a person may have given it new tokens a moment ago.
    private func prune(
        _ credential: Credential, _ action: PruneAction, by principal: String, where isAllowed: @escaping Permission<Credential>
    ) async throws(CredentialError) {
        let stillHolds: Permission<Credential> = { isAllowed($0) && PruneRule.isConfirmed($0) }
        if action == .remove {
            _ = try await credentials.delete([credential.number], by: principal, where: stillHolds)
        } else {
            var change = CredentialChange()
            change.isEnabled = false
            _ = try await credentials.update(credential.number, change, by: principal, where: stillHolds)
        }
    }

    /// What follows from a run's verdicts.
    /// - Returns: a note for the run's result; "" nothing followed.
    func prune(after schedule: Schedule) async -> String {
        guard let action = schedule.prune else { return "" }
        do throws(CredentialError) {
            if case .sink(let name) = action { return try notify(name, schedule) }
            let done = try await prune(
                tenant: schedule.tenant, filter: schedule.target, action: action, dryRun: false, by: Self.principal
            ).count { $0.isPruned }
            return done == 0 ? "" : "\(done) \(action == .remove ? "removed" : "disabled")"
        } catch {
            return "pruning failed: \(error.message)"
        }
    }

    /// Only for verdicts that this run confirmed: the sink is not called again for those that it knows.
    private func notify(_ name: DocumentName, _ schedule: Schedule) throws(CredentialError) -> String {
        let died = try covered(by: schedule.target, tenant: schedule.tenant).count { credential in
            PruneRule.isConfirmed(credential) && max(credential.state.lastCheck, credential.state.since) >= schedule.state.lastRun
        }
        guard died > 0 else { return "" }
        guard let sink = sinks.find(tenant: schedule.tenant, name: name.bytes) else {
            throw CredentialError(.notFound, "prune", "there is no sink of this name")
        }
        sinks.trigger(sink.number)
        return "\(died) died, sink called"
    }
}
