extension Provider {
    /// Whether a credential of this provider may keep these parameters: what could never be sent is refused when it is given, not when its
    /// token is needed.
    /// - Parameter values: an empty one counts as none.
    /// - Throws: names a parameter that there is not, that is a secret, whose value it cannot have, or that leads to an address that is not
    ///   allowed. No value is in the error.
    public func check(parameters values: [String: String], rules: AddressRules) throws(ProviderError) {
        for (name, value) in values.sorted(by: { $0.key < $1.key }) where !value.isEmpty {
            guard let parameter = parameter(name) else {
                let known = parameters.filter { !$0.isSecret && !$0.isPerCall }.map(\.name).joined(separator: ", ")
                throw ProviderError(
                    name, "provider '\(self.name)' has no such parameter; " + (known.isEmpty ? "it has none" : "it has \(known)"))
            }
            guard !parameter.isSecret else { throw ProviderError(name, "is a secret: it belongs among the sealed fields") }
            try parameter.check(value)
            guard parameter.kind == .url else { continue }
            let url = try UpstreamURL(Array(value.utf8))
            if let address = UpstreamURL.numericAddress(url.host), !rules.allows(address, namesLoopback: url.namesLoopback) {
                throw ProviderError(name, "leads to an address that is not allowed")
            }
        }
    }
}
