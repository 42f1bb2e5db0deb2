/// A tenant's number. The name outside, the number inside (formats.md 12).
public typealias TenantID = UInt64

extension TenantID {
    /// The tenant that every store has.
    public static let main: TenantID = 1
}

/// What a change expects of the version it builds upon.
public enum ExpectedVersion: Equatable, Sendable {
    case any
    /// 0: the name must have no live version. A number that a program remembers brings its incarnation along.
    case exactly(UInt64, incarnation: [UInt8]? = nil)
}

/// What belongs to a name rather than to one version; absent fields keep what is there.
public struct SettingsChange: Equatable, Sendable {
    public var metadata: [(key: String, value: String)]?
    public var tags: [String]?
    /// 1 to 100.
    public var keepLast: UInt16?
    /// Milliseconds after the creation of each new version; 0: never.
    public var deleteAfter: UInt64?

    public init(
        metadata: [(key: String, value: String)]? = nil, tags: [String]? = nil, keepLast: UInt16? = nil, deleteAfter: UInt64? = nil
    ) {
        self.metadata = metadata
        self.tags = tags
        self.keepLast = keepLast
        self.deleteAfter = deleteAfter
    }

    public static func == (left: Self, right: Self) -> Bool {
        left.metadata?.map { [$0.key, $0.value] } == right.metadata?.map { [$0.key, $0.value] }
            && left.tags == right.tags && left.keepLast == right.keepLast && left.deleteAfter == right.deleteAfter
    }
}

/// One step of a batch. Data, not a closure (formats.md 8).
public enum Mutation: Sendable {
    /// A new version.
    case put(NewVersion)
    /// A new version, unless the active one has this value already. Used by import.
    case bring(NewVersion)
    /// Moves the active pointer. `expected` is about the pointer; for all others about the latest version.
    case activate(Name, version: UInt64, expected: ExpectedVersion)
    /// `version` 0: the whole name. So in the two below.
    case delete(Name, version: UInt64, expected: ExpectedVersion)
    case undelete(Name, version: UInt64, expected: ExpectedVersion)
    case destroy(Name, version: UInt64, expected: ExpectedVersion)
    case update(Name, SettingsChange, expected: ExpectedVersion)
    /// A document of a small table, whole. `expected` 0: must be absent; any other number: it was last written by that revision.
    case putDocument(DocumentTable, DocumentName, SecretBuffer, expected: ExpectedVersion)
    case deleteDocument(DocumentTable, DocumentName, expected: ExpectedVersion)
    /// A step of a quota. Not together with an idempotency key: reservations have request ids of their own.
    case budget(BudgetStep)
}

extension Mutation {
    /// Whether it is an entry of an import: its errors say which one, even where there is only one.
    var isOfImport: Bool {
        if case .bring = self { true } else { false }
    }

    var isOfBudget: Bool {
        if case .budget = self { true } else { false }
    }
}

public struct NewVersion: Sendable {
    public var name: Name
    public var value: SecretBuffer
    public var activate: Bool
    /// Unix milliseconds; 0: never.
    public var expires: UInt64
    public var contentType: String
    public var settings: SettingsChange
    public var expected: ExpectedVersion

    public init(
        name: Name, value: SecretBuffer, activate: Bool = true, expires: UInt64 = 0, contentType: String = "",
        settings: SettingsChange = SettingsChange(), expected: ExpectedVersion = .any
    ) {
        self.name = name
        self.value = value
        self.activate = activate
        self.expires = expires
        self.contentType = contentType
        self.settings = settings
        self.expected = expected
    }
}

/// Small tables of whole documents, each version replacing the one before.
public enum DocumentTable: UInt16, Sendable, CaseIterable {
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
    // 26 to 28 are budgets, reservations and usage lines, which are no documents.
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
}

/// Changes that happen together or not at all, under one revision.
public struct Batch: Sendable {
    public var tenant: TenantID
    /// Who asks, as a selector (`uid:1001`): kept with each version; idempotency keys belong to it.
    public var principal: String
    /// 16 bytes, or none.
    public var idempotencyKey: [UInt8]?
    /// Checks everything and changes nothing; the receipt says what would have happened.
    public var dryRun: Bool
    public var mutations: [Mutation]

    public init(
        tenant: TenantID = .main, principal: String, idempotencyKey: [UInt8]? = nil, dryRun: Bool = false, mutations: [Mutation]
    ) {
        self.tenant = tenant
        self.principal = principal
        self.idempotencyKey = idempotencyKey
        self.dryRun = dryRun
        self.mutations = mutations
    }
}

/// What a batch did.
public struct Receipt: Equatable, Sendable {
    public enum Effect: UInt8, Sendable { case created = 0, changed = 1, unchanged = 2 }

    public struct Result: Equatable, Sendable {
        public var effect: Effect
        /// The version that the mutation made or was about; 0 for documents and whole names.
        public var version: UInt64
        public init(effect: Effect, version: UInt64) {
            self.effect = effect
            self.version = version
        }
    }

    /// The batch's revision; where nothing changed, the store's.
    public var revision: UInt64
    /// One for each mutation, in order.
    public var results: [Result]
    /// One for each budget step, in order.
    public var budgets: [BudgetOutcome]

    public init(revision: UInt64, results: [Result], budgets: [BudgetOutcome] = []) {
        self.revision = revision
        self.results = results
        self.budgets = budgets
    }
}
