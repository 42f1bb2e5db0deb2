import CofferStore
import CofferUpstream

/// Sends nothing: of a daemon that rehearses. Whoever asks is refused before; this is for whoever did not ask.
struct SilentTransport: UpstreamTransport {
    func send(_ call: PreparedCall, completion: @escaping @Sendable (StepResult) -> Void) {
        completion(StepResult(verdict: .down, reason: CredentialError.rehearses.message, wasSent: false, isUnused: true))
    }

    func stop() {}
}

extension CredentialError {
    static let rehearses = CredentialError(
        .readOnly, "rehearsal", "the daemon was started with --rehearsal: it calls no upstream, refreshes nothing and writes no sink")
}

extension CredentialContext {
    /// - Throws: ``CredentialError/rehearses``.
    func requireInEarnest() throws(CredentialError) { if options.rehearses { throw .rehearses } }
}
