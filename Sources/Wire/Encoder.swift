/// Appends the fields of a body, in the order in which protocol.md lists them.
///
/// An encoder never fails: limits are the caller's to keep (the decoder checks them on the other side).
public struct WireEncoder: Sendable {
    public var bytes: [UInt8]

    public init(reserving capacity: Int = 64) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    public mutating func u8(_ value: UInt8) { bytes.append(value) }
    public mutating func bool(_ value: Bool) { bytes.append(value ? 1 : 0) }
    public mutating func u16(_ value: UInt16) { integer(value) }
    public mutating func u32(_ value: UInt32) { integer(value) }
    public mutating func u64(_ value: UInt64) { integer(value) }
    public mutating func i64(_ value: Int64) { integer(value) }

    private mutating func integer(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    /// Exactly these bytes, without a length: for fields of fixed size.
    public mutating func raw(_ value: some Sequence<UInt8>) { bytes.append(contentsOf: value) }

    /// A length of one byte, then the bytes.
    public mutating func bytes8(_ value: [UInt8]) {
        u8(UInt8(truncatingIfNeeded: value.count))
        bytes.append(contentsOf: value)
    }

    /// A length of two bytes, then the bytes.
    public mutating func bytes16(_ value: [UInt8]) {
        u16(UInt16(truncatingIfNeeded: value.count))
        bytes.append(contentsOf: value)
    }

    /// A length of four bytes, then the bytes.
    public mutating func bytes32(_ value: [UInt8]) {
        u32(UInt32(truncatingIfNeeded: value.count))
        bytes.append(contentsOf: value)
    }

    /// A text is `bytes16` that is valid UTF-8.
    public mutating func text(_ value: String) { bytes16(Array(value.utf8)) }

    /// A long text is `bytes32` that is valid UTF-8.
    public mutating func text32(_ value: String) { bytes32(Array(value.utf8)) }

    /// A flag, then the item where there is one.
    public mutating func optional<T>(_ value: T?, _ encode: (inout WireEncoder, T) -> Void) {
        bool(value != nil)
        if let value { encode(&self, value) }
    }

    /// A count of two bytes, then the items.
    public mutating func list<T>(_ items: [T], _ encode: (inout WireEncoder, T) -> Void) {
        u16(UInt16(truncatingIfNeeded: items.count))
        for item in items { encode(&self, item) }
    }
}
