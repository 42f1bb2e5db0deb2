extension Provider {
    /// The same provider with other URLs (decisions 22): of named bases, and of parameters of kind `url`, whose default they
    /// become.
    /// - Throws: names each that the provider does not have or that is no http(s) URL.
    public func replacing(bases: [String: String]) throws(ProviderErrors) -> Provider {
        var result = self
        var errors: [ProviderError] = []
        for (name, url) in bases.sorted(by: { $0.key < $1.key }) {
            do throws(ProviderError) {
                let parsed = try UpstreamURL(Array(url.utf8))
                if result.bases[name] != nil {
                    if parsed.hasQuery { throw ProviderError("", "must not have a query") }
                    result.bases[name] = url
                } else if let index = result.parameters.firstIndex(where: { $0.name == name && $0.kind == .url }) {
                    result.parameters[index].default = url
                    result.parameters[index].isRequired = false
                    for step in result.steps.indices { result.steps[step].needs.remove(name) }
                } else {
                    let names = result.bases.keys.sorted() + result.parameters.filter { $0.kind == .url }.map(\.name)
                    let known = names.joined(separator: ", ")
                    let hint = known.isEmpty ? "it has none" : "it has \(known)"
                    throw ProviderError("", "provider '\(self.name)' has no URL '\(ProviderText.short(name))'; \(hint)")
                }
            } catch {
                errors.append(ProviderError("\(self.name).\(ProviderText.short(name))", error.message))
            }
        }
        if !errors.isEmpty { throw ProviderErrors(errors) }
        return result
    }
}
