/// Appends the fields of what the store keeps, and of the documents that others keep in it: big-endian integers, lengths in front. The
/// reader is ``FieldReader``.
package struct FieldWriter {
    package var bytes: [UInt8] = []

    package init(reserving capacity: Int = 128) { bytes.reserveCapacity(capacity) }

    package mutating func u8(_ value: UInt8) { bytes.append(value) }
    package mutating func bool(_ value: Bool) { bytes.append(value ? 1 : 0) }
    package mutating func u16(_ value: UInt16) { integer(value) }
    package mutating func u32(_ value: UInt32) { integer(value) }
    package mutating func u64(_ value: UInt64) { integer(value) }
    package mutating func i64(_ value: Int64) { integer(value) }

    private mutating func integer(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    package mutating func raw(_ value: some Sequence<UInt8>) { bytes.append(contentsOf: value) }

    /// A length of two bytes, then the bytes.
    package mutating func bytes16(_ value: some Collection<UInt8>) {
        u16(UInt16(truncatingIfNeeded: value.count))
        raw(value)
    }

    /// A length of four bytes, then the bytes.
    package mutating func bytes32(_ value: some Collection<UInt8>) {
        u32(UInt32(truncatingIfNeeded: value.count))
        raw(value)
    }

    package mutating func text(_ value: String) { bytes16(value.utf8) }
}

/// Reads what ``FieldWriter`` wrote. Whatever does not fit is `damaged`: these bytes were authenticated, or are about to be.
package struct FieldReader {
    private let buffer: UnsafeRawBufferPointer
    private var offset = 0
    private let what: StaticString

    /// - Parameter what: what is being read, for the error's message.
    package init(_ buffer: UnsafeRawBufferPointer, _ what: StaticString) {
        self.buffer = buffer
        self.what = what
    }

    package var position: Int { offset }
    package var remaining: Int { buffer.count - offset }
    private var damaged: StoreError { StoreError(.damaged, "\(what) has fields that do not fit") }

    package mutating func integer<T: FixedWidthInteger>(_ type: T.Type) throws(StoreError) -> T {
        guard remaining >= MemoryLayout<T>.size else { throw damaged }
        defer { offset += MemoryLayout<T>.size }
        return T(bigEndian: buffer.loadUnaligned(fromByteOffset: offset, as: T.self))
    }

    package mutating func u8() throws(StoreError) -> UInt8 { try integer(UInt8.self) }
    package mutating func u16() throws(StoreError) -> UInt16 { try integer(UInt16.self) }
    package mutating func u32() throws(StoreError) -> UInt32 { try integer(UInt32.self) }
    package mutating func u64() throws(StoreError) -> UInt64 { try integer(UInt64.self) }
    package mutating func i64() throws(StoreError) -> Int64 { try integer(Int64.self) }

    package mutating func bool() throws(StoreError) -> Bool {
        switch try u8() {
        case 0: return false
        case 1: return true
        default: throw damaged
        }
    }

    package mutating func slice(_ count: Int) throws(StoreError) -> UnsafeRawBufferPointer {
        guard count >= 0, remaining >= count else { throw damaged }
        defer { offset += count }
        return UnsafeRawBufferPointer(rebasing: buffer[offset..<(offset + count)])
    }

    package mutating func raw(_ count: Int) throws(StoreError) -> [UInt8] { Array(try slice(count)) }
    package mutating func bytes16() throws(StoreError) -> [UInt8] { try raw(Int(try u16())) }
    package mutating func slice32() throws(StoreError) -> UnsafeRawBufferPointer { try slice(Int(try u32())) }

    package mutating func text() throws(StoreError) -> String {
        guard let text = String(validating: try slice(Int(try u16())), as: UTF8.self) else { throw damaged }
        return text
    }

    package func finish() throws(StoreError) {
        guard remaining == 0 else { throw damaged }
    }
}

extension UInt64 {
    /// Eight bytes, the largest first: so that LMDB sorts them as numbers.
    package var bigEndianBytes: [UInt8] { withUnsafeBytes(of: bigEndian) { Array($0) } }
}
