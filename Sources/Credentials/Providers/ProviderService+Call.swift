import CofferStore
import CofferUpstream

extension ProviderService {
    /// Sends one step of a provider with values that no credential keeps, and waits for its end: what is tried before it is stored, and
    /// what is about no credential (a pool's token, a channel, a licence). Nothing is recorded; what a stored credential presents goes by
    /// ``TokenIssuer``, which dials once.
    /// - Parameters:
    ///   - values: tokens, login fields and parameters by name; an empty one counts as missing.
    ///   - proxy: of whoever the call is for; `nil`: a direct connection.
    /// - Throws: `notFound` for an unknown provider or step; `invalidArgument` where a value is missing or no such request can be made.
    public func call(
        _ provider: String, step: String, values: [String: SecretBuffer], proxy: SecretBuffer? = nil
    ) async throws(CredentialError) -> StepResult {
        try context.requireInEarnest()
        guard let provider = find(provider) else { throw CredentialError(.notFound, "provider", "there is no provider of this name") }
        guard let step = provider.step(step) else { throw CredentialError(.notFound, "step", "the provider has no such step") }
        let call: PreparedCall
        do throws(ProviderError) {
            call = try provider.prepare(step, values: values, proxy: proxy, rules: context.options.addresses)
        } catch {
            throw CredentialError(.invalidArgument, error.field, error.message)
        }
        return await context.transport.send(call)
    }
}
