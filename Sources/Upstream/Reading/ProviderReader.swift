struct ProviderReader {
    static func read(_ source: String) throws(ProviderErrors) -> Provider { throw ProviderErrors([]) }
}
