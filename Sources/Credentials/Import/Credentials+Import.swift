import CofferAccounts
import CofferStore

extension Credentials {
    /// Brings credentials, pools and schedules: credentials in one batch, then the pools and schedules that may name them, one by one.
    ///
    /// What is there already stays as it is, so that the same rows can be brought again. Each row stands by itself: one that is refused
    /// has a note that says why, and the others come.
    /// - Parameter dryRun: everything is judged and nothing written. Members of pools that only this import would make count as missing.
    /// - Throws: `locked`, `storeFull`, … and then no credential was changed.
    public func bring(
        _ rows: [ImportRow], tenant: TenantID, dryRun: Bool, by principal: String
    ) async throws(CredentialError) -> ImportReport {
        let service = credentials
        let context = context
        let isCredential: @Sendable (ImportRow) -> Bool = { $0.noun == "credential" }
        let (revision, outcomes) = try await context.queue.run { () throws(CredentialError) in
            try context.directory.requireReady()
            var plan = try CredentialImportPlan(service, tenant: tenant)
            var outcomes: [Outcome] = []
            for row in rows where isCredential(row) {
                do throws(CredentialError) { outcomes.append(Outcome(try plan.add(row))) } catch { outcomes.append(Outcome(error)) }
            }
            let batch = try plan.batch()
            guard !batch.isEmpty else { return (context.store.revision, outcomes) }
            return (try context.commit(batch, dryRun: dryRun, by: principal).revision, outcomes)
        }
        var found = outcomes.makeIterator()
        var report = ImportReport(revision: revision, effects: [], notes: [])
        for row in rows {
            let outcome: Outcome
            if isCredential(row) {
                outcome = found.next() ?? Outcome(.refused)
            } else {
                do throws(CredentialError) {
                    outcome = Outcome(try await bring(other: row, tenant: tenant, dryRun: dryRun, by: principal))
                } catch {
                    outcome = Outcome(error)
                }
            }
            report.effects.append(outcome.effect)
            if let note = outcome.note { report.notes.append((row: report.effects.count - 1, text: note)) }
        }
        return report
    }

    /// What became of one row.
    private struct Outcome: Sendable {
        var effect: ImportReport.Effect
        var note: String?

        init(_ effect: ImportReport.Effect) { self.effect = effect }

        init(_ error: CredentialError) {
            effect = .refused
            // The protocol's limit of a note.
            var text = error.field.isEmpty ? error.message : "\(error.field): \(error.message)"
            while text.utf8.count > 300 { text.removeLast() }
            note = text
        }
    }

    private func bring(
        other row: ImportRow, tenant: TenantID, dryRun: Bool, by principal: String
    ) async throws(CredentialError) -> ImportReport.Effect {
        var fields = ImportedFields(row)
        switch row.noun {
        case "pool":
            let draft = try pool(&fields, tenant)
            if pools.find(tenant: tenant, name: draft.name.bytes) != nil { return .unchanged }
            if !dryRun { _ = try await pools.create(draft, by: principal) }
        case "schedule":
            let draft = try schedule(&fields, tenant)
            if schedules.find(tenant: tenant, name: draft.name.bytes) != nil { return .unchanged }
            if !dryRun { _ = try await schedules.create(draft, by: principal) }
        default:
            throw CredentialError(.invalidArgument, "noun", "there is no noun '\(Name.printable(row.noun.utf8.prefix(32)))'")
        }
        return .created
    }

    private func pool(_ fields: inout ImportedFields, _ tenant: TenantID) throws(CredentialError) -> PoolDraft {
        var draft = PoolDraft(tenant: tenant, name: try fields.name())
        draft.provider = fields.text("provider") ?? ""
        draft.memo = fields.text("memo") ?? ""
        draft.attributes = try fields.map("attributes")
        for name in fields.lines("members") {
            guard let member = credentials.find(tenant: tenant, name: Array(name.utf8)) else {
                throw CredentialError(.notFound, "members", "there is no credential '\(Name.printable(name.utf8))'")
            }
            draft.members.append(PoolMember(credential: member.number))
        }
        draft.ownToken = fields.secret("pool")
        try fields.finish()
        return draft
    }

    private func schedule(_ fields: inout ImportedFields, _ tenant: TenantID) throws(CredentialError) -> ScheduleDraft {
        let name = try fields.name()
        guard let action = ScheduleAction(word: try fields.needed("action")) else {
            throw CredentialError(.invalidArgument, "action", "it must be refresh, relogin, check or pool-refresh")
        }
        let target = CredentialFilter(
            pattern: fields.text("target") ?? "", tag: fields.text("target_tag") ?? "", provider: fields.text("target_provider") ?? "",
            pool: fields.text("target_pool") ?? "", attributes: try fields.map("target_attributes"))
        var draft = ScheduleDraft(tenant: tenant, name: name, action: action, target: target, rule: try ScheduleRule(try fields.needed("rule")))
        draft.timeZone = fields.text("time_zone") ?? ""
        draft.isEnabled = try fields.bool("enabled") ?? true
        draft.kinds = fields.lines("kinds")
        draft.attributes = try fields.map("attributes")
        try fields.finish()
        return draft
    }
}
