/// The plaintext of a value record: the value first, then a trailer whose lengths stand last (formats.md 5), so that a get opens the
/// record straight into its output.
///
/// value ‖ content type ‖ hidden from u64 ‖ expires u64 ‖ revision u64 ‖ tenant u64 ‖ name ‖ content type's length u8 ‖ name's length u16
struct ValueTrailer {
    var valueLength: Int
    var contentTypeLength: Int
    /// Earliest moment from which get refuses (expiry or deletion); 0: never.
    var hiddenFrom: UInt64
    var expires: UInt64
    var revision: UInt64
    var tenant: TenantID
    var nameOffset: Int
    var nameLength: Int

    static let fixedSize = 4 * 8 + 1 + 2

    /// Reads the trailer of an opened record; `nil` where the lengths do not fit. Allocates nothing.
    @inline(__always)
    init?(_ plaintext: UnsafeRawBufferPointer) {
        guard plaintext.count >= Self.fixedSize else { return nil }
        let end = plaintext.count
        nameLength = Int(UInt16(bigEndian: plaintext.loadUnaligned(fromByteOffset: end - 2, as: UInt16.self)))
        contentTypeLength = Int(plaintext[end - 3])
        nameOffset = end - 3 - nameLength
        let numbers = nameOffset - 32
        valueLength = numbers - contentTypeLength
        guard valueLength >= 0 else { return nil }
        hiddenFrom = UInt64(bigEndian: plaintext.loadUnaligned(fromByteOffset: numbers, as: UInt64.self))
        expires = UInt64(bigEndian: plaintext.loadUnaligned(fromByteOffset: numbers + 8, as: UInt64.self))
        revision = UInt64(bigEndian: plaintext.loadUnaligned(fromByteOffset: numbers + 16, as: UInt64.self))
        tenant = UInt64(bigEndian: plaintext.loadUnaligned(fromByteOffset: numbers + 24, as: UInt64.self))
    }

    /// Builds a plaintext in wiped memory.
    static func compose(
        value: UnsafeRawBufferPointer, contentType: String, hiddenFrom: UInt64, expires: UInt64, revision: UInt64, tenant: TenantID,
        name: [UInt8]
    ) -> SecretBuffer {
        var trailer = FieldWriter(reserving: fixedSize + 64 + name.count)
        trailer.raw(contentType.utf8)
        trailer.u64(hiddenFrom)
        trailer.u64(expires)
        trailer.u64(revision)
        trailer.u64(tenant)
        trailer.raw(name)
        trailer.u8(UInt8(truncatingIfNeeded: contentType.utf8.count))
        trailer.u16(UInt16(truncatingIfNeeded: name.count))
        return SecretBuffer(count: value.count + trailer.bytes.count) { output in
            output.copyMemory(from: value)
            UnsafeMutableRawBufferPointer(rebasing: output[value.count...]).copyBytes(from: trailer.bytes)
        }
    }
}
