import CofferStore
import CofferUpstream

extension Credentials {
    /// One call for something that is no credential: a token from a file, an account of a list, what a caller brings along. Nothing is
    /// kept, nothing is claimed: only steps that ask, and log-ins, are called so.
    /// - Throws: `notFound` for a provider or step that is not there; `invalidArgument` for a step that makes other tokens, or where a value
    ///   is missing or unusable.
    public func call(
        _ provider: String, step: String, values: [String: SecretBuffer]
    ) async throws(CredentialError) -> StepResult {
        try context.requireInEarnest()
        guard let found = providers.find(provider), let step = found.step(step) else {
            throw CredentialError(.notFound, "provider", "there is no provider '\(provider)' with this step")
        }
        guard [.check, .summary, .info, .login].contains(step.purpose) else {
            throw CredentialError(.invalidArgument, "step", "this step is for credentials only")
        }
        let call: PreparedCall
        do throws(ProviderError) {
            call = try found.prepare(step, values: values, proxy: nil, rules: context.options.addresses)
        } catch {
            throw CredentialError(.invalidArgument, error.field, error.message)
        }
        return await withCheckedContinuation { continuation in
            context.transport.send(call) { continuation.resume(returning: $0) }
        }
    }
}
