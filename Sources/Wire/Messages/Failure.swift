/// The numbered errors of the protocol. protocol.md, "Errors", has the cause of each.
public enum ErrorCode: UInt16, Sendable, CaseIterable {
    case ok = 0
    case malformed = 1
    case unsupportedVersion = 2
    case unknownOperation = 3
    case unexpected = 4
    case tooLarge = 5
    case busy = 6
    case deadlineExceeded = 7
    case cancelled = 8
    case locked = 9
    case denied = 10
    case notFound = 11
    case conflict = 12
    case invalidName = 13
    case invalidArgument = 14
    case expired = 15
    case versionNotFound = 16
    case deleted = 17
    case notModified = 18
    case resync = 19
    case storeFull = 20
    case damaged = 21
    case failed = 22
    case outcomeUnknown = 23
    case unlockFailed = 24
    case lastSlot = 25
    case readOnly = 26
    case draining = 27
    case tooManyConnections = 28
    case internalError = 29
    case needsPerson = 30
    case dead = 31
    case noLiveMember = 32
    case limited = 33
    case upstream = 34
    case auditUnavailable = 38
}

/// Whether to try again.
public enum Retry: Equatable, Sendable {
    /// The same request will fail again.
    case never
    /// At once.
    case now
    /// Not before so many milliseconds have passed (1 to 2^32-1).
    case after(milliseconds: UInt32)
}

/// Whether a failed request may have changed something.
public enum Outcome: UInt8, Sendable {
    /// Nothing was changed.
    case none = 0
    /// It may have been carried out or not; the caller must look.
    case unknown = 1
}

/// An answer that says no: what went wrong, whether to try again, and a sentence for people.
public struct Failure: Error, WireMessage {
    public var code: ErrorCode
    public var retry: Retry
    public var outcome: Outcome
    /// Names what was wrong; never contains a secret. At most ``Limits/message`` bytes.
    public var message: String

    public init(_ code: ErrorCode, _ message: String, retry: Retry = .never, outcome: Outcome = .none) {
        self.code = code
        self.retry = retry
        self.outcome = outcome
        self.message = message
    }

    /// Decodes an error answer whole, code included. The code is never 0.
    public init(from decoder: inout WireDecoder) throws(WireError) {
        guard let code = ErrorCode(rawValue: try decoder.u16("error")), code != .ok else { throw .unknownValue("error") }
        try self.init(code: code, from: &decoder)
    }

    /// Decodes what follows the code.
    public init(code: ErrorCode, from decoder: inout WireDecoder) throws(WireError) {
        self.code = code
        let kind = try decoder.u8("retry")
        let after = try decoder.u32("retry_after")
        switch (kind, after) {
        case (0, 0): retry = .never
        case (1, 0): retry = .now
        case (2, 1...): retry = .after(milliseconds: after)
        default: throw .unknownValue("retry")
        }
        guard let outcome = Outcome(rawValue: try decoder.u8("outcome")) else { throw .unknownValue("outcome") }
        self.outcome = outcome
        message = try decoder.text("message", limit: Limits.message)
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.u16(code.rawValue)
        switch retry {
        case .never: encoder.u8(0); encoder.u32(0)
        case .now: encoder.u8(1); encoder.u32(0)
        case .after(let milliseconds): encoder.u8(2); encoder.u32(milliseconds)
        }
        encoder.u8(outcome.rawValue)
        encoder.text(message)
    }
}

/// The body of a response or of an end: an error, or the answer of the operation behind a zero.
public enum Answer<Success: WireMessage>: WireMessage {
    case success(Success)
    case failure(Failure)

    public init(from decoder: inout WireDecoder) throws(WireError) {
        guard let code = ErrorCode(rawValue: try decoder.u16("error")) else { throw .unknownValue("error") }
        self = code == .ok
            ? .success(try Success(from: &decoder))
            : .failure(try Failure(code: code, from: &decoder))
    }

    public func encode(to encoder: inout WireEncoder) {
        switch self {
        case .success(let message):
            encoder.u16(ErrorCode.ok.rawValue)
            message.encode(to: &encoder)
        case .failure(let failure):
            failure.encode(to: &encoder)
        }
    }
}

/// A body without fields.
public struct Empty: WireMessage {
    public init() {}
    public init(from decoder: inout WireDecoder) throws(WireError) {}
    public func encode(to encoder: inout WireEncoder) {}
}

/// The body of a request: how long the caller waits, then the fields of the operation.
public struct Request<Fields: WireMessage>: WireMessage {
    /// Milliseconds from the arrival of the frame after which the caller wants `deadlineExceeded` instead;
    /// 0 is no deadline.
    public var deadline: UInt32
    public var fields: Fields

    public init(deadline: UInt32 = 0, _ fields: Fields) {
        self.deadline = deadline
        self.fields = fields
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        deadline = try decoder.u32("deadline")
        fields = try Fields(from: &decoder)
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.u32(deadline)
        fields.encode(to: &encoder)
    }
}

/// The body of a credit frame: so many more chunks or events may be sent (1 to 2^32-1).
public struct Credit: WireMessage {
    public var count: UInt32

    public init(count: UInt32) { self.count = count }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        count = try decoder.u32("count")
        guard count > 0 else { throw .tooShort("count") }
    }

    public func encode(to encoder: inout WireEncoder) { encoder.u32(count) }
}
