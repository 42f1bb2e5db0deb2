import CofferStore

extension Provider {
    /// The request of a step, rendered and checked.
    /// - Parameters:
    ///   - values: tokens, login fields and parameters by name; an empty one counts as missing.
    ///   - proxy: `http://`, `https://` or `socks5://`, with user and password or without; nil: a direct connection.
    /// - Throws: a value is missing, a URL is not http(s), a header would be split, an address is refused, the proxy is
    ///   unusable. No value is in the error.
    public func prepare(
        _ step: ProviderStep, values: [String: SecretBuffer], proxy: SecretBuffer? = nil, rules: AddressRules = .standard
    ) throws(ProviderError) -> PreparedCall {
        throw ProviderError("", "")
    }

    /// The same for people: tokens, passwords and secret parameters are `***` whether `values` has them or not.
    public func preview(_ step: ProviderStep, values: [String: String]) throws(ProviderError) -> RequestPreview {
        throw ProviderError("", "")
    }
}
