import CofferAccounts
import CofferCredentials
import CofferJSON

/// Why a request came to nothing, on its way to becoming an answer (compat/rtmanage.md 1.0).
struct RTManageFailure: Error, Sendable {
    enum Shape: Sendable {
        /// `{"success":false,"msg":…}`
        case envelope
        /// `{"error":…}`, as login has it.
        case login
        /// `{"status":"error","message":…}`, in the manner of the health page.
        case health
    }

    var status: Int
    var message: String
    var data: JSONValue?
    /// Seconds.
    var retryAfter: Int?
    var shape = Shape.envelope

    init(_ status: Int, _ message: String, data: JSONValue? = nil, retryAfter: Int? = nil, shape: Shape = .envelope) {
        self.status = status
        self.message = message
        self.data = data
        self.retryAfter = retryAfter
        self.shape = shape
    }

    static let noSuchPath = RTManageFailure(404, "API路径不存在")
    static let noSuchRow = "RT不存在"
    /// The store is locked or cannot write now (decisions 20).
    static let unavailable = RTManageFailure(503, "服务暂时不可用，请稍后重试", retryAfter: RTManageBounds.retryAfter)

    /// What Go's binding says.
    static func binding(_ text: String) -> RTManageFailure { RTManageFailure(400, "参数错误: \(text)") }

    /// - Parameters:
    ///   - status: where it is neither the store's condition nor the daemon's.
    ///   - prefix: the endpoint's own words before the reason.
    init(_ error: CredentialError, status: Int, prefix: String = "") {
        switch error.code {
        case .locked, .readOnly, .storeFull: self = .unavailable
        case .busy:
            self = .unavailable
            retryAfter = 1
        default: self.init(status, prefix + error.message)
        }
    }

    init(_ error: AccountError, status: Int, prefix: String = "") {
        switch error.code {
        case .locked, .busy, .readOnly, .storeFull: self = .unavailable
        default: self.init(status, prefix + error.message)
        }
    }

    var body: JSONValue {
        switch shape {
        case .envelope:
            .object([("success", .bool(false)), ("msg", .string(message))] + (data.map { [("data", $0)] } ?? []))
        case .login: .object([("error", .string(message))])
        case .health: .object([("status", .string("error")), ("message", .string(message))])
        }
    }
}

/// What comes back when it went well.
struct RTManageAnswer: Sendable {
    var body: JSONValue

    init(_ body: JSONValue) { self.body = body }

    /// The envelope; `data` is left out where there is none.
    init(_ message: String, data: JSONValue? = nil) {
        body = .object([("success", .bool(true)), ("msg", .string(message))] + (data.map { [("data", $0)] } ?? []))
    }
}
