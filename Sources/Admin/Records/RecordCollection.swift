import CofferRecords

/// A noun of the protocol as a collection of this API: what it is called, by which it can be filtered, and what can be done with it.
struct RecordCollection: Sendable {
    /// As paths have it: `api-keys`.
    let name: String
    /// One of them, for operations and schemas: `APIKey`.
    let title: String
    let shape: RecordShape
    let filters: [String]
    let acts: [String]
    let creates: Bool
    let updates: Bool
    let deletes: Bool
    let secret: Secret
    /// Field that holds what was drawn, shown this once.
    let secretSummary: String

    /// What `secret` of a request is.
    enum Secret: Sendable {
        case none
        case text
        /// An object of texts.
        case object
    }

    init(
        _ name: String, _ title: String, _ shape: RecordShape, filters: [String] = [], acts: [String] = [], creates: Bool = true,
        updates: Bool = true, deletes: Bool = true, secret: Secret = .none, secretSummary: String = ""
    ) {
        self.name = name
        self.title = title
        self.shape = shape
        self.filters = filters
        self.acts = acts
        self.creates = creates
        self.updates = updates
        self.deletes = deletes
        self.secret = secret
        self.secretSummary = secretSummary
    }

    static let all: [RecordCollection] = [
        RecordCollection("tenants", "Tenant", .tenant),
        RecordCollection("members", "Member", .member, filters: ["tenant", "user"], updates: false),
        RecordCollection("users", "User", .user, filters: ["tenant", "contains"], secret: .text, secretSummary: "the password"),
        RecordCollection("tokens", "Token", .token, filters: ["user"], updates: false),
        RecordCollection(
            "api-keys", "APIKey", .apikey, filters: ["tenant", "owner", "form", "contains", "group", "tag", "status"]),
        RecordCollection(
            "door-settings", "DoorSetting", .door, filters: ["door"], creates: false, deletes: false, secret: .text,
            secretSummary: "the value; empty: unset"),
        RecordCollection(
            "credentials", "Credential", .credential, filters: ["provider", "tag", "state", "enabled", "contains"],
            acts: ["refresh", "relogin", "check", "step", "revive", "undelete", "reveal", "prune"], secret: .object,
            secretSummary: "tokens by their kind, username, password, client_secret, proxy; null takes one away"),
        RecordCollection(
            "pools", "Pool", .pool, filters: ["contains", "credential"], acts: ["refresh", "relogin", "check", "renew", "revive", "reveal"],
            secret: .object, secretSummary: "pool: the pool's own token; null takes it away"),
        RecordCollection("pool-members", "PoolMember", .poolMember, filters: ["pool", "state"]),
        RecordCollection("providers", "Provider", .provider, filters: ["built_in"]),
        RecordCollection("schedules", "Schedule", .schedule, filters: ["enabled", "action"], acts: ["run"]),
        RecordCollection("sinks", "Sink", .sink, filters: ["enabled"], acts: ["run"]),
    ]

    static func find(_ name: String) -> RecordCollection? { all.first { $0.name == name } }

    /// What requests may set beside what is shown (protocol.md, "Nouns").
    var requestFields: [RecordShape.Field] {
        switch name {
        case "credentials": shape.fields + [.init("expiries", .map)]
        case "door-settings": shape.fields + [.init("allow_sample", .bool)]
        case "providers": shape.fields + [.init("source"), .init("dry_run", .bool)]
        // Their names go in, their number comes out.
        case "pools": shape.fields.filter { $0.name != "members" } + [.init("members", .lines)]
        default: shape.fields
        }
    }

    var schema: Schema {
        .object([.init("id", .text, required: true), .init("revision", .number, required: true)]
            + shape.fields.map { .init($0.name, Self.schema($0.kind), $0.title) } + [.init("secret", .text, "what was drawn, shown this once")])
    }

    var requestSchema: Schema {
        var members = requestFields.filter { if case .words = $0.kind { false } else { true } }.map {
            Schema.Member($0.name, Self.requestSchema($0.kind), $0.title)
        }
        switch secret {
        case .none: break
        case .text: members.append(.init("secret", .text, secretSummary))
        case .object: members.append(.init("secret", .map, secretSummary))
        }
        return .object(members)
    }

    private static func schema(_ kind: RecordShape.Kind) -> Schema {
        switch kind {
        case .text: .text
        // `unlimited`, and numbers above 2^53 - 1, are texts.
        case .number: .nullable(.number)
        case .bool: .flag
        case .moment, .time, .seconds: .moment
        case .lines: .list(.text)
        case .map: .map
        case .words: .list(.object([]))
        }
    }

    private static func requestSchema(_ kind: RecordShape.Kind) -> Schema {
        if case .number = kind { return .number }
        return schema(kind)
    }
}
