import CofferUpstream

extension SinkAction {
    /// - Throws: `invalidArgument` with `url`, `timeout` or `pid_file`.
    func check(rules: AddressRules) throws(CredentialError) {
        switch self {
        case .nothing: break
        case .call(let method, let url, let timeout):
            guard (1_000...120_000).contains(timeout) else {
                throw CredentialError(.invalidArgument, "timeout", "the timeout must be 1,000 to 120,000 milliseconds")
            }
            _ = try Self.prepared(method, url, timeout, rules)
        case .signal(_, let file):
            guard file.hasPrefix("/"), file.utf8.count < 4_096, !file.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
                throw CredentialError(.invalidArgument, "pid_file", "the path must be absolute, below 4,096 bytes, without control characters")
            }
        }
    }

    static func prepared(_ method: Method, _ url: String, _ timeout: UInt32, _ rules: AddressRules) throws(CredentialError) -> PreparedCall {
        do throws(ProviderError) {
            return try PreparedCall(hook: method.rawValue, url: url, timeout: timeout, rules: rules)
        } catch {
            throw CredentialError(.invalidArgument, "url", error.message)
        }
    }
}
