import CofferStore

extension Schedule: NumberedRecord {
    static var emptyState: ScheduleState { ScheduleState() }

    static func read(_ bytes: SecretBuffer, revision: UInt64) throws(StoreError) -> Schedule {
        try CredentialDocuments.read(bytes, "a schedule") { (reader) throws(StoreError) in
            let (number, tenant) = (try reader.u64(), try reader.u64())
            let name = try CredentialDocuments.name(&reader, "a schedule")
            let isEnabled = try reader.bool()
            guard let action = ScheduleAction(word: try reader.text()) else { throw CredentialDocuments.damaged("a schedule") }
            let target = try CredentialFilter.read(&reader)
            let rule = try ScheduleRule.read(&reader)
            var schedule = Schedule(
                number: number, tenant: tenant, name: name, isEnabled: isEnabled, action: action, target: target, rule: rule,
                timeZone: try reader.text(), count: try reader.u32(), jitter: try reader.u32(), kinds: try CredentialDocuments.texts(&reader),
                created: 0, updated: 0, revision: revision)
            let prune = try reader.text()
            if !prune.isEmpty {
                guard let action = PruneAction(word: prune) else { throw CredentialDocuments.damaged("a schedule") }
                schedule.prune = action
            }
            schedule.attributes = try CredentialDocuments.map(&reader)
            schedule.created = try reader.u64()
            schedule.updated = try reader.u64()
            return schedule
        }
    }

    var encoded: SecretBuffer {
        CredentialDocuments.write { writer in
            writer.u64(number)
            writer.u64(tenant)
            writer.bytes16(name.bytes)
            writer.bool(isEnabled)
            writer.text(action.word)
            target.write(&writer)
            rule.write(&writer)
            writer.text(timeZone)
            writer.u32(count)
            writer.u32(jitter)
            writer.texts(kinds)
            writer.text(prune?.word ?? "")
            writer.map(attributes)
            writer.u64(created)
            writer.u64(updated)
        }
    }

    static func readState(_ bytes: SecretBuffer) throws(StoreError) -> ScheduleState {
        try CredentialDocuments.read(bytes, "a schedule's state") { (reader) throws(StoreError) in
            var state = ScheduleState()
            state.planned = try reader.u64()
            state.nextRun = try reader.u64()
            state.lastRun = try reader.u64()
            state.lastEnd = try reader.u64()
            state.isRunning = try reader.bool()
            state.interrupted = try reader.u64()
            state.counts = ScheduleCounts(succeeded: try reader.u32(), failed: try reader.u32(), skipped: try reader.u32())
            state.result = try reader.text()
            state.failures = try reader.u16()
            for _ in 0..<Int(try reader.u16()) {
                let number = try reader.u64()
                state.turns[number] = try reader.u64()
            }
            return state
        }
    }
}

extension ScheduleState {
    /// More turns than this are not kept: the oldest are forgotten first.
    static let maximumTurns = 4_096

    var encoded: SecretBuffer {
        CredentialDocuments.write { writer in
            writer.u64(planned)
            writer.u64(nextRun)
            writer.u64(lastRun)
            writer.u64(lastEnd)
            writer.bool(isRunning)
            writer.u64(interrupted)
            writer.u32(counts.succeeded)
            writer.u32(counts.failed)
            writer.u32(counts.skipped)
            writer.text(result)
            writer.u16(failures)
            let kept = turns.sorted { ($0.value, $0.key) > ($1.value, $1.key) }.prefix(Self.maximumTurns)
            writer.u16(UInt16(clamping: kept.count))
            for (number, time) in kept {
                writer.u64(number)
                writer.u64(time)
            }
        }
    }
}

extension ScheduleRule {
    static func read(_ reader: inout FieldReader) throws(StoreError) -> ScheduleRule {
        let (kind, number, hour, minute) = (try reader.u8(), try reader.u32(), try reader.u8(), try reader.u8())
        guard let time = try? TimeOfDay(hour: Int(hour), minute: Int(minute)) else { throw CredentialDocuments.damaged("a schedule") }
        switch kind {
        case 1: return .daily(at: time)
        case 2: return .everyDays(number, at: time)
        case 3: return .everyMinutes(number)
        default: throw CredentialDocuments.damaged("a schedule")
        }
    }

    func write(_ writer: inout FieldWriter) {
        let (kind, number, time): (UInt8, UInt32, TimeOfDay?) = switch self {
        case .daily(let time): (1, 1, time)
        case .everyDays(let days, let time): (2, days, time)
        case .everyMinutes(let minutes): (3, minutes, nil)
        }
        writer.u8(kind)
        writer.u32(number)
        writer.u8(time?.hour ?? 0)
        writer.u8(time?.minute ?? 0)
    }
}

extension CredentialFilter {
    static func read(_ reader: inout FieldReader) throws(StoreError) -> CredentialFilter {
        CredentialFilter(
            pattern: try reader.text(), tag: try reader.text(), provider: try reader.text(), pool: try reader.text(),
            attributes: try CredentialDocuments.map(&reader))
    }

    func write(_ writer: inout FieldWriter) {
        writer.text(pattern)
        writer.text(tag)
        writer.text(provider)
        writer.text(pool)
        writer.map(attributes)
    }
}
