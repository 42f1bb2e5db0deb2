import CofferAccounts
import CofferJSON
import CofferStore

/// Where the door's settings and its channels lie: sealed fields of the door, so that they survive restarts and go with a backup.
///
/// Changes come one after the other; each is read, changed and written before the next one begins.
actor TokensToolMemory {
    static let door = "tokenstool"
    /// Fields of the door that people set by hand too: `coffer door set tokenstool login_name`.
    static let loginName = "login_name"
    static let settingsField = "settings"
    static let channelsField = "channels"
    /// What the original begins with; there is no password that goes with it (decisions 17).
    static let defaultLoginName = "root"

    private let accounts: Accounts
    private var last: Task<Void, Never>?

    init(accounts: Accounts) { self.accounts = accounts }

    // MARK: Reading: waits for the disk

    nonisolated var settings: SystemSettings { Self.settings(accounts) }

    nonisolated static func settings(_ accounts: Accounts) -> SystemSettings {
        json(accounts, settingsField).map { SystemSettings(file: $0) } ?? SystemSettings()
    }

    nonisolated func secret(_ secret: SettingSecret) -> SecretBuffer? { accounts.doors.value(Self.door, secret.rawValue) }

    nonisolated var loginName: String {
        accounts.doors.value(Self.door, Self.loginName)?.tokensToolText ?? Self.defaultLoginName
    }

    nonisolated var secretsThatAreSet: Set<SettingSecret> {
        let fields = Set(accounts.doors.list().filter { $0.door == Self.door && $0.isSet }.map(\.field))
        return Set(SettingSecret.allCases.filter { fields.contains($0.rawValue) })
    }

    nonisolated var channels: [ShareChannel] {
        (Self.json(accounts, Self.channelsField)?.array ?? []).compactMap { ShareChannel(stored: $0) }
    }

    private nonisolated static func json(_ accounts: Accounts, _ field: String) -> JSONValue? {
        guard let value = accounts.doors.value(door, field) else { return nil }
        return withExtendedLifetime(value) { try? JSONValue.parse(Array(value.bytes)) }
    }

    // MARK: Changing

    /// - Parameter body: changes the settings; what it throws, changes nothing.
    func changeSettings<Failure: Error>(
        by principal: String, _ body: @Sendable (inout SystemSettings) throws(Failure) -> Void
    ) async throws -> SystemSettings {
        try await inTurn { [accounts] in
            var settings = Self.settings(accounts)
            let before = settings
            try body(&settings)
            if settings != before { try await self.write(Self.settingsField, settings.json, by: principal) }
            return settings
        }
    }

    /// Replaces login name and passwords; an empty one is taken away.
    /// - Throws: ``AccountError`` for one that is a documented sample, before any was written.
    func changeSecrets(loginName: String?, _ secrets: [SettingSecret: String], by principal: String) async throws {
        try await inTurn { [accounts] in
            for (secret, value) in secrets.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                let value = value.isEmpty ? nil : SecretBuffer(Array(value.utf8))
                if value == nil, accounts.doors.value(Self.door, secret.rawValue) == nil { continue }
                try await accounts.doors.set(Self.door, secret.rawValue, value, allowSample: false, by: principal)
            }
            if let loginName, loginName != self.loginName {
                try await accounts.doors.set(
                    Self.door, Self.loginName, SecretBuffer(Array(loginName.utf8)), allowSample: true, by: principal)
            }
        }
    }

    func changeChannels<Result: Sendable>(
        by principal: String, _ body: @Sendable (inout [ShareChannel]) throws -> Result
    ) async throws -> Result {
        try await inTurn {
            let before = self.channels
            var channels = before
            let result = try body(&channels)
            if channels != before { try await self.write(Self.channelsField, .array(channels.map(\.stored)), by: principal) }
            return result
        }
    }

    private func write(_ field: String, _ value: JSONValue, by principal: String) async throws {
        try await accounts.doors.set(Self.door, field, SecretBuffer(value.encoded()), allowSample: true, by: principal)
    }

    /// An actor lets others in while it waits: this does not.
    private func inTurn<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) async throws -> Result {
        let before = last
        let turn = Task {
            await before?.value
            return try await body()
        }
        last = Task { _ = await turn.result }
        return try await turn.value
    }
}
