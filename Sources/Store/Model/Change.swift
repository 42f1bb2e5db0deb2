/// One change of one thing: what watches, indexes and, later, replication live on (formats.md 8).
public struct Change: Sendable, Equatable {
    public enum Table: UInt16, Sendable {
        case secrets = 2
        case policies = 16
        case tenants = 17
        case users = 18
        case memberships = 19
        case accessTokens = 20
        case apiKeys = 21
        case apiKeyForms = 22
        case passwords = 23
        case doors = 24
        case sequences = 25
        case budgets = 26
        case credentials = 29
        case credentialStates = 30
        case credentialSecrets = 31
        case credentialTokens = 32
        case refreshJournal = 33
        case pools = 34
        case poolStates = 35
        case poolTokens = 36
        case providers = 37
        case schedules = 38
        case sinks = 39

        init(_ documents: DocumentTable) {
            self = switch documents {
            case .policies: .policies
            case .tenants: .tenants
            case .users: .users
            case .memberships: .memberships
            case .accessTokens: .accessTokens
            case .apiKeys: .apiKeys
            case .apiKeyForms: .apiKeyForms
            case .passwords: .passwords
            case .doors: .doors
            case .sequences: .sequences
            case .credentials: .credentials
            case .credentialStates: .credentialStates
            case .credentialSecrets: .credentialSecrets
            case .credentialTokens: .credentialTokens
            case .refreshJournal: .refreshJournal
            case .pools: .pools
            case .poolStates: .poolStates
            case .poolTokens: .poolTokens
            case .providers: .providers
            case .schedules: .schedules
            case .sinks: .sinks
            }
        }
    }

    public enum Operation: UInt8, Sendable {
        case put = 1, activate = 2, delete = 3, undelete = 4, destroy = 5, update = 6
    }

    public var revision: UInt64
    /// Place within the revision, from 0.
    public var ordinal: UInt32
    public var lastOfRevision: Bool
    public var table: Table
    public var tenant: TenantID
    /// The bytes of a ``Name`` or ``DocumentName``.
    public var name: [UInt8]
    public var operation: Operation
    /// 0: the whole name.
    public var version: UInt64
    /// Whether this change set the active value (a put that activated, an activate, an undelete of the active one).
    public var activeChanged: Bool

    public init(
        revision: UInt64, ordinal: UInt32, lastOfRevision: Bool, table: Table, tenant: TenantID, name: [UInt8],
        operation: Operation, version: UInt64, activeChanged: Bool
    ) {
        self.revision = revision
        self.ordinal = ordinal
        self.lastOfRevision = lastOfRevision
        self.table = table
        self.tenant = tenant
        self.name = name
        self.operation = operation
        self.version = version
        self.activeChanged = activeChanged
    }
}

/// The changes behind a revision, from the bounded change log.
public enum ChangeHistory: Sendable {
    /// All changes with a revision above the asked one, up to `upTo` (whole revisions); `complete` when `upTo` is the present.
    case changes([Change], upTo: UInt64, complete: Bool)
    /// The log no longer reaches back so far, or the asked revision is of the future.
    case resync(revision: UInt64)
}
