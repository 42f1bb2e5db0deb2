import CofferAccounts
import CofferCredentials
import CofferStore
import CofferWire

/// `schedule`: what happens to credentials at times.
struct ScheduleRecords: RecordKind {
    let credentials: Credentials
    let noun = "schedule"

    private var service: ScheduleService { credentials.schedules }
    private var subjects: TenantSubjects { TenantSubjects(credentials: credentials) }

    func create(_ caller: Caller, _ fields: RecordFields, secret: SecretBuffer?) async throws(Failure) -> (record: Record, secret: SecretBuffer?) {
        var fields = fields
        let tenant = try subjects.tenant(caller)
        guard let name = try subjects.name(&fields, where: { caller.allows(.schedule, .create, of: tenant, $0) }) else {
            throw Failure(.invalidArgument, "the field 'name' is missing")
        }
        let action = try Self.action(try fields.required("action"))
        let rule = try Self.rule(try fields.required("rule"))
        let target = try FilterFields.take(&fields, from: CredentialFilter()) ?? CredentialFilter()
        var draft = ScheduleDraft(tenant: tenant, name: name, action: action, target: target, rule: rule)
        let change = try change(&fields)
        try fields.finish(.schedule)
        try RecordRules.refuse(secret)
        draft.apply(change)
        try ScheduleRights(caller: caller, tenant: tenant).require(draft.action, draft.target, draft.prune)
        let ready = draft
        return (record(try await credentialCall { () async throws(CredentialError) in try await service.create(ready, by: caller.selector) }), nil)
    }

    func list(_ caller: Caller, _ query: RecordQuery) async throws(Failure) -> RecordPageResult {
        let tenant = try subjects.tenant(caller)
        var filter = query.filter
        let isEnabled = try filter.bool("enabled")
        let action = filter.text("action")
        try filter.finish(.schedule)
        let after = try RecordRules.numberOfCursor(query.after)
        guard caller.rights.allowsAny(.schedule, .list) else { return RecordPageResult() }
        let all = service.list(tenant: tenant) { schedule in
            caller.allows(.schedule, .list, of: tenant, schedule.name.bytes) && (isEnabled == nil || schedule.isEnabled == isEnabled)
                && (action == nil || schedule.action.word == action)
        }
        return RecordRules.page(Array(all.drop { $0.number <= after }), total: all.count, query, record: record)
    }

    func show(_ caller: Caller, id: String) async throws(Failure) -> Record { record(try find(caller, .info, id)) }

    func update(_ caller: Caller, id: String, _ fields: RecordFields, secret: SecretBuffer?, expected: UInt64?) async throws(Failure) -> Record {
        var fields = fields
        let present = try find(caller, .put, id)
        let name = try subjects.name(&fields, where: { caller.allows(.schedule, .put, of: present.tenant, $0) })
        var change = try change(&fields)
        change.name = name
        if let word = fields.text("action") { change.action = try Self.action(word) }
        if let text = fields.text("rule") { change.rule = try Self.rule(text) }
        change.target = try FilterFields.take(&fields, from: present.target)
        try fields.finish(.schedule)
        try RecordRules.refuse(secret)
        // Whoever may change a schedule may stop it and move its time.
        if change.action != nil || change.target != nil || change.prune != nil {
            try ScheduleRights(caller: caller, tenant: present.tenant).require(
                change.action ?? present.action, change.target ?? present.target, change.prune ?? present.prune)
        }
        let ready = change
        return record(try await credentialCall { () async throws(CredentialError) in
            try await service.update(
                present.number, ready, expected: expected, by: caller.selector, where: Self.permission(caller, .put))
        })
    }

    func delete(_ caller: Caller, ids: [String]) async throws(Failure) -> Int {
        var numbers: [UInt64] = []
        for id in ids { numbers.append(try find(caller, .delete, id).number) }
        let all = numbers
        return try await credentialCall { () async throws(CredentialError) in
            try await service.delete(all, by: caller.selector, where: Self.permission(caller, .delete))
        }
    }

