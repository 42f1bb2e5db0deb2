import CofferStore

/// A key that Coffer itself issues (design.md 7). Has no secret: its hash and its readable form lie elsewhere.
public struct APIKey: Equatable, Sendable {
    /// How the key looks, and which API lists it (decisions 3).
    public enum Form: UInt8, Sendable, CaseIterable {
        /// new-api's: 48 letters and digits, written with or without `sk-`.
        case sk = 1
        /// RAGFlow's: `ragflow-` and base64url.
        case ragflow = 2
        /// Ours: `ck_` and base64url.
        case coffer = 3

        public var word: String {
            switch self {
            case .sk: "sk"
            case .ragflow: "ragflow"
            case .coffer: "coffer"
            }
        }

        public init?(word: String) {
            guard let form = Self.allCases.first(where: { $0.word == word }) else { return nil }
            self = form
        }
    }

    /// `expired` and `exhausted` are written behind a verdict that found so; the verdict itself always looks at clock and budget.
    public enum Status: UInt8, Sendable, CaseIterable {
        case enabled = 1, disabled = 2, expired = 3, exhausted = 4

        public var word: String {
            switch self {
            case .enabled: "enabled"
            case .disabled: "disabled"
            case .expired: "expired"
            case .exhausted: "exhausted"
            }
        }

        public init?(word: String) {
            guard let status = Self.allCases.first(where: { $0.word == word }) else { return nil }
            self = status
        }
    }

    /// From 1, never reused.
    public var number: UInt64
    public var tenant: TenantID
    /// The user's number; 0: none.
    public var owner: UInt64
    public var form: Form
    public var name: Label
    public var status: Status
    /// Unix **seconds**; -1 never. Other values up to 0 are past.
    public var expires: Int64
    /// Without it `models` says nothing; with it an empty list blocks every model.
    public var modelLimitsEnabled: Bool
    public var models: [String]
    public var addresses: AddressList
    public var group: String
    public var tags: [String]
    public var windows: Windows
    /// Unix milliseconds.
    public var created: UInt64
    /// Unix milliseconds; 0: never changed.
    public var updated: UInt64
    /// The ends of the readable form, four bytes each; 0: it is too short to show any of it.
    var hintEnds: UInt64
    /// The number that new-api's doors show; 0: none.
    public var newapiID: Int64
    /// new-api's, kept for it.
    public var crossGroupRetry: Bool
    public var autoGroups: [String]?
    /// RAGFlow's, kept for it.
    public var dialogID: String?
    public var source: String?
    public var hasBeta: Bool
    /// Whether a readable form is kept that ``APIKeyService/reveal(_:)`` can show.
    public var isRevealable: Bool
    /// The store's revision that last wrote it.
    public var revision: UInt64

    /// First four, ten `*`, last four of the readable form without its prefix: for lists.
    public var hint: String {
        guard hintEnds != 0 else { return "**********" }
        let ends = withUnsafeBytes(of: hintEnds.bigEndian) { Array($0) }
        return String(decoding: ends[..<4], as: UTF8.self) + "**********" + String(decoding: ends[4...], as: UTF8.self)
    }

    /// Whether `now` (Unix milliseconds) lies at or behind its end.
    func isExpired(at now: UInt64) -> Bool { expires != -1 && Int64(clamping: now / 1_000) >= expires }
}
