/// An address, or a network of them.
public struct AddressRange: Hashable, Sendable, CustomStringConvertible {
    /// The network's first address: bits behind the prefix are zero.
    public let network: ClientAddress
    /// 0 to 128, counted in the v4-mapped form: `10.0.0.0/8` has 104.
    public let prefix: UInt8
    private let highMask: UInt64
    private let lowMask: UInt64

    /// - Parameter prefix: 0 to 128, in the v4-mapped form.
    public init?(_ address: ClientAddress, prefix: Int) {
        guard (0...128).contains(prefix) else { return nil }
        self.prefix = UInt8(prefix)
        highMask = Self.mask(prefix)
        lowMask = Self.mask(prefix - 64)
        network = ClientAddress(high: address.high & highMask, low: address.low & lowMask)
    }

    /// `192.0.2.7`, `10.0.0.0/8`, `2001:db8::/32`. Bits behind the prefix are ignored.
    /// - Returns: `nil` for everything else.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let address = ClientAddress(first) else { return nil }
        guard parts.count == 2 else {
            self.init(address, prefix: 128)
            return
        }
        let digits = parts[1].utf8
        // One spelling for each length: no sign, no blank, no leading zero.
        guard (1...3).contains(digits.count), digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            digits.count == 1 || digits.first != UInt8(ascii: "0"), let length = Int(parts[1])
        else { return nil }
        // `::ffff:10.0.0.0/104` counts from the first of 128 bits, `10.0.0.0/8` from the first of 32.
        if address.isV4 && !first.contains(":") {
            guard length <= 32 else { return nil }
            self.init(address, prefix: length + 96)
        } else {
            self.init(address, prefix: length)
        }
    }

    /// An IPv6 network never holds IPv4 addresses, though their mapped form lies in some.
    @inline(__always)
    public func contains(_ address: ClientAddress) -> Bool {
        address.high & highMask == network.high && address.low & lowMask == network.low && (prefix >= 96 || !address.isV4)
    }

    public var description: String {
        if prefix == 128 { return network.description }
        return network.isV4 && prefix >= 96 ? "\(network)/\(prefix - 96)" : "\(network)/\(prefix)"
    }

    private static func mask(_ bits: Int) -> UInt64 {
        bits <= 0 ? 0 : bits >= 64 ? .max : ~(UInt64.max >> UInt64(bits))
    }
}

/// The addresses that an API key may be used from. Empty: any.
public struct AddressList: Equatable, Sendable {
    /// As it was given.
    public let text: String
    public let ranges: [AddressRange]

    public static let any = AddressList()

    private init() {
        text = ""
        ranges = []
    }

    /// Entries stand between newlines, commas, semicolons or blanks.
    /// - Throws: `invalidArgument` naming the entry that is neither an address nor a network, or the limit.
    public init(_ text: String) throws(AccountError) {
        guard text.utf8.count <= APIKeyLimits.addressText else {
            throw AccountError(.invalidArgument, "addresses", "the list of addresses is longer than \(APIKeyLimits.addressText) bytes")
        }
        var ranges: [AddressRange] = []
        for entry in text.split(whereSeparator: { "\n\r,; \t".unicodeScalars.contains($0.unicodeScalars.first ?? "x") }) {
            guard let range = AddressRange(entry) else {
                let shown = CofferNames.printable(entry)
                throw AccountError(.invalidArgument, "addresses", "'\(shown)' is neither an address nor a network")
            }
            ranges.append(range)
        }
        guard ranges.count <= APIKeyLimits.addresses else {
            let message = "the list has \(ranges.count) addresses; \(APIKeyLimits.addresses) are allowed"
            throw AccountError(.invalidArgument, "addresses", message)
        }
        self.text = text
        self.ranges = ranges
    }

    public var isEmpty: Bool { ranges.isEmpty }

    @inline(__always)
    public func contains(_ address: ClientAddress) -> Bool {
        for range in ranges where range.contains(address) { return true }
        return false
    }
}
