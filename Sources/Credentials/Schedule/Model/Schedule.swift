import CofferStore

/// Something that happens without being asked, at times that a rule gives.
public struct Schedule: Equatable, Sendable {
    /// Given once, never again.
    public let number: UInt64
    public let tenant: TenantID
    /// Unique among the schedules of its tenant.
    public var name: DocumentName
    public var isEnabled: Bool
    public var action: ScheduleAction
    public var target: CredentialFilter
    public var rule: ScheduleRule
    /// IANA name; what "01:00" means.
    public var timeZone: String
    /// Credentials per run, the longest not served first; 0: all.
    public var count: UInt32
    /// Seconds, 0 to 86,400: a run begins up to so much later than the rule says, each time differently.
    public var jitter: UInt32
    /// Token kinds that a refresh gets; empty: `access`.
    public var kinds: [String]
    /// What becomes of credentials that a check has found dead twice (decisions 16); `nil`: nothing.
    public var prune: PruneAction?
    /// What doors for older systems keep with it.
    public var attributes: [String: String]
    /// Unix milliseconds.
    public var created: UInt64
    public var updated: UInt64
    /// The revision that changed its settings last.
    public var revision: UInt64
    public var state: ScheduleState

    public init(
        number: UInt64, tenant: TenantID, name: DocumentName, isEnabled: Bool = true, action: ScheduleAction, target: CredentialFilter,
        rule: ScheduleRule, timeZone: String, count: UInt32 = 0, jitter: UInt32 = 0, kinds: [String] = [], prune: PruneAction? = nil,
        attributes: [String: String] = [:], created: UInt64, updated: UInt64, revision: UInt64 = 0, state: ScheduleState = ScheduleState()
    ) {
        self.number = number
        self.tenant = tenant
        self.name = name
        self.isEnabled = isEnabled
        self.action = action
        self.target = target
        self.rule = rule
        self.timeZone = timeZone
        self.count = count
        self.jitter = jitter
        self.kinds = kinds
        self.prune = prune
        self.attributes = attributes
        self.created = created
        self.updated = updated
        self.revision = revision
        self.state = state
    }
}

/// What a schedule does with each credential of its target.
public enum ScheduleAction: Equatable, Sendable {
    /// New tokens, without logging in where that can be avoided.
    case refresh
    /// New tokens by logging in: the session is got anew.
    case relogin
    /// Asks the upstream whether the token lives.
    case check
    /// Renews the own token of each pool of the target.
    case poolRefresh
    /// What a door has registered under this name (``ScheduleService/register(_:)``).
    case job(String)

    /// As people and programs write it; of a job `job:NAME`.
    public var word: String {
        switch self {
        case .refresh: "refresh"
        case .relogin: "relogin"
        case .check: "check"
        case .poolRefresh: "pool-refresh"
        case .job(let name): "job:\(name)"
        }
    }

    public init?(word: String) {
        switch word {
        case "refresh": self = .refresh
        case "relogin": self = .relogin
        case "check": self = .check
        case "pool-refresh": self = .poolRefresh
        default:
            guard word.hasPrefix("job:"), (5...68).contains(word.utf8.count) else { return nil }
            self = .job(String(word.dropFirst(4)))
        }
    }
}

/// What happens to credentials that were found dead by two verdicts at least ten minutes apart (decisions 16).
public enum PruneAction: Equatable, Sendable {
    case disable
    /// Can be undone, as every deletion (``CredentialService/undelete(tenant:name:by:where:)``).
    case remove
    /// The sink of this name runs when somebody died.
    case sink(DocumentName)

    /// `disable`, `remove`, or `sink:NAME`.
    public var word: String {
        switch self {
        case .disable: "disable"
        case .remove: "remove"
        case .sink(let name): "sink:\(name.description)"
        }
    }

    public init?(word: String) {
        switch word {
        case "disable": self = .disable
        case "remove": self = .remove
        default:
            guard word.hasPrefix("sink:"), let name = try? DocumentName(word.utf8.dropFirst(5)) else { return nil }
            self = .sink(name)
        }
    }
}

/// How a schedule's runs went. In a record of its own.
public struct ScheduleState: Equatable, Sendable {
    /// Unix milliseconds, without jitter; 0: not planned (disabled, or a rule that has no next moment).
    public var planned: UInt64 = 0
    /// With jitter, and after a time in which the daemon did not run with what spreads the runs that were missed: what really happens next.
    public var nextRun: UInt64 = 0
    /// Unix milliseconds; 0: never.
    public var lastRun: UInt64 = 0
    public var lastEnd: UInt64 = 0
    /// A run has begun and no end is known. After a restart: it was interrupted.
    public var isRunning = false
    /// When the run began that was interrupted and is to be taken up: who was served since has had their turn. 0: none.
    public var interrupted: UInt64 = 0
    public var counts = ScheduleCounts()
    /// What the last run came to, for people; at most 200 bytes.
    public var result = ""
    /// Runs in a row in which nothing succeeded and something failed.
    public var failures: UInt16 = 0
    /// Turns that left no trace in the credential itself: it goes behind the others all the same. Number to Unix milliseconds.
    public var turns: [UInt64: UInt64] = [:]

    public init() {}
}

/// What became of a run's credentials.
public struct ScheduleCounts: Equatable, Sendable {
    public var succeeded: UInt32 = 0
    public var failed: UInt32 = 0
    /// Not tried: dead, waiting for a person, cooling, checked a moment ago.
    public var skipped: UInt32 = 0

    public init(succeeded: UInt32 = 0, failed: UInt32 = 0, skipped: UInt32 = 0) {
        self.succeeded = succeeded
        self.failed = failed
        self.skipped = skipped
    }
}
