import CofferCredentials
import CofferStore
import CofferWire

extension Failure {
    /// What credentials refused, in the protocol's words.
    init(_ error: CredentialError) {
        let code: ErrorCode = switch error.code {
        case .invalidArgument: .invalidArgument
        case .notFound: .notFound
        case .alreadyExists, .conflict, .tooMany: .conflict
        case .denied: .denied
        case .needsPerson: .needsPerson
        case .dead: .dead
        case .noLiveMember: .noLiveMember
        case .limited: .limited
        case .upstream: .upstream
        case .timedOut: .deadlineExceeded
        case .busy: .busy
        case .locked: .locked
        case .readOnly: .readOnly
        case .storeFull: .storeFull
        case .outcomeUnknown: .outcomeUnknown
        case .failed: .failed
        }
        if code == .locked {
            self = .locked
            return
        }
        let retry: Retry = switch code {
        case _ where error.retryAfter > 0: .after(milliseconds: UInt32(clamping: error.retryAfter))
        case .busy: .after(milliseconds: 1_000)
        case .failed, .deadlineExceeded, .upstream: .now
        default: .never
        }
        let message = error.field.isEmpty ? error.message : "\(error.field): \(error.message)"
        self.init(code, String(message.prefix(1_000)), retry: retry, outcome: code == .outcomeUnknown ? .unknown : .none)
    }
}

extension Caller {
    /// What a failure about something of the caller's tenant looks like to it: who may not know whether it is there is told `denied`.
    func failure(_ error: CredentialError, _ noun: Noun, _ name: [UInt8]) -> Failure {
        guard error.code == .notFound, let tenant, !allows(noun, .info, of: tenant, name) else { return Failure(error) }
        return .denied
    }
}

/// Calls credentials and translates what they refuse.
func credentialCall<T>(_ body: () async throws(CredentialError) -> T) async throws(Failure) -> T {
    do throws(CredentialError) { return try await body() } catch { throw Failure(error) }
}
