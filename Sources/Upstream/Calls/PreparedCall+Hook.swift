import CofferStore

extension PreparedCall {
    /// A call that tells somebody that something has happened: no provider, no token, no body. 2xx is ok, whatever the answer holds.
    /// - Parameters:
    ///   - method: `GET` or `POST`.
    ///   - url: http or https; it is not a template.
    ///   - timeout: of the whole call, in milliseconds, 1,000 to 120,000.
    /// - Throws: names `url`: it is no http(s) URL, or leads to an address that is refused.
    public init(hook method: String, url text: String, timeout: UInt32, rules: AddressRules) throws(ProviderError) {
        let bytes = Array(text.utf8)
        let url = try UpstreamURL(bytes)
        if let address = UpstreamURL.numericAddress(url.host), !rules.allows(address, namesLoopback: url.namesLoopback) {
            throw ProviderError("url", "leads to an address that is not allowed")
        }
        var answer = AnswerDescription()
        answer.mustBeJSON = false
        let step = ProviderStep(
            name: "call", purpose: .other, needs: [], gives: [], cost: 0, timeout: timeout, consumes: nil, names: [],
            replayRule: .fixed(.safe), conditions: [], request: RequestTemplate(method: method, url: try Template("")), answer: answer)
        self.init(
            provider: "hook", step: step, replay: .safe, method: method, url: SecretBuffer(bytes), headers: [], body: nil, proxy: nil,
            rules: rules, namesLoopback: url.namesLoopback, sent: [], providerRules: [], errors: ErrorPointers())
    }
}
