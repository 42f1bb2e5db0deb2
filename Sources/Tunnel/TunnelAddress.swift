/// Where a daemon's HTTP API is: `https://host:8300`.
public struct TunnelAddress: Equatable, Sendable {
    /// As it was given, without a slash at its end.
    public let text: String

    /// - Returns: `nil` for anything but `http://` or `https://`, a host, and where wanted a port and a path.
    public init?(_ text: String) {
        var text = text
        while text.hasSuffix("/") { text.removeLast() }
        guard let scheme = ["https://", "http://"].first(where: { text.lowercased().hasPrefix($0) }), text.utf8.count <= 2_048,
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { return nil }
        let rest = text.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" }
        // A password in an address would end in histories and logs.
        guard !authority.isEmpty, !authority.contains("@"), !rest.contains("?"), !rest.contains("#") else { return nil }
        self.text = text
        host = String(authority)
        path = String(rest.dropFirst(authority.count))
        isSecure = scheme == "https://"
    }

    /// Host and port, as `Host` has them.
    let host: String
    /// Of a reverse proxy; empty or beginning with a slash.
    let path: String
    public let isSecure: Bool

    /// Whether bytes stay on this machine, so that plain HTTP is no risk.
    public var isLoopback: Bool {
        let name = host.hasPrefix("[") ? host.prefix { $0 != "]" }.dropFirst() : host.prefix { $0 != ":" }
        return name == "localhost" || name == "::1" || name.hasPrefix("127.")
    }
}
