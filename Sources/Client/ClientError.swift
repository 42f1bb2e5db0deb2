import CofferWire

/// Why a call of the client failed: one of the daemon's errors, or one that the client found itself.
///
/// Compare ``code`` with the static codes; new ones may appear, so that a `switch` needs a `default`. No error ever
/// contains a secret.
public struct ClientError: Error, Sendable, CustomStringConvertible {
    /// What kind of error it is.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        enum Value: Hashable, Sendable {
            case server(ErrorCode)
            case unreachable, untrustedServer, disconnected, protocolViolation, timedOut, invalidArgument
        }

        let value: Value
        init(_ value: Value) { self.value = value }
        private static func server(_ code: ErrorCode) -> Code { Code(.server(code)) }

        /// The number that the daemon gave, as protocol.md lists it; `nil` for errors of the client itself.
        public var serverCode: UInt16? {
            if case .server(let code) = value { code.rawValue } else { nil }
        }

        /// The name of the static code, for logs.
        public var description: String {
            switch value {
            case .server(let code): "\(code)"
            default: "\(value)"
            }
        }

        // MARK: Found by the client

        /// No connection could be made within ``ClientConfiguration/connectTimeout``. Nothing was sent.
        public static let unreachable = Code(.unreachable)
        /// The process behind the socket runs as a user that is not trusted to be the daemon. Nothing was sent.
        public static let untrustedServer = Code(.untrustedServer)
        /// The connection broke after the request was sent, or the client was closed; see ``ClientError/outcome``.
        public static let disconnected = Code(.disconnected)
        /// The other side sent what the protocol does not allow.
        public static let protocolViolation = Code(.protocolViolation)
        /// The call's timeout passed without an answer; see ``ClientError/outcome``.
        public static let timedOut = Code(.timedOut)
        /// An argument lies outside its range, as the client or the daemon found.
        public static let invalidArgument = Code(.invalidArgument)

        // MARK: Said by the daemon

        /// The daemon could not read the request.
        public static let malformed = server(.malformed)
        /// The daemon speaks no version of the protocol that this client speaks.
        public static let unsupportedVersion = server(.unsupportedVersion)
        /// The daemon is older than the operation.
        public static let unknownOperation = server(.unknownOperation)
        /// The request was out of place.
        public static let unexpected = server(.unexpected)
        /// Something is longer than its limit.
        public static let tooLarge = server(.tooLarge)
        /// The daemon has too much to do; see ``ClientError/retry``.
        public static let busy = server(.busy)
        /// The deadline passed in the daemon.
        public static let deadlineExceeded = server(.deadlineExceeded)
        /// The request was cancelled.
        public static let cancelled = server(.cancelled)
        /// The store is locked.
        public static let locked = server(.locked)
        /// No policy allows it.
        public static let denied = server(.denied)
        /// There is no such name, policy or slot (or the caller may not know of it).
        public static let notFound = server(.notFound)
        /// Something else was there than was expected.
        public static let conflict = server(.conflict)
        /// A name breaks the rules for names.
        public static let invalidName = server(.invalidName)
        /// The version has expired.
        public static let expired = server(.expired)
        /// The name has no such version.
        public static let versionNotFound = server(.versionNotFound)
        /// The version or the name is deleted.
        public static let deleted = server(.deleted)
        /// The caller already has the version that would be read.
        public static let notModified = server(.notModified)
        /// The position belongs to another history, or to one that is no longer kept.
        public static let resync = server(.resync)
        /// The store has no room.
        public static let storeFull = server(.storeFull)
        /// A record cannot be opened: the store is damaged.
        public static let damaged = server(.damaged)
        /// The daemon could not carry it out.
        public static let failed = server(.failed)
        /// The daemon does not know whether the change was carried out.
        public static let outcomeUnknown = server(.outcomeUnknown)
        /// No slot of the kind opens with this secret.
        public static let unlockFailed = server(.unlockFailed)
        /// The last slot cannot be removed.
        public static let lastSlot = server(.lastSlot)
        /// The daemon accepts no changes.
        public static let readOnly = server(.readOnly)
        /// The daemon is shutting down.
        public static let draining = server(.draining)
        /// The daemon has all the connections that it takes.
        public static let tooManyConnections = server(.tooManyConnections)
        /// A fault in the daemon.
        public static let internalError = server(.internalError)
        /// A person must act before there is a token again: log in, pay, decide about an attempt whose outcome nobody knows.
        public static let needsPerson = server(.needsPerson)
        /// The upstream said that it is over with this credential.
        public static let dead = server(.dead)
        /// The pool has no member that lives; ``ClientError/retry`` has the earliest time to try again.
        public static let noLiveMember = server(.noLiveMember)
        /// The upstream asked to wait; ``ClientError/retry`` says how long.
        public static let limited = server(.limited)
        /// The upstream could not be reached, or made no sense: no verdict.
        public static let upstream = server(.upstream)
        /// The daemon's audit log cannot be written: nothing is handed out and nothing was changed.
        public static let auditUnavailable = server(.auditUnavailable)
    }

    /// What kind of error it is.
    public let code: Code
    /// A sentence for people. Contains no secret.
    public let message: String
    /// Whether to try again, and when.
    public let retry: Retry
    /// Whether the failed call may have changed something.
    public let outcome: Outcome

    /// For whoever makes connections (``ClientConfiguration/connector``): a failure of theirs.
    public static func unreachable(_ message: String, retry: Retry = .now) -> ClientError {
        ClientError(.unreachable, message, retry: retry)
    }

    /// The same: the other side does not let the caller in.
    public static func refused(_ message: String) -> ClientError { ClientError(.denied, message) }

    init(_ code: Code, _ message: String, retry: Retry = .never, outcome: Outcome = .none) {
        self.code = code
        self.message = message
        self.retry = retry
        self.outcome = outcome
    }

    init(_ failure: Failure) {
        let code: Code = failure.code == .invalidArgument ? .invalidArgument : Code(.server(failure.code))
        self.init(code, failure.message, retry: failure.retry, outcome: failure.outcome)
    }

    init(_ error: WireError) {
        self.init(.protocolViolation, "the daemon broke the protocol: \(error)")
    }

    /// The code, the message, and a remark where the outcome is unknown.
    public var description: String {
        "\(code): \(message)" + (outcome == .unknown ? " (it may have been carried out or not)" : "")
    }

    func with(outcome: Outcome) -> ClientError {
        ClientError(code, message, retry: retry, outcome: outcome)
    }
}
