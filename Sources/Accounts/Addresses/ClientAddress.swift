/// The address of a client: IPv4 or IPv6, kept as 16 bytes in the v4-mapped form (RFC 4291 §2.5.5.2).
///
/// `1.2.3.4` and `::ffff:1.2.3.4` are one address: a client that reaches a socket of both families is the same client.
public struct ClientAddress: Hashable, Sendable, CustomStringConvertible {
    /// The first and the last eight bytes, as big-endian numbers.
    public let high: UInt64
    public let low: UInt64

    private static let mappedPrefix: UInt64 = 0xFFFF_0000_0000

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// An IPv4 address from its four bytes, as a big-endian number.
    public init(v4: UInt32) { self.init(high: 0, low: Self.mappedPrefix | UInt64(v4)) }

    /// Text as clients and headers carry it: four decimals without leading zeros, or the text forms of RFC 4291 §2.2.
    ///
    /// Nothing around it: no blanks, no brackets, no port, no zone. Nothing is allocated.
    /// - Returns: `nil` for everything else.
    public init?(_ bytes: UnsafeRawBufferPointer) {
        if let v4 = AddressText.v4(bytes) {
            self.init(v4: v4)
        } else if let (high, low) = AddressText.v6(bytes) {
            self.init(high: high, low: low)
        } else {
            return nil
        }
    }

    /// The same for a string.
    public init?(_ text: some StringProtocol) {
        var text = String(text)
        guard let address = text.withUTF8({ ClientAddress(UnsafeRawBufferPointer($0)) }) else { return nil }
        self = address
    }

    public var isV4: Bool { high == 0 && low >> 32 == 0xFFFF }

    /// The IPv4 address as a big-endian number; `nil` for IPv6.
    public var v4: UInt32? { isV4 ? UInt32(truncatingIfNeeded: low) : nil }

    /// `127.0.0.0/8` and `::1`.
    public var isLoopback: Bool { v4.map { $0 >> 24 == 127 } ?? (high == 0 && low == 1) }

    /// `0.0.0.0` and `::`: every address of the machine.
    public var isUnspecified: Bool { v4 == 0 || (high == 0 && low == 0) }

    /// Whom it belongs to: itself, of IPv6 its /64, whose other addresses one client has as well.
    public var network: ClientAddress { isV4 ? self : ClientAddress(high: high, low: 0) }

    /// The 16 bytes, in network order.
    public var bytes: [UInt8] {
        (0..<16).map { index in UInt8(truncatingIfNeeded: (index < 8 ? high : low) >> UInt64(56 - index % 8 * 8)) }
    }

    /// IPv4 as four decimals, IPv6 in the short form of RFC 5952.
    public var description: String {
        if let v4 { return "\(v4 >> 24).\(v4 >> 16 & 255).\(v4 >> 8 & 255).\(v4 & 255)" }
        let groups = (0..<8).map { index in UInt16(truncatingIfNeeded: (index < 4 ? high : low) >> UInt64(48 - index % 4 * 16)) }
        let zeros = Self.longestZeros(groups)
        func text(_ groups: ArraySlice<UInt16>) -> String { groups.map { String($0, radix: 16) }.joined(separator: ":") }
        guard zeros.count > 1 else { return text(groups[...]) }
        return text(groups[..<zeros.lowerBound]) + "::" + text(groups[zeros.upperBound...])
    }

    /// The first of the longest runs of zero groups.
    private static func longestZeros(_ groups: [UInt16]) -> Range<Int> {
        var best = 0..<0
        var start = 0
        for index in groups.indices {
            if groups[index] != 0 {
                start = index + 1
            } else if index + 1 - start > best.count {
                best = start..<(index + 1)
            }
        }
        return best
    }
}

/// The two text forms, byte by byte.
private enum AddressText {
    static func v4(_ bytes: UnsafeRawBufferPointer) -> UInt32? {
        guard bytes.count >= 7, bytes.count <= 15 else { return nil }
        var address: UInt32 = 0
        var parts = 0
        var value: UInt32 = 0
        var digits = 0
        for byte in bytes {
            if byte == UInt8(ascii: ".") {
                guard digits > 0, parts < 3 else { return nil }
                address = address << 8 | value
                parts += 1
                value = 0
                digits = 0
            } else {
                // A leading zero is octal to some readers: whoever means ten must not say eight.
                guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9"), digits == 0 || value != 0 else { return nil }
                value = value * 10 + UInt32(byte - UInt8(ascii: "0"))
                digits += 1
                guard value <= 255 else { return nil }
            }
        }
        guard parts == 3, digits > 0 else { return nil }
        return address << 8 | value
    }

    static func v6(_ bytes: UnsafeRawBufferPointer) -> (high: UInt64, low: UInt64)? {
        guard bytes.count >= 2, bytes.count <= 45 else { return nil }
        var reader = V6Reader(bytes: bytes)
        return reader.read()
    }

    /// Groups before `::` are shifted in from the left, those behind it from the right.
    private struct V6Reader {
        let bytes: UnsafeRawBufferPointer
        var position = 0
        var front: (UInt64, UInt64) = (0, 0)
        var frontCount = 0
        var back: (UInt64, UInt64) = (0, 0)
        var backCount = 0
        var hasGap = false

        init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

        mutating func read() -> (high: UInt64, low: UInt64)? {
            if startsGap {
                position += 2
                hasGap = true
            }
            while position < bytes.count {
                if frontCount + backCount <= 6, let v4 = AddressText.v4(UnsafeRawBufferPointer(rebasing: bytes[position...])) {
                    append(UInt64(v4 >> 16))
                    append(UInt64(v4 & 0xFFFF))
                    position = bytes.count
                    break
                }
                guard let group = readGroup(), frontCount + backCount < 8 else { return nil }
                append(group)
                if position == bytes.count { break }
                if startsGap {
                    guard !hasGap else { return nil }
                    hasGap = true
                    position += 2
                } else {
                    guard bytes[position] == UInt8(ascii: ":"), position + 1 < bytes.count else { return nil }
                    position += 1
                }
            }
            let count = frontCount + backCount
            guard hasGap ? count <= 7 : count == 8 else { return nil }
            let shifted = Self.shiftLeft(front, groups: 8 - frontCount)
            return (shifted.0 | back.0, shifted.1 | back.1)
        }

        private var startsGap: Bool {
            position + 1 < bytes.count && bytes[position] == UInt8(ascii: ":") && bytes[position + 1] == UInt8(ascii: ":")
        }

        private mutating func readGroup() -> UInt64? {
            var value: UInt64 = 0
            let start = position
            while position < bytes.count, let digit = Self.hex(bytes[position]) {
                guard position - start < 4 else { return nil }
                value = value << 4 | digit
                position += 1
            }
            return position > start ? value : nil
        }

        private mutating func append(_ group: UInt64) {
            if hasGap {
                back = Self.shiftLeft(back, groups: 1)
                back.1 |= group
                backCount += 1
            } else {
                front = Self.shiftLeft(front, groups: 1)
                front.1 |= group
                frontCount += 1
            }
        }

        private static func hex(_ byte: UInt8) -> UInt64? {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(byte - UInt8(ascii: "A") + 10)
            default: nil
            }
        }

        private static func shiftLeft(_ value: (UInt64, UInt64), groups: Int) -> (UInt64, UInt64) {
            var value = value
            for _ in 0..<groups { value = (value.0 << 16 | value.1 >> 48, value.1 << 16) }
            return value
        }
    }
}
