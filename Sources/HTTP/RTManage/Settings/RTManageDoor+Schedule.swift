import CofferCredentials
import CofferStore
import Logging

// The timer of RT-manage is a schedule like any other (compat/rtmanage.md 4): seen, changed and run by `coffer schedule` too.
extension RTManageDoor {
    private static let scheduleName = "rtmanage"

    /// Whether the schedule is on; `nil`: it was never switched on, or somebody deleted it.
    var isScheduled: Bool? { schedule?.isEnabled }

    private var schedule: Schedule? { credentials.schedules.find(tenant: .main, name: Array(Self.scheduleName.utf8)) }

    /// Switches the schedule on or off and sets its days. Switching it on, and another interval while it is on, runs it at once, as the
    /// original does; one run at a time is the schedules' own rule.
    func follow(_ configs: RTManageConfigs, by principal: String) async throws(RTManageFailure) {
        let isEnabled = configs.values[RTManageConfigs.isScheduled] == "true"
        let rule = ScheduleRule.everyMinutes(UInt32(configs.days) * 1_440)
        let schedules = credentials.schedules
        do throws(CredentialError) {
            let number: UInt64
            if let present = schedule {
                guard present.isEnabled != isEnabled || (isEnabled && present.rule != rule) else { return }
                var change = ScheduleChange()
                change.isEnabled = isEnabled
                change.rule = rule
                _ = try await schedules.update(present.number, change, by: principal)
                number = present.number
            } else {
                guard isEnabled else { return }
                var draft = ScheduleDraft(
                    tenant: .main, name: try Self.documentName(), action: .refresh, target: CredentialFilter(provider: RTManageRow.provider),
                    rule: rule)
                draft.isEnabled = true
                number = try await schedules.create(draft, by: principal).number
            }
            guard isEnabled else { return }
            let logger = logger
            // The page does not wait for the pass.
            Task {
                do throws(CredentialError) { _ = try await schedules.run(number, by: principal) } catch {
                    logger.notice("the schedule was not run at once", metadata: ["door": "rtmanage", "error": "\(error.code.rawValue)"])
                }
            }
        } catch {
            throw RTManageFailure(error, status: 400, prefix: "保存失败: ")
        }
    }

    private static func documentName() throws(CredentialError) -> DocumentName {
        do throws(NameError) { return try DocumentName(scheduleName.utf8) } catch {
            throw CredentialError(.invalidArgument, "name", error.rawValue)
        }
    }
}
