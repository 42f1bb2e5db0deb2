import CofferStore

/// What a new schedule is made of.
public struct ScheduleDraft: Sendable {
    public var tenant: TenantID
    public var name: DocumentName
    public var isEnabled = true
    public var action: ScheduleAction
    public var target: CredentialFilter
    public var rule: ScheduleRule
    /// IANA name; empty: the machine's own, which is then kept by its name.
    public var timeZone = ""
    public var count: UInt32 = 0
    /// Seconds, 0 to 86,400.
    public var jitter: UInt32 = 0
    public var kinds: [String] = []
    public var prune: PruneAction?
    public var attributes: [String: String] = [:]

    public init(tenant: TenantID, name: DocumentName, action: ScheduleAction, target: CredentialFilter, rule: ScheduleRule) {
        self.tenant = tenant
        self.name = name
        self.action = action
        self.target = target
        self.rule = rule
    }
}

/// What changes of a schedule; what is absent stays. A new rule or zone counts from the last run.
public struct ScheduleChange: Sendable {
    public var name: DocumentName?
    public var isEnabled: Bool?
    public var action: ScheduleAction?
    public var target: CredentialFilter?
    public var rule: ScheduleRule?
    public var timeZone: String?
    public var count: UInt32?
    public var jitter: UInt32?
    public var kinds: [String]?
    /// `.some(nil)`: dead credentials are left alone.
    public var prune: PruneAction??
    public var attributes: [String: String?] = [:]

    public init() {}
}
