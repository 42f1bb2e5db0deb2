import CofferStore

/// What a record is about. The numbers up to 19 are those of policies; what no rule is about has one from 20 on. Never given to another.
public enum AuditNoun: UInt8, Sendable, CaseIterable {
    case secret = 0, policy = 1, store = 2, audit = 3, backup = 4
    case apikey = 5, user = 6, tenant = 7, door = 8
    case credential = 9, pool = 10, provider = 11, schedule = 12, sink = 13
    case membership = 20, accessToken = 21, apikeyForm = 22, password = 23, sequence = 24, budget = 25
    case credentialState = 26, credentialSecret = 27, credentialToken = 28, refreshJournal = 29, poolState = 30, poolToken = 31
    case slot = 40, daemon = 41

    /// As policies and people spell it.
    public var word: String {
        switch self {
        case .accessToken: "access-token"
        case .apikeyForm: "apikey-form"
        case .credentialState: "credential-state"
        case .credentialSecret: "credential-secret"
        case .credentialToken: "credential-token"
        case .refreshJournal: "refresh-journal"
        case .poolState: "pool-state"
        case .poolToken: "pool-token"
        default: "\(self)"
        }
    }

    public init(_ table: Change.Table) {
        self = switch table {
        case .secrets: .secret
        case .policies: .policy
        case .tenants: .tenant
        case .users: .user
        case .memberships: .membership
        case .accessTokens: .accessToken
        case .apiKeys: .apikey
        case .apiKeyForms: .apikeyForm
        case .passwords: .password
        case .doors: .door
        case .sequences: .sequence
        case .budgets: .budget
        case .credentials: .credential
        case .credentialStates: .credentialState
        case .credentialSecrets: .credentialSecret
        case .credentialTokens: .credentialToken
        case .refreshJournal: .refreshJournal
        case .pools: .pool
        case .poolStates: .poolState
        case .poolTokens: .poolToken
        case .providers: .provider
        case .schedules: .schedule
        case .sinks: .sink
        }
    }
}
