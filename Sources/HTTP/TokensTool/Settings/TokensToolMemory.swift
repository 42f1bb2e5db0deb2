import CofferAccounts
import CofferJSON
import CofferStore

/// Where the door's settings and its channels lie: sealed fields of the door, so that they survive restarts and go with a backup.
///
/// Changes come one after the other; each is read, changed and written before the next one begins. Reading waits for the disk.
struct TokensToolMemory: Sendable {
    static let door = "tokenstool"
    static let loginUsername = "login_username"
    static let settingsField = "settings"
    static let channelsField = "share_channels"
    /// What the original begins with; there is no password that goes with it (decisions 17).
    static let defaultLogin = "root"

    private let doors: DoorSettingsService
    private let turns = Turnstile()

    init(doors: DoorSettingsService) { self.doors = doors }

    // MARK: Reading

    var settings: SystemSettings { json(Self.settingsField).map { SystemSettings(file: $0) } ?? SystemSettings() }

    var loginUsername: String { doors.value(Self.door, Self.loginUsername)?.text ?? Self.defaultLogin }

    func secret(_ secret: SettingSecret) -> SecretBuffer? { doors.value(Self.door, secret.rawValue) }

    var secretsThatAreSet: Set<SettingSecret> {
        let fields = Set(doors.list().filter { $0.door == Self.door && $0.isSet }.map(\.field))
        return Set(SettingSecret.allCases.filter { fields.contains($0.rawValue) })
    }

    /// In the order in which they were added.
    var channels: [ShareChannel] {
        (json(Self.channelsField)?.object ?? []).map { ShareChannel(name: $0.0, stored: $0.1) }
    }

    private func json(_ field: String) -> JSONValue? {
        guard let value = doors.value(Self.door, field) else { return nil }
        return withExtendedLifetime(value) { try? JSONValue.parse(Array(value.bytes)) }
    }

    // MARK: Changing

    /// - Parameter body: changes the settings, and says what becomes of login name and secrets: an empty one is taken away.
    /// - Throws: what `body` throws; of the store, `failed` with a text; then nothing, or not everything, has changed.
    func change(
        failing text: String, by principal: String,
        _ body: (inout SystemSettings) throws(TokensToolFailure) -> (loginUsername: String?, secrets: [SettingSecret: String])
    ) async throws(TokensToolFailure) -> SystemSettings {
        try await turns.run { () throws(TokensToolFailure) in
            let before = settings
            var after = before
            let (name, secrets) = try body(&after)
            do throws(AccountError) {
                // What may be refused comes first.
                for (secret, value) in secrets.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                    guard !value.isEmpty || doors.value(Self.door, secret.rawValue) != nil else { continue }
                    let value = value.isEmpty ? nil : SecretBuffer(Array(value.utf8))
                    try await doors.set(Self.door, secret.rawValue, value, allowSample: false, by: principal)
                }
                if let name, name != loginUsername {
                    try await doors.set(
                        Self.door, Self.loginUsername, SecretBuffer(Array(name.utf8)), allowSample: true, by: principal)
                }
                if after != before { try await write(Self.settingsField, after.json, by: principal) }
            } catch {
                throw TokensToolFailure(error, text, because: true)
            }
            return after
        }
    }

    func changeChannels<Outcome: Sendable>(
        failing text: String, by principal: String, _ body: (inout [ShareChannel]) throws(TokensToolFailure) -> Outcome
    ) async throws(TokensToolFailure) -> Outcome {
        try await turns.run { () throws(TokensToolFailure) in
            let before = channels
            var after = before
            let outcome = try body(&after)
            if after == before { return outcome }
            do throws(AccountError) {
                try await write(Self.channelsField, .object(after.map { ($0.name, .object($0.stored)) }), by: principal)
            } catch {
                throw TokensToolFailure(error, text, because: true)
            }
            return outcome
        }
    }

    private func write(_ field: String, _ value: JSONValue, by principal: String) async throws(AccountError) {
        try await doors.set(Self.door, field, SecretBuffer(value.encoded()), allowSample: true, by: principal)
    }
}
