/// How a step's answer is read.
struct AnswerDescription: Sendable {
    /// Statuses that may be ok without a rule.
    var success: StatusPattern = .anySuccess
    /// false: what the body is does not matter.
    var mustBeJSON = true
    var takes: [TakeRule] = []
    var expiries: [ExpiryRule] = []
    var rules: [AnswerRule] = []
    var errors: ErrorPointers?
    /// Seconds of life by token kind where the answer does not tell.
    var defaultLifetimes: [String: UInt32] = [:]
}

/// One value out of an answer.
struct TakeRule: Sendable {
    let name: String
    /// The first that finds something counts.
    let pointers: [JSONPointer]
    var isOptional = false
    var prefixes: [String] = []
    var contains: String?
    /// Bytes.
    var lengths: ClosedRange<Int> = 1...TakeRule.maximumLength

    static let maximumLength = 1 << 20
}

/// Where a token kind's expiry stands.
struct ExpiryRule: Sendable {
    enum Form: Sendable {
        /// Seconds from now.
        case lifetime
        /// Unix seconds.
        case time
    }

    let kind: String
    let form: Form
    let pointer: JSONPointer
}

/// Where the upstream's own error code and message stand; the first pointer that finds a text counts.
struct ErrorPointers: Sendable {
    var code: [JSONPointer] = []
    var message: [JSONPointer] = []
}

/// `200`, `4xx`, `500-599`, or a list of them.
struct StatusPattern: Equatable, Sendable {
    let ranges: [ClosedRange<Int>]

    static let anySuccess = StatusPattern(ranges: [200...299])

    func matches(_ status: Int) -> Bool { ranges.contains { $0.contains(status) } }

    /// One element; nil: it is none.
    static func range(_ text: String) -> ClosedRange<Int>? {
        func number(_ text: some StringProtocol) -> Int? {
            guard text.utf8.count == 3, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text) else { return nil }
            return (100...599).contains(number) ? number : nil
        }
        if let status = number(text) { return status...status }
        if text.utf8.count == 3, text.hasSuffix("xx"), let hundred = text.first?.wholeNumberValue, (1...5).contains(hundred) {
            return hundred * 100...hundred * 100 + 99
        }
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let low = number(parts[0]), let high = number(parts[1]), low <= high else { return nil }
        return low...high
    }
}

/// One rule: what an answer looks like, and what that means.
struct AnswerRule: Sendable {
    enum Word: String, Sendable, CaseIterable { case ok, dead, limited, person, down }
    enum RetryAfter: Sendable {
        case header
        case pointer(JSONPointer)
        case seconds(UInt32)
    }

    var conditions: [AnswerCondition]
    var word: Word
    var unused: Bool?
    var retryAfter: RetryAfter?
    var reason: String?
}

/// One condition of a rule; all of a rule's must hold.
enum AnswerCondition: Sendable {
    case status(StatusPattern)
    /// Lower case, without parameters: `text/html`.
    case contentType([String])
    case header(String, TextTest)
    case body(JSONPointer, TextTest)
    case isJSON(Bool)
}

/// What is asked of a header or of a place in the body.
enum TextTest: Sendable {
    case exists(Bool)
    case equals([String])
    /// A text or number is there, and is none of these.
    case differs([String])
    /// ASCII letters of either case.
    case contains([String])
    /// ``JSONValue/kind``.
    case kind([String])
    case all([TextTest])
}
