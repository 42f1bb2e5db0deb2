import CofferStore

/// A proxy's address as people may see it.
enum ProxyAddress {
    private static let schemes = ["http", "https", "socks5", "socks5h"]

    /// The address without user and password.
    /// - Throws: `invalidArgument` for anything but `http`, `https` or `socks5` with a host: such a proxy could never be used, and a call
    ///   without it would show the machine's own address.
    static func hint(_ proxy: SecretBuffer) throws(CredentialError) -> String {
        defer { withExtendedLifetime(proxy) {} }
        let refusal = CredentialError(.invalidArgument, "proxy", "the proxy must be http://, https:// or socks5:// with a host")
        guard proxy.count <= 2_048, let text = String(validating: proxy.bytes, as: UTF8.self),
            !text.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F })
        else { throw refusal }
        guard let mark = text.firstRange(of: "://") else { throw refusal }
        let scheme = text[..<mark.lowerBound].lowercased()
        guard schemes.contains(scheme) else { throw refusal }
        let rest = text[mark.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let host = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
        guard !host.isEmpty, host.first != ":" else { throw refusal }
        return "\(scheme)://\(host)"
    }
}
