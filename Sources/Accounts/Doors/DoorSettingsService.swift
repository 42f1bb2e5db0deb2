import CofferStore

/// A field of a door that lies in the store.
public struct DoorField: Equatable, Sendable {
    public var name: String
    /// Secret ones are read from the store when they are asked for, and are in memory no longer than a call.
    public var isSecret: Bool
    public var description: String
    /// Whether a value may be one that documents give as an example: names, not what protects them.
    public var allowsSamples: Bool

    public init(_ name: String, isSecret: Bool, _ description: String, allowsSamples: Bool = false) {
        self.name = name
        self.isSecret = isSecret
        self.description = description
        self.allowsSamples = allowsSamples
    }
}

/// Secrets and values of the doors that lie in the store: `coffer door set DOOR FIELD` (decisions 17).
public final class DoorSettingsService: Sendable {
    /// Bytes of one value.
    public static let maximumLength = 65_536

    /// The fields of each door; there are no others.
    public static let fields: [String: [DoorField]] = [
        "newapi": [
            DoorField("quota_per_unit", isSecret: false, "quota units for one unit of money"),
            DoorField("price", isSecret: false, "price of one unit of money, as shown"),
            DoorField("system_name", isSecret: false, "name that the door shows"),
            DoorField("server_address", isSecret: false, "address that the door shows"),
        ],
        "ragflow": [],
        "rtmanage": [
            DoorField("username", isSecret: false, "name of the one administrator; 'admin' where none is set", allowsSamples: true),
            DoorField("password", isSecret: true, "password of the administrator; without one nobody logs in"),
            DoorField("api_secret", isSecret: true, "secret of the public API; without one nobody is let in"),
            DoorField("proxy_list", isSecret: true, "proxies to choose from, a JSON list of texts"),
            DoorField("client_id_list", isSecret: false, "client ids to choose from, a JSON list of texts"),
            DoorField("auto_refresh_enabled", isSecret: false, "'true' or 'false', as the settings page saved it"),
            DoorField("auto_refresh_interval", isSecret: false, "days between two passes, as the settings page saved it"),
            DoorField("configs", isSecret: true, "other keys that the settings page saved, a JSON object"),
        ],
        "tokenstool": [
            DoorField("login_username", isSecret: false, "name of the administrator; 'root' where none is set"),
            DoorField("login_password", isSecret: true, "password of the administrator; without one nobody logs in"),
            DoorField("token_password", isSecret: true, "password of the public paths; without one they are closed"),
            DoorField("setup_password", isSecret: true, "the proxy's password for its set-up"),
            DoorField("site_password", isSecret: true, "the proxy's password for its pages"),
            DoorField("license_id", isSecret: true, "the proxy's licence"),
            DoorField("one_api_token", isSecret: true, "token of one-api's administrator"),
            DoorField("settings", isSecret: true, "what the settings page saved, a JSON object"),
            DoorField("share_channels", isSecret: true, "channels of one-api, a JSON object"),
        ],
        "tokenstatuscheck": [
            DoorField("user_authorization", isSecret: true, "secret that its callers bear (UserAuthorization); the door needs one"),
        ],
    ]

    static func field(_ key: DoorKey) -> DoorField? { fields[key.door]?.first { $0.name == key.field } }

    private let context: AccountContext

    init(context: AccountContext) { self.context = context }

    /// The value, or `nil` where none is set or the store is locked. A secret one waits for the disk: not on an event loop.
    public func value(_ door: String, _ field: String) -> SecretBuffer? {
        let key = DoorKey(door: door, field: field)
        guard let known = Self.field(key), let state = context.directory.read({ $0.doors[key] }) else { return nil }
        if !known.isSecret { return state.value.map { SecretBuffer($0) } }
        guard let name = try? DocumentName.door(key), let bytes = try? context.document(.doors, name) else { return nil }
        return try? AccountDocuments.door(bytes).value
    }

    /// Every field of every door, in order.
    /// - Returns: `changed` in Unix milliseconds; 0 where nothing is set.
    public func list() -> [(door: String, field: String, isSet: Bool, changed: UInt64)] {
        let states = context.directory.read { $0.doors.mapValues(\.changed) }
        return Self.fields.sorted { $0.key < $1.key }.flatMap { door, fields in
            fields.map { field in
                let changed = states[DoorKey(door: door, field: field.name)]
                return (door, field.name, changed != nil, changed ?? 0)
            }
        }
    }

    /// - Parameters:
    ///   - value: 1 to 65,536 bytes; `nil` takes the value away.
    ///   - allowSample: whether a value may be one that the documents of the doors give as an example.
    /// - Throws: `notFound` for an unknown door or field, `invalidArgument`, `locked`, …
    public func set(
        _ door: String, _ field: String, _ value: SecretBuffer?, allowSample: Bool, by principal: String
    ) async throws(AccountError) {
        let key = DoorKey(door: door, field: field)
        guard Self.fields[door] != nil else { throw AccountError(.notFound, "door", "there is no such door") }
        guard let field = Self.field(key) else { throw AccountError(.notFound, "field", "the door '\(door)' has no such field") }
        if let value { try Self.check(value, allowSample: allowSample || field.allowsSamples) }
        let context = context
        try await context.queue.run { () throws(AccountError) in
            try context.directory.requireReady()
            let name = try DocumentName.door(key)
            if let value {
                let bytes = AccountDocuments.encode(door: value, changed: context.now)
                try context.commit([.putDocument(.doors, name, bytes, expected: .any)], by: principal)
            } else if context.directory.read({ $0.doors[key] != nil }) {
                try context.commit([.deleteDocument(.doors, name, expected: .any)], by: principal)
            }
        }
    }

    private static func check(_ value: SecretBuffer, allowSample: Bool) throws(AccountError) {
        guard (1...maximumLength).contains(value.count) else {
            throw AccountError(.invalidArgument, "value", "the value must have 1 to \(maximumLength) bytes")
        }
        guard allowSample || !SampleValues.contains(value) else {
            throw AccountError(.invalidArgument, "value", "the value is a documented sample that everybody knows")
        }
    }
}
