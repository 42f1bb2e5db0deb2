import Glibc

/// An IPv4 or IPv6 address, as 16 bytes: IPv4 in the v4-mapped form.
struct IPAddress: Equatable, Sendable {
    let high: UInt64
    let low: UInt64
    /// Whether it came as IPv4 (a v4-mapped IPv6 address did not, and is judged by its IPv4 rules all the same).
    let isPlainV4: Bool

    init(v4: UInt32) {
        high = 0
        low = 0xFFFF_0000_0000 | UInt64(v4)
        isPlainV4 = true
    }

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
        isPlainV4 = false
    }

    /// Four decimals without leading zeros, or IPv6 without zone and brackets.
    init?(_ text: String) {
        var v4 = in_addr()
        if inet_pton(AF_INET, text, &v4) == 1 {
            self.init(v4: UInt32(bigEndian: v4.s_addr))
            return
        }
        var v6 = in6_addr()
        guard inet_pton(AF_INET6, text, &v6) == 1 else { return nil }
        let bytes = withUnsafeBytes(of: &v6) { Array($0) }
        self.init(bytes: bytes)
    }

    /// Of a socket address; nil: of another family, or cut off.
    init?(_ address: UnsafeRawBufferPointer) {
        guard address.count >= MemoryLayout<sa_family_t>.size else { return nil }
        switch Int32(address.loadUnaligned(as: sa_family_t.self)) {
        case AF_INET:
            guard address.count >= 8 else { return nil }
            self.init(v4: UInt32(bigEndian: address.loadUnaligned(fromByteOffset: 4, as: UInt32.self)))
        case AF_INET6:
            guard address.count >= 24 else { return nil }
            self.init(bytes: Array(address[8..<24]))
        default: return nil
        }
    }

    /// Of 16 bytes in network order.
    private init(bytes: [UInt8]) {
        var words: (UInt64, UInt64) = (0, 0)
        for byte in bytes.prefix(8) { words.0 = words.0 << 8 | UInt64(byte) }
        for byte in bytes.dropFirst(8).prefix(8) { words.1 = words.1 << 8 | UInt64(byte) }
        self.init(high: words.0, low: words.1)
    }

    /// The IPv4 address that this is or that it leads to: mapped, compatible, NAT64 (64:ff9b::/96) and 6to4 (2002::/16).
    var v4: UInt32? {
        if high == 0, low >> 32 == 0xFFFF { return UInt32(truncatingIfNeeded: low) }
        if high == 0, low > 1, low >> 32 == 0 { return UInt32(truncatingIfNeeded: low) }
        if high == 0x0064_FF9B_0000_0000, low >> 32 == 0 { return UInt32(truncatingIfNeeded: low) }
        if high >> 48 == 0x2002 { return UInt32(truncatingIfNeeded: high >> 16) }
        return nil
    }

    /// 127.0.0.0/8 and ::1.
    var isLoopback: Bool { v4.map { $0 >> 24 == 127 } ?? (high == 0 && low == 1) }

    /// Never an upstream, unless a person says so: link-local, metadata services, "this network", multicast, broadcast.
    var isForbidden: Bool {
        if let v4 {
            switch v4 {
            case 0xA9FE_0000...0xA9FE_FFFF, 0x6464_64C8, 0...0x00FF_FFFF, 0xE000_0000...0xEFFF_FFFF, 0xFFFF_FFFF: return true
            default: return false
            }
        }
        if high >> 54 == 0xFE80 >> 6 || high >> 56 == 0xFF { return true }
        return (high == 0 && low == 0) || (high == 0xFD00_0EC2_0000_0000 && low == 0x254)
    }
}

/// `10.0.0.0/8`, `fe80::/10`, or a single address.
struct AddressRange: Equatable, Sendable {
    private let address: IPAddress
    private let bits: Int

    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let address = IPAddress(String(parts[0])) else { return nil }
        let width = address.isPlainV4 ? 32 : 128
        var bits = width
        if parts.count == 2 {
            let isNumber = parts[1].utf8.count <= 3 && parts[1].utf8.allSatisfy { (0x30...0x39).contains($0) }
            guard isNumber, let given = Int(parts[1]), given <= width else { return nil }
            bits = given
        }
        self.address = address
        self.bits = bits + 128 - width
    }

    func contains(_ other: IPAddress) -> Bool {
        func isEqual(_ left: UInt64, _ right: UInt64, _ bits: Int) -> Bool {
            bits <= 0 || (left ^ right) >> UInt64(64 - min(bits, 64)) == 0
        }
        return isEqual(address.high, other.high, bits) && isEqual(address.low, other.low, bits - 64)
    }
}
