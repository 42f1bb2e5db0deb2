import CofferCredentials
import CofferJSON
import CofferStore
import Logging
import Synchronization

// controllerTask and the two schedules behind it (compat/tokenstool.md 1.6 and 4; decisions 15). They are schedules of Coffer's: what
// `coffer schedule` changes, this API shows.
extension TokensToolDoor {
    /// Job A: everything anew, daily.
    static let dailySchedule = "tokenstool-regenerate"
    /// Job B: sessions by logging in, N days after the last run.
    static let sessionSchedule = "tokenstool-sessions"

    struct SessionTask: Equatable, Sendable {
        var isOn = false
        /// N.
        var days = 5
        /// M.
        var number = 1
    }

    /// As the schedule has it; where there is none, as the settings were imported.
    var task: SessionTask {
        let settings = memory.settings
        var task = SessionTask(isOn: settings.autoUpdateSession, days: settings.autoUpdateTime, number: settings.autoUpdateNumber)
        guard let schedule = schedule(Self.sessionSchedule) else { return task }
        task.isOn = schedule.isEnabled
        if case .everyDays(let days, _) = schedule.rule { task.days = Int(days) }
        task.number = Int(schedule.count)
        return task
    }

    func changeTask(_ fields: BodyFields, _ principal: String) async throws(TokensToolFailure) -> JSONValue {
        let isOn = try fields.bool("auto_updateSession")
        let days = try fields.integer("auto_updateTime")
        let number = try fields.integer("auto_updateNumber")
        let outURL = try fields.text("pandoraNext_outUrl")
        let oneAPIURL = try fields.text("oneAPi_outUrl")
        let oneAPIToken = Mask.read(try fields.text("oneAPi_intoToken"))
        guard let isOn, !isOn || (days.map { (1...366).contains($0) } ?? false), !isOn || (number ?? 1) > 0 else {
            throw .refused(TokensToolMessage.taskRefused)
        }
        var task = task
        task.isOn = isOn
        if let days, (1...366).contains(days) { task.days = days }
        if let number, number > 0 { task.number = min(number, 1_000_000) }
        let text = TokensToolMessage.taskFailed
        let new = task
        let after = try await memory.change(failing: text, by: principal) { (settings) throws(TokensToolFailure) in
            var after = settings
            // The page puts a slash behind what has none: behind nothing, too.
            if let outURL { after.pandoraOutURL = outURL == "/" ? "" : outURL }
            if let oneAPIURL { after.oneAPIOutURL = oneAPIURL }
            after.autoUpdateSession = new.isOn
            after.autoUpdateTime = new.days
            after.autoUpdateNumber = new.number
            if let objection = SettingsChecks.objection(after, before: settings) { throw .refused("\(text)：\(objection)") }
            settings = after
            return (nil, oneAPIToken.map { [.oneAPIToken: $0] } ?? [:])
        }
        warnOfClear(after)
        do throws(CredentialError) { try await put(new, principal) } catch { throw TokensToolFailure(error, text) }
        triggerSinks()
        return .string(TokensToolMessage.taskChanged)
    }

    private func schedule(_ name: String) -> Schedule? { credentials.schedules.find(tenant: .main, name: Array(name.utf8)) }

    private func put(_ task: SessionTask, _ principal: String) async throws(CredentialError) {
        let rule = ScheduleRule.everyDays(UInt32(clamping: task.days), at: .one)
        if let present = schedule(Self.sessionSchedule) {
            var change = ScheduleChange()
            change.isEnabled = task.isOn
            change.count = UInt32(clamping: task.number)
            // Another hour that somebody gave it stays.
            if case .everyDays(_, let hour) = present.rule {
                change.rule = .everyDays(UInt32(clamping: task.days), at: hour)
            } else {
                change.rule = rule
            }
            _ = try await credentials.schedules.update(present.number, change, by: principal)
            return
        }
        guard task.isOn else { return }
        var draft = ScheduleDraft(
            tenant: .main, name: try Self.document(Self.sessionSchedule), action: .relogin, target: Self.sessions, rule: rule)
        draft.timeZone = settings.timeZone
        draft.count = UInt32(clamping: task.number)
        draft.kinds = [TokenNames.access, TokenNames.share]
        _ = try await credentials.schedules.create(draft, by: principal)
    }

    /// For the API, with a session token: yellow ones, too.
    private static let sessions = CredentialFilter(
        provider: TokenNames.provider, attributes: [TokenNames.setPoolToken: "true", TokenNames.useRefreshToken: "false"])

    /// Sees to it that the daily run is planned as the configuration says: once for each start of the daemon.
    func planDailyRun() async {
        let now = settings.clock()
        // Where it does not work (a full disk), the next one to ask tries again, once a minute.
        guard !credentials.isLocked, plansAgain.load(ordering: .acquiring) <= now,
            plansAgain.exchange(.max, ordering: .acquiringAndReleasing) != .max
        else { return }
        do throws(CredentialError) {
            try await planDailyRun(by: "tokenstool")
            await moveTokens(from: nil, to: memory.settings.upstreamBase, "tokenstool")
        } catch {
            plansAgain.store(now + 60_000, ordering: .releasing)
            logger.warning("the daily run could not be planned", metadata: ["door": "tokenstool", "error": "\(error.message)"])
        }
    }

    private func planDailyRun(by principal: String) async throws(CredentialError) {
        let present = schedule(Self.dailySchedule)
        guard !settings.regenerateAt.isEmpty else {
            guard let present, present.isEnabled else { return }
            var change = ScheduleChange()
            change.isEnabled = false
            _ = try await credentials.schedules.update(present.number, change, by: principal)
            return
        }
        let rule = ScheduleRule.daily(at: try TimeOfDay(settings.regenerateAt))
        if let present {
            guard present.rule != rule || present.timeZone != settings.timeZone || !present.isEnabled else { return }
            var change = ScheduleChange()
            change.isEnabled = true
            change.rule = rule
            change.timeZone = settings.timeZone
            _ = try await credentials.schedules.update(present.number, change, by: principal)
        } else {
            var draft = ScheduleDraft(
                tenant: .main, name: try Self.document(Self.dailySchedule), action: .job(RegenerateJob.name), target: .all, rule: rule)
            draft.timeZone = settings.timeZone
            _ = try await credentials.schedules.create(draft, by: principal)
        }
    }

    private static func document(_ name: String) throws(CredentialError) -> DocumentName {
        guard let name = try? DocumentName(name.utf8) else { throw CredentialError(.failed, "name", "no name for a schedule") }
        return name
    }
}
