import CofferStore
import Glibc

/// A credential's own proxy, checked and in one form. A proxy that cannot be used is an error, never a direct connection.
enum ProxyAddress {
    static let maximumLength = 2_048

    /// `http://`, `https://` or `socks5://` (also `socks5h://`: names are always resolved at the proxy), user and password or
    /// none, host, port (by default 80, 443, 1080).
    /// - Throws: what is wrong, without the address: it may hold a password.
    static func normalised(_ proxy: SecretBuffer, rules: AddressRules) throws(ProviderError) -> SecretBuffer {
        let bytes = Array(proxy.bytes)
        guard bytes.count <= maximumLength else { throw ProviderError("proxy", "is longer than \(maximumLength) bytes") }
        guard bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw ProviderError("proxy", "contains a blank, a control character or a non-ASCII character")
        }
        let schemes = [("http://", "http", 80), ("https://", "https", 443), ("socks5://", "socks5h", 1080), ("socks5h://", "socks5h", 1080)]
        let lower = bytes.prefix(10).map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        guard let (prefix, scheme, defaultPort) = schemes.first(where: { lower.starts(with: $0.0.utf8) }) else {
            throw ProviderError("proxy", "must begin with http://, https:// or socks5://")
        }
        var rest = bytes[prefix.utf8.count...]
        if rest.last == UInt8(ascii: "/") { rest = rest.dropLast() }
        guard !rest.contains(where: { "/?#\\".utf8.contains($0) }) else {
            throw ProviderError("proxy", "must be only a scheme, user, password, host and port; write '/' in a password as %2F")
        }
        var user: ArraySlice<UInt8> = []
        if let at = rest.lastIndex(of: UInt8(ascii: "@")) {
            user = rest[..<at]
            rest = rest[rest.index(after: at)...]
        }
        let host: String
        let port: UInt16?
        do throws(ProviderError) { (host, port) = try UpstreamURL.authority(rest) } catch { throw ProviderError("proxy", error.message) }
        if let address = UpstreamURL.numericAddress(host), !rules.allows(address, namesLoopback: true) {
            throw ProviderError("proxy", "is an address that is not allowed")
        }
        let output = WipedBytes()
        output.append("\(scheme)://")
        if !user.isEmpty {
            try writeUser(user, to: output)
            output.append(UInt8(ascii: "@"))
        }
        output.append(host.contains(":") ? "[\(host)]" : host)
        output.append(":\(port.map(Int.init) ?? defaultPort)")
        return output.sealed()
    }

    /// `%XX` stays; whatever else could end a part is escaped.
    private static func writeUser(_ user: ArraySlice<UInt8>, to output: WipedBytes) throws(ProviderError) {
        let parts = user.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ":")) }
            guard let items = ValueEncoding.percentDecoded(part) else {
                throw ProviderError("proxy", "has a '%' that is not followed by two hex digits")
            }
            guard !items.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
                throw ProviderError("proxy", "has a control character in its user or password")
            }
            try ValueEncoding.percent.write(SecretBuffer(items), to: output)
        }
    }
}

extension UpstreamURL {
    /// The address that a host name written in numbers leads to, in any of the spellings that `inet_aton` reads.
    static func numericAddress(_ host: String) -> IPAddress? {
        if let address = IPAddress(host) { return address }
        var v4 = in_addr()
        let text = host.hasSuffix(".") ? String(host.dropLast()) : host
        guard inet_aton(text, &v4) == 1 else { return nil }
        return IPAddress(v4: UInt32(bigEndian: v4.s_addr))
    }
}