    // MARK: Parts

    func find(_ caller: Caller, _ action: Action, _ id: String) throws(Failure) -> Schedule {
        try subjects.find(
            caller, .schedule, action, id, byName: service.find(tenant:name:), byNumber: service.find, place: { ($0.tenant, $0.name) })
    }

    static func permission(_ caller: Caller, _ action: Action) -> Permission<Schedule> {
        { caller.allows(.schedule, action, of: $0.tenant, $0.name.bytes) }
    }

    private static func action(_ word: String) throws(Failure) -> ScheduleAction {
        guard let action = ScheduleAction(word: word) else {
            throw Failure(.invalidArgument, "'action' must be refresh, relogin, check, pool-refresh or job:NAME")
        }
        return action
    }

    private static func rule(_ text: String) throws(Failure) -> ScheduleRule {
        do throws(CredentialError) { return try ScheduleRule(text) } catch { throw Failure(error) }
    }

    /// What can be given at creation and later alike.
    private func change(_ fields: inout RecordFields) throws(Failure) -> ScheduleChange {
        var change = ScheduleChange()
        change.isEnabled = try fields.bool("enabled")
        change.timeZone = fields.text("time_zone")
        if let value = try fields.number("count", 0...1_000_000_000) { change.count = UInt32(clamping: value) }
        if let value = try fields.number("jitter", 0...86_400) { change.jitter = UInt32(clamping: value) }
        change.kinds = fields.lines("kinds")
        if let word = fields.text("prune") {
            guard !word.isEmpty else {
                change.prune = .some(nil)
                return try attributes(&fields, change)
            }
            guard let prune = PruneAction(word: word) else {
                throw Failure(.invalidArgument, "'prune' must be empty, disable, remove or sink:NAME")
            }
            change.prune = .some(prune)
        }
        return try attributes(&fields, change)
    }

    private func attributes(_ fields: inout RecordFields, _ change: ScheduleChange) throws(Failure) -> ScheduleChange {
        var change = change
        change.attributes = try fields.map("attributes") ?? [:]
        return change
    }

    func record(_ schedule: Schedule) -> Record {
        let state = schedule.state
        var builder = RecordBuilder()
        builder.text("name", schedule.name.description)
        builder.number("number", schedule.number)
        builder.bool("enabled", schedule.isEnabled)
        builder.text("action", schedule.action.word)
        FilterFields.show(schedule.target, in: &builder)
        builder.text("rule", schedule.rule.description)
        builder.text("time_zone", schedule.timeZone)
        builder.number("count", schedule.count)
        builder.number("jitter", schedule.jitter)
        builder.lines("kinds", schedule.kinds)
        builder.text("prune", schedule.prune?.word ?? "")
        builder.map("attributes", schedule.attributes)
        builder.time("next_run", state.nextRun)
        builder.time("planned", state.planned)
        builder.time("last_run", state.lastRun)
        builder.time("last_end", state.lastEnd)
        builder.bool("running", state.isRunning)
        builder.number("succeeded", state.counts.succeeded)
        builder.number("failed", state.counts.failed)
        builder.number("skipped", state.counts.skipped)
        builder.text("result", state.result)
        builder.number("failures", state.failures)
        builder.time("created", schedule.created)
        builder.time("updated", schedule.updated)
        return builder.record(noun, id: schedule.name.description, revision: schedule.revision)
    }
}

extension Schedule: Numbered {}

extension ScheduleDraft {
    fileprivate mutating func apply(_ change: ScheduleChange) {
        if let value = change.isEnabled { isEnabled = value }
        if let value = change.timeZone { timeZone = value }
        if let value = change.count { count = value }
        if let value = change.jitter { jitter = value }
        if let value = change.kinds { kinds = value }
        if let value = change.prune { prune = value }
        attributes = change.attributes.compactMapValues { $0 }
    }
}
