import CofferAccounts
import NIOHTTP1

/// What the forwarding headers say, where the peer may say it (decisions 21; users.md B6).
enum TrustedProxies {
    /// Longer chains than any honest one are not walked.
    private static let maximumHops = 32

    static func read(_ texts: [String], key: String) throws(HTTPSettingsError) -> [AddressRange] {
        var ranges: [AddressRange] = []
        for text in texts {
            let everybody = HTTPSettingsError(key, "'\(text)' would trust everybody: name the proxies' addresses")
            guard text != "*", !text.hasSuffix("/0") else { throw everybody }
            guard let range = AddressRange(text) else { throw HTTPSettingsError(key, "'\(text)' is neither an address nor a CIDR block") }
            // All of IPv4 has a second spelling: ::ffff:0.0.0.0/96.
            guard range.prefix > 96 || !range.network.isV4 else { throw everybody }
            ranges.append(range)
        }
        return ranges
    }

    /// The client of a request: the first address from the right that is not a trusted proxy.
    ///
    /// What stands to the left of it was sent by the client and means nothing. Where the walk meets garbage the peer itself counts.
    static func client(peer: ClientAddress, headers: HTTPHeaders, trusted: [AddressRange]) -> ClientAddress {
        func isTrusted(_ address: ClientAddress) -> Bool { trusted.contains { $0.contains(address) } }
        guard isTrusted(peer) else { return peer }
        var client = peer
        var hops = 0
        for value in headers["x-forwarded-for"].reversed() {
            for element in value.split(separator: ",", omittingEmptySubsequences: false).reversed() {
                hops += 1
                guard hops <= maximumHops, let address = address(Blanks.trimmed(element)) else { return peer }
                client = address
                if !isTrusted(address) { return client }
            }
        }
        return client
    }

    /// Whether the last trusted proxy was reached over TLS.
    static func isSecure(peer: ClientAddress, headers: HTTPHeaders, trusted: [AddressRange]) -> Bool {
        guard trusted.contains(where: { $0.contains(peer) }), let value = headers["x-forwarded-proto"].last else { return false }
        let last = value.split(separator: ",", omittingEmptySubsequences: false).last ?? ""
        return Blanks.trimmed(last).lowercased() == "https"
    }

    /// Some proxies write the port too.
    private static func address(_ text: Substring) -> ClientAddress? {
        if let address = ClientAddress(text) { return address }
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            guard isPort(text[text.index(after: end)...]) else { return nil }
            let inner = text[text.index(after: text.startIndex)..<end]
            return inner.contains(":") ? ClientAddress(inner) : nil
        }
        guard let colon = text.firstIndex(of: ":"), isPort(text[colon...]) else { return nil }
        return ClientAddress(text[..<colon])
    }

    private static func isPort(_ text: Substring) -> Bool {
        if text.isEmpty { return true }
        let digits = text.dropFirst()
        return text.first == ":" && !digits.isEmpty && digits.utf8.count <= 5 && digits.utf8.allSatisfy { $0 >= 48 && $0 <= 57 }
    }
}
