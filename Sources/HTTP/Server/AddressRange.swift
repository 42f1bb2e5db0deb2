import CofferAccounts

/// One address or a CIDR block: `10.0.0.0/8`, `192.0.2.7`, `fd00::/8`.
public struct AddressRange: Hashable, Sendable, CustomStringConvertible {
    private let high: UInt64
    private let low: UInt64
    /// Of 128 bits; those of IPv4 stand behind 96 fixed ones.
    private let prefix: Int

    /// - Returns: `nil` for what is no range; `*`, `0.0.0.0/0` and `::/0` are ranges of nobody's and refused too.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let address = ClientAddress(first) else { return nil }
        // The spelling decides which family the number behind the slash counts in, not the address.
        let isV6 = first.contains(":")
        let width = isV6 ? 128 : 32
        var prefix = width
        if parts.count == 2 {
            let digits = parts[1]
            guard !digits.isEmpty, digits.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }), digits == "0" || digits.first != "0",
                let number = Int(digits), number <= width, number > 0
            else { return nil }
            prefix = number
        }
        self.prefix = prefix + 128 - width
        (high, low) = Self.masked(address, prefix: self.prefix)
    }

    /// An IPv6 block never holds IPv4 addresses, though their mapped form lies below `::/80`.
    public func contains(_ address: ClientAddress) -> Bool {
        (prefix >= 96 || !address.isV4) && Self.masked(address, prefix: prefix) == (high, low)
    }

    public var description: String {
        let address = ClientAddress(high: high, low: low)
        return address.isV4 && prefix >= 96 ? "\(address)/\(prefix - 96)" : "\(address)/\(prefix)"
    }

    private static func masked(_ address: ClientAddress, prefix: Int) -> (UInt64, UInt64) {
        let high = prefix >= 64 ? address.high : address.high & (prefix == 0 ? 0 : UInt64.max << UInt64(64 - prefix))
        let low = prefix <= 64 ? 0 : address.low & UInt64.max << UInt64(128 - prefix)
        return (high, low)
    }
}
