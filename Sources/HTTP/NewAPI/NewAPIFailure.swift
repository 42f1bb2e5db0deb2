import CofferAccounts
import CofferJSON

/// Why a request came to nothing, on its way to becoming an answer.
///
/// HTTP 200 unless it is about who asks, how often, or whether the store can answer (compat/newapi.md 1.0; decisions 20).
struct NewAPIFailure: Error, Sendable {
    enum Shape: Sendable {
        /// `{"success":false,"message":…}`, with `code` where there is one.
        case envelope
        /// `{"error":{…}}`, as the gateway's routes have it.
        case gateway
        /// A status and nothing else, as the API's rate limits have it.
        case empty
    }

    var status: Int
    var message: NewAPIMessage
    var code: String
    /// Seconds.
    var retryAfter: Int?
    var shape: Shape = .envelope

    init(_ message: NewAPIMessage, status: Int = 200, code: String = "", retryAfter: Int? = nil) {
        self.message = message
        self.status = status
        self.code = code
        self.retryAfter = retryAfter
    }

    static let unavailable = NewAPIFailure(.unavailable, status: 503, retryAfter: NewAPIBounds.retryAfter)

    static func rateLimited(retryAfter seconds: Int) -> NewAPIFailure {
        var failure = NewAPIFailure(.tooManyRequests, status: 429, retryAfter: seconds)
        failure.shape = .empty
        return failure
    }

    /// - Parameter otherwise: what is said where the store broke down.
    init(_ error: AccountError, otherwise: NewAPIMessage = .failed) {
        switch error.code {
        case .locked, .busy, .readOnly: self = .unavailable
        case .notFound: self.init(.notFound)
        case .denied: self.init(.notRevealable)
        case .storeFull: self.init(.full)
        case .invalidArgument, .alreadyExists, .conflict, .exhausted: self.init(.invalidField(error.message))
        case .tooMany: self.init(.invalidField(error.message))
        case .loginFailed: self.init(.loginFailed)
        case .outcomeUnknown, .failed: self.init(otherwise)
        }
    }

    /// The same in the shape of the gateway's routes.
    var atGateway: NewAPIFailure {
        var failure = self
        if failure.shape == .envelope { failure.shape = .gateway }
        return failure
    }
}

/// What comes back when it went well.
struct NewAPIAnswer: Sendable {
    var body: JSONValue
    var headers: [(name: String, value: String)] = []

    /// The envelope around `data`.
    static func data(_ data: JSONValue) -> NewAPIAnswer {
        NewAPIAnswer(body: .object([("success", .bool(true)), ("message", .string("")), ("data", data)]))
    }

    /// The envelope without `data`.
    static let done = NewAPIAnswer(body: .object([("success", .bool(true)), ("message", .string(""))]))
}
