import CofferStore

/// One row of an import: what it is to become, in the words of the protocol's records.
public struct ImportRow: Sendable {
    /// Where it comes from, for messages: `tokens row 12 (id 7)`.
    public var origin: String
    /// `tenant`, `user`, `member` or `apikey`.
    public var noun: String
    public var fields: [String: String]
    public var secrets: [String: SecretBuffer]

    public init(origin: String, noun: String, fields: [String: String], secrets: [String: SecretBuffer] = [:]) {
        self.origin = origin
        self.noun = noun
        self.fields = fields
        self.secrets = secrets
    }
}

/// What an import did, or would do.
public struct ImportReport: Sendable {
    public enum Effect: UInt8, Sendable {
        case created = 0, changed = 1, unchanged = 2
        /// A note says why.
        case refused = 3
    }

    public var revision: UInt64
    /// One for each row, in order.
    public var effects: [Effect]
    /// Rows count from 0. Never a secret.
    public var notes: [(row: Int, text: String)]

    public init(revision: UInt64, effects: [Effect], notes: [(row: Int, text: String)]) {
        self.revision = revision
        self.effects = effects
        self.notes = notes
    }
}
