import CofferAccounts
import CofferStore

extension ScheduleService {
    /// Makes a schedule. Its first run is the rule's next moment from now on.
    /// - Throws: `alreadyExists` for a name that the tenant has; `invalidArgument` with `name`, `target`, `days`, `minutes`, `time_zone`,
    ///   `count`, `jitter`, `kinds`, `action`, `prune` or `attributes`.
    public func create(_ draft: ScheduleDraft, by principal: String) async throws(CredentialError) -> Schedule {
        let context = context
        let zone = draft.timeZone.isEmpty ? ScheduleZone.local : draft.timeZone
        let number = try await context.queue.run { () throws(CredentialError) in
            try context.directory.requireReady()
            let now = context.now
            let number = try context.directory.next(.schedule)
            var schedule = Schedule(
                number: number, tenant: draft.tenant, name: draft.name, isEnabled: draft.isEnabled, action: draft.action,
                target: draft.target, rule: draft.rule, timeZone: zone, count: draft.count, jitter: draft.jitter, kinds: draft.kinds,
                prune: draft.prune, attributes: draft.attributes, created: now, updated: now)
            try schedule.check()
            guard self.find(tenant: draft.tenant, name: draft.name.bytes) == nil else { throw Self.isTaken }
            schedule.state.plan(schedule, after: now)
            try context.commit(
                [
                    .putDocument(.schedules, try RecordDocument.settingsName(number), schedule.encoded, expected: .exactly(0)),
                    .putDocument(.schedules, try RecordDocument.stateName(number), schedule.state.encoded, expected: .any),
                    try CredentialSequence.schedule.mutation(last: number),
                ], by: principal)
            return number
        }
        return try existing(number)
    }

    /// Changes a schedule. A changed rule or zone, or being enabled, plans it anew from its last run, or from now where that is over.
    /// - Parameters:
    ///   - expected: the revision that must have changed its settings last; `nil`: any.
    ///   - isAllowed: judged on the change queue, to the schedule as it is then.
    /// - Throws: `notFound`, `conflict`, `denied`, and as ``create(_:by:)``.
    public func update(
        _ number: UInt64, _ change: ScheduleChange, expected: UInt64? = nil, by principal: String,
        where isAllowed: @escaping Permission<Schedule> = { _ in true }
    ) async throws(CredentialError) -> Schedule {
        let context = context
        try await context.queue.run { () throws(CredentialError) in
            try context.directory.requireReady()
            let present = try self.existing(number)
            guard isAllowed(present) else { throw .notAllowed }
            if let expected, expected != present.revision {
                throw CredentialError(.conflict, "", "the schedule is not what revision \(expected) wrote")
            }
            var new = present
            new.apply(change)
            try new.check()
            if new.name != present.name, self.find(tenant: new.tenant, name: new.name.bytes) != nil { throw Self.isTaken }
            guard new != present else { return }
            let now = context.now
            new.updated = now
            var mutations: [Mutation] = [
                .putDocument(
                    .schedules, try RecordDocument.settingsName(number), new.encoded, expected: .exactly(present.revision))
            ]
            let isSameTime = new.rule == present.rule && new.timeZone == present.timeZone && new.jitter == present.jitter
            if !isSameTime || new.isEnabled != present.isEnabled {
                new.state.plan(new, after: max(new.state.lastRun, present.created), notBefore: now)
                mutations.append(.putDocument(.schedules, try RecordDocument.stateName(number), new.state.encoded, expected: .any))
            }
            try context.commit(mutations, by: principal)
        }
        return try existing(number)
    }

