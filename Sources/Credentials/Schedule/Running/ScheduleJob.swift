/// Something that a door does at times: the action `job:NAME` of a schedule.
public protocol ScheduleJob: Sendable {
    /// 1 to 64 bytes: `tokenstool-renew`.
    var name: String { get }
    /// One run. What it throws is the run's result; what happened to single credentials it says with the counts.
    func run(_ schedule: Schedule, by principal: String) async throws(CredentialError) -> ScheduleJobReport
}

public struct ScheduleJobReport: Sendable {
    public var counts: ScheduleCounts
    /// At most 200 bytes; never a secret.
    public var note: String

    public init(counts: ScheduleCounts, note: String = "") {
        self.counts = counts
        self.note = note
    }
}
