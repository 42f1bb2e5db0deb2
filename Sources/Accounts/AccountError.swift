import CofferStore

/// Why accounts refused; never contains a secret.
public struct AccountError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        case invalidArgument, notFound, alreadyExists, conflict, denied, exhausted, tooMany, loginFailed
        case busy, locked, readOnly, storeFull, outcomeUnknown, failed
    }

    public var code: Code
    /// What was wrong: `name`, `email`, `expires`, …; "" none.
    public var field: String
    public var message: String

    public init(_ code: Code, _ field: String = "", _ message: String) {
        self.code = code
        self.field = field
        self.message = message
    }

    /// Exhausted budgets become `exhausted`, with the field that says which: `quota`, `wallet`, `tokens_per_day`, `tokens_per_month`,
    /// `in_flight`.
    public init(_ error: StoreError) {
        let (code, field): (Code, String) = switch error.code {
        case .budgetExhausted: (.exhausted, "quota")
        case .walletExhausted: (.exhausted, "wallet")
        case .dayExhausted: (.exhausted, "tokens_per_day")
        case .monthExhausted: (.exhausted, "tokens_per_month")
        case .inFlightExhausted: (.exhausted, "in_flight")
        case .invalidName: (.invalidArgument, "name")
        case .invalidArgument: (.invalidArgument, "")
        case .notFound, .versionNotFound: (.notFound, "")
        case .conflict, .resync: (.conflict, "")
        case .alreadyExists: (.alreadyExists, "")
        case .locked: (.locked, "")
        case .busy: (.busy, "")
        case .readOnly: (.readOnly, "")
        // Doors answer it alike; the field says which it is.
        case .audit: (.readOnly, "audit")
        case .full: (.storeFull, "")
        case .outcomeUnknown: (.outcomeUnknown, "")
        default: (.failed, "")
        }
        self.init(code, field, error.message)
    }

    public var description: String { field.isEmpty ? "\(code.rawValue): \(message)" : "\(code.rawValue) (\(field)): \(message)" }
}

extension AccountError {
    /// Turns what the store throws into what accounts throw.
    static func translating<T>(_ body: () throws(StoreError) -> T) throws(AccountError) -> T {
        do throws(StoreError) { return try body() } catch { throw AccountError(error) }
    }

    static let isLocked = AccountError(.locked, "", "the store is locked")
}