    /// Deletes schedules in one change; those that are not there are skipped. A run that has begun comes to its end.
    /// - Returns: how many were there.
    public func delete(
        _ numbers: [UInt64], by principal: String, where isAllowed: @escaping Permission<Schedule> = { _ in true }
    ) async throws(CredentialError) -> Int {
        let context = context
        return try await context.queue.run { () throws(CredentialError) in
            try context.directory.requireReady()
            var mutations: [Mutation] = []
            var count = 0
            for number in Set(numbers).sorted() {
                guard let schedule = self.find(number) else { continue }
                guard isAllowed(schedule) else { throw .notAllowed }
                mutations.append(.deleteDocument(.schedules, try RecordDocument.settingsName(number), expected: .any))
                mutations.append(.deleteDocument(.schedules, try RecordDocument.stateName(number), expected: .any))
                count += 1
            }
            if !mutations.isEmpty { try context.commit(mutations, by: principal) }
            return count
        }
    }

    func existing(_ number: UInt64) throws(CredentialError) -> Schedule {
        guard let schedule = find(number) else { throw CredentialError(.notFound, "schedule", "there is no such schedule") }
        return schedule
    }

    private static let isTaken = CredentialError(.alreadyExists, "name", "the tenant has a schedule of this name")

    /// Writes how a run stands; memory has followed when this returns. One that was deleted meanwhile stays deleted.
    func save(_ number: UInt64, _ change: @escaping @Sendable (inout ScheduleState, Schedule) -> Void) async throws(CredentialError) {
        let context = context
        try await context.queue.run { () throws(CredentialError) in
            try context.directory.requireReady()
            guard let schedule = self.find(number) else { return }
            var state = schedule.state
            change(&state, schedule)
            try context.commit(
                [.putDocument(.schedules, try RecordDocument.stateName(number), state.encoded, expected: .any)], by: ScheduleService.principal)
        }
    }
}

extension Schedule {
    mutating func apply(_ change: ScheduleChange) {
        if let name = change.name { self.name = name }
        if let isEnabled = change.isEnabled { self.isEnabled = isEnabled }
        if let action = change.action { self.action = action }
        if let target = change.target { self.target = target }
        if let rule = change.rule { self.rule = rule }
        if let zone = change.timeZone { timeZone = zone.isEmpty ? ScheduleZone.local : zone }
        if let count = change.count { self.count = count }
        if let jitter = change.jitter { self.jitter = jitter }
        if let kinds = change.kinds { self.kinds = kinds }
        if let prune = change.prune { self.prune = prune }
        for (name, value) in change.attributes { attributes[name] = value }
    }

    /// - Throws: `invalidArgument` with the field.
    func check() throws(CredentialError) {
        try rule.check()
        _ = try ScheduleZone(timeZone)
        switch action {
        case .job(let name):
            guard (1...64).contains(name.utf8.count) else {
                throw CredentialError(.invalidArgument, "action", "a job's name has 1 to 64 bytes")
            }
        case .poolRefresh:
            guard !target.pattern.isEmpty || !target.pool.isEmpty else {
                throw CredentialError(.invalidArgument, "target", "no pool is meant; all of the tenant are meant by the name '*'")
            }
            try target.check()
        case .refresh, .relogin, .check: try target.check()
        }
        guard count <= 1_000_000 else { throw CredentialError(.invalidArgument, "count", "the count must be 0 (all) to 1,000,000") }
        guard jitter <= 86_400 else { throw CredentialError(.invalidArgument, "jitter", "the jitter must be 0 to 86,400 seconds") }
        guard kinds.count <= 16 else { throw CredentialError(.invalidArgument, "kinds", "there are more than 16 kinds") }
        for kind in kinds { try CredentialChecks.check(key: kind) }
        guard prune == nil || action == .check else {
            throw CredentialError(.invalidArgument, "prune", "only checks come to a verdict: the action must be check")
        }
        guard attributes.count <= CredentialChecks.maximumAttributes else {
            throw CredentialError(.invalidArgument, "attributes", "there are more than \(CredentialChecks.maximumAttributes)")
        }
        for (name, value) in attributes {
            try CredentialChecks.check(key: name)
            guard value.utf8.count <= 4_096 else {
                throw CredentialError(.invalidArgument, "attributes", "the value of '\(name)' has more than 4,096 bytes")
            }
        }
    }
}
