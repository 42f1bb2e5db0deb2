import CofferCredentials

// The timer of RT-manage is a schedule like any other (compat/rtmanage.md 4).
extension RTManageDoor {
    /// Whether the schedule is on; `nil`: there is none.
    var isScheduled: Bool? { nil }

    func follow(_ configs: RTManageConfigs, by principal: String) async throws(RTManageFailure) {}
}
