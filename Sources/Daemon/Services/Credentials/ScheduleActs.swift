import CofferCredentials
import CofferStore
import CofferWire

/// What can be done with schedules and sinks: run them now. Pruning is told by a rule, like a schedule's target.
struct ScheduleActs: Sendable {
    let credentials: Credentials
    let schedules: ScheduleRecords
    let sinks: SinkRecords

    func runSchedule(_ act: Act) async throws(Failure) -> CredentialActResponse {
        guard act.verb == "run" else { throw act.unknownVerb("run") }
        try act.finish(act.options, .schedule)
        let found = try schedules.find(act.caller, .run, act.id)
        let done = try await credentialCall { () async throws(CredentialError) in
            try await credentials.schedules.run(
                found.number, by: act.caller.selector, where: ScheduleRecords.permission(act.caller, .run))
        }
        let counts = done.state.counts
        return CredentialActResponse(
            record: schedules.record(done), result: Act.bounded(done.state.result),
            details: [
                RecordField("succeeded", "\(counts.succeeded)"), RecordField("failed", "\(counts.failed)"),
                RecordField("skipped", "\(counts.skipped)"),
            ])
    }

    func runSink(_ act: Act) async throws(Failure) -> CredentialActResponse {
        guard act.verb == "run" else { throw act.unknownVerb("run") }
        try act.finish(act.options, .sink)
        let caller = act.caller
        let found = try sinks.find(caller, .run, act.id)
        let done = try await credentialCall { () async throws(CredentialError) in
            try await credentials.sinks.run(found.number) { caller.allows(.sink, .run, of: $0.tenant, $0.name.bytes) }
        }
        let error = done.state.error
        return CredentialActResponse(
            record: sinks.record(done), result: Act.bounded(error.isEmpty ? "the file is as the store says" : error),
            details: [RecordField("ok", error.isEmpty ? "true" : "false")])
    }

    /// Disables or removes credentials that were found dead twice (decisions 16). The id is a name with `*`.
    func prune(_ act: Act) async throws(Failure) -> CredentialActResponse {
        var given = act.options
        let filter = CredentialFilter(
            pattern: act.id, tag: given.text("tag") ?? "", provider: given.text("provider") ?? "", pool: given.text("pool") ?? "")
        let word = given.text("action") ?? "disable"
        let dryRun = try given.bool("dry_run") ?? false
        try act.finish(given, .credential)
        let action: PruneAction
        switch word {
        case "disable": action = .disable
        case "remove": action = .remove
        default: throw Failure(.invalidArgument, "'action' must be disable or remove")
        }
        guard let tenant = act.caller.tenant, act.caller.rights.allowsAny(.credential, action == .remove ? .delete : .put) else { throw .denied }
        let isAllowed = CredentialRecords.permission(act.caller, action == .remove ? .delete : .put)
        let verdicts = try await credentialCall { () async throws(CredentialError) in
            try await credentials.schedules.prune(
                tenant: tenant, filter: filter, action: action, dryRun: dryRun, by: act.caller.selector, where: isAllowed)
        }
        let pruned = verdicts.count { $0.isPruned }
        let lines = verdicts.map { verdict in
            "\(verdict.credential) \(verdict.isPruned ? "pruned" : "kept") \(verdict.name.description): \(Name.printable(verdict.why.utf8))"
        }
        // It is about many: the record says no more than how many.
        return CredentialActResponse(
            record: Record(noun: "credential", id: act.id, revision: 0, fields: []),
            result: "\(pruned) of \(verdicts.count) dead or suspect credentials \(dryRun ? "would be" : "were") \(action == .remove ? "removed" : "disabled")",
            details: [
                RecordField("pruned", "\(pruned)"), RecordField("kept", "\(verdicts.count - pruned)"), RecordField("credentials", Act.fitting(lines)),
            ])
    }
}
