/// Reads the fields of a body in order. Checks every length against the body before it reads, and every
/// limit before it copies, so that a hostile length costs nothing.
///
/// The decoder borrows `buffer`: it must not outlive it.
public struct WireDecoder {
    @usableFromInline let buffer: UnsafeRawBufferPointer
    @usableFromInline var offset: Int

    @inlinable
    public init(_ buffer: UnsafeRawBufferPointer) {
        self.buffer = buffer
        offset = 0
    }

    public var remaining: Int { buffer.count - offset }

    @inlinable
    mutating func integer<T: FixedWidthInteger>(_ field: StaticString, as type: T.Type) throws(WireError) -> T {
        let size = MemoryLayout<T>.size
        guard buffer.count - offset >= size else { throw .truncated("\(field)") }
        defer { offset += size }
        return T(bigEndian: buffer.loadUnaligned(fromByteOffset: offset, as: T.self))
    }

    @inlinable public mutating func u8(_ field: StaticString) throws(WireError) -> UInt8 { try integer(field, as: UInt8.self) }
    @inlinable public mutating func u16(_ field: StaticString) throws(WireError) -> UInt16 { try integer(field, as: UInt16.self) }
    @inlinable public mutating func u32(_ field: StaticString) throws(WireError) -> UInt32 { try integer(field, as: UInt32.self) }
    @inlinable public mutating func u64(_ field: StaticString) throws(WireError) -> UInt64 { try integer(field, as: UInt64.self) }
    @inlinable public mutating func i64(_ field: StaticString) throws(WireError) -> Int64 { try integer(field, as: Int64.self) }

    @inlinable
    public mutating func bool(_ field: StaticString) throws(WireError) -> Bool {
        switch try u8(field) {
        case 0: return false
        case 1: return true
        default: throw .notBoolean("\(field)")
        }
    }

    /// The next `count` bytes, not copied.
    @inlinable
    public mutating func slice(_ field: StaticString, count: Int) throws(WireError) -> UnsafeRawBufferPointer {
        guard buffer.count - offset >= count else { throw .truncated("\(field)") }
        defer { offset += count }
        return UnsafeRawBufferPointer(rebasing: buffer[offset..<(offset + count)])
    }

    /// Bytes behind a length of one byte, not copied.
    @inlinable
    public mutating func slice8(_ field: StaticString, limit: Int, minimum: Int = 0) throws(WireError) -> UnsafeRawBufferPointer {
        try limited(field, count: Int(try u8(field)), limit: limit, minimum: minimum)
    }

    /// Bytes behind a length of two bytes, not copied.
    @inlinable
    public mutating func slice16(_ field: StaticString, limit: Int, minimum: Int = 0) throws(WireError) -> UnsafeRawBufferPointer {
        try limited(field, count: Int(try u16(field)), limit: limit, minimum: minimum)
    }

    /// Bytes behind a length of four bytes, not copied.
    @inlinable
    public mutating func slice32(_ field: StaticString, limit: Int) throws(WireError) -> UnsafeRawBufferPointer {
        try limited(field, count: Int(try u32(field)), limit: limit, minimum: 0)
    }

    @inlinable
    mutating func limited(_ field: StaticString, count: Int, limit: Int, minimum: Int) throws(WireError) -> UnsafeRawBufferPointer {
        guard count <= limit else { throw .tooLong("\(field)") }
        guard count >= minimum else { throw .tooShort("\(field)") }
        return try slice(field, count: count)
    }

    public mutating func raw(_ field: StaticString, count: Int) throws(WireError) -> [UInt8] {
        Array(try slice(field, count: count))
    }

    public mutating func bytes16(_ field: StaticString, limit: Int, minimum: Int = 0) throws(WireError) -> [UInt8] {
        Array(try slice16(field, limit: limit, minimum: minimum))
    }

    public mutating func bytes32(_ field: StaticString, limit: Int) throws(WireError) -> [UInt8] {
        Array(try slice32(field, limit: limit))
    }

    /// A text: `bytes16` that is valid UTF-8.
    public mutating func text(_ field: StaticString, limit: Int, minimum: Int = 0) throws(WireError) -> String {
        let bytes = try slice16(field, limit: limit, minimum: minimum)
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .notUTF8("\(field)") }
        return text
    }

    /// A long text: `bytes32` that is valid UTF-8.
    public mutating func text32(_ field: StaticString, limit: Int) throws(WireError) -> String {
        let bytes = try slice32(field, limit: limit)
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .notUTF8("\(field)") }
        return text
    }

    /// The bytes of a text, checked and not copied: nothing is allocated.
    public mutating func textSlice(_ field: StaticString, limit: Int, minimum: Int = 0) throws(WireError) -> UnsafeRawBufferPointer {
        let bytes = try slice16(field, limit: limit, minimum: minimum)
        let isText = bytes.withMemoryRebound(to: UInt8.self) { bytes in
            do throws(UTF8.ValidationError) {
                _ = try UTF8Span(validating: bytes.span)
                return true
            } catch { return false }
        }
        guard isText else { throw .notUTF8("\(field)") }
        return bytes
    }

    public mutating func optional<T>(
        _ field: StaticString, _ decode: (inout WireDecoder) throws(WireError) -> T
    ) throws(WireError) -> T? {
        try bool(field) ? try decode(&self) : nil
    }

    public mutating func list<T>(
        _ field: StaticString, limit: Int, _ decode: (inout WireDecoder) throws(WireError) -> T
    ) throws(WireError) -> [T] {
        let count = Int(try u16(field))
        guard count <= limit else { throw .tooMany("\(field)") }
        // Each item takes at least one byte, so the body bounds what a hostile count can reserve.
        guard count <= remaining else { throw .truncated("\(field)") }
        var items: [T] = []
        items.reserveCapacity(count)
        for _ in 0..<count { items.append(try decode(&self)) }
        return items
    }

    /// Everything that is left.
    public mutating func rest() -> UnsafeRawBufferPointer {
        defer { offset = buffer.count }
        return UnsafeRawBufferPointer(rebasing: buffer[offset...])
    }

    /// Refuses bytes behind the last field, so that there is one encoding of each message.
    @inlinable
    public func finish() throws(WireError) {
        guard offset == buffer.count else { throw .trailingBytes }
    }
}

/// A body with a fixed list of fields: what is accepted re-encodes to the same bytes.
public protocol WireMessage: Equatable, Sendable {
    init(from decoder: inout WireDecoder) throws(WireError)
    func encode(to encoder: inout WireEncoder)
}

extension WireMessage {
    /// Decodes a whole body; bytes behind the last field are refused.
    public init(decoding body: UnsafeRawBufferPointer) throws(WireError) {
        var decoder = WireDecoder(body)
        try self.init(from: &decoder)
        try decoder.finish()
    }

    public init(decoding body: [UInt8]) throws(WireError) {
        // `withUnsafeBytes` rethrows untyped: carry the typed error out by hand.
        let result: Result<Self, WireError> = body.withUnsafeBytes { bytes in
            do throws(WireError) { return .success(try Self(decoding: bytes)) } catch { return .failure(error) }
        }
        self = try result.get()
    }

    public func encoded() -> [UInt8] {
        var encoder = WireEncoder()
        encode(to: &encoder)
        return encoder.bytes
    }
}
