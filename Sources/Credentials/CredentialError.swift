import CofferStore

/// Why credentials, pools, providers and schedules refused; never contains a secret.
public struct CredentialError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        case invalidArgument, notFound, alreadyExists, conflict, denied, tooMany
        /// A person must act: log in, pay, solve a captcha, decide about an attempt whose outcome nobody knows.
        case needsPerson
        /// The upstream said, by the provider's list, that it is over.
        case dead
        /// The pool has no member that lives (decisions 29); `retryAfter` is the earliest time to try again.
        case noLiveMember
        /// The upstream asked to wait.
        case limited
        /// No verdict: the upstream could not be reached, or made no sense.
        case upstream
        /// Not within the caller's deadline; what was begun goes on.
        case timedOut
        case busy, locked, readOnly, storeFull, outcomeUnknown, failed
    }

    public var code: Code
    /// What was wrong: `name`, `provider`, `proxy`, …; "" none.
    public var field: String
    public var message: String
    /// Milliseconds after which it is worth another try; 0: waiting does not help, or nobody knows.
    public var retryAfter: UInt64

    public init(_ code: Code, _ field: String = "", _ message: String, retryAfter: UInt64 = 0) {
        self.code = code
        self.field = field
        self.message = message
        self.retryAfter = retryAfter
    }

    public init(_ error: StoreError) {
        let (code, field): (Code, String) = switch error.code {
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

extension CredentialError {
    /// Turns what the store throws into what credentials throw.
    static func translating<T>(_ body: () throws(StoreError) -> T) throws(CredentialError) -> T {
        do throws(StoreError) { return try body() } catch { throw CredentialError(error) }
    }

    static let isLocked = CredentialError(.locked, "", "the store is locked")
}
