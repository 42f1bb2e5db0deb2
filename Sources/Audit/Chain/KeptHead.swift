import CSodium
import CofferStore

/// Where the log ended when that was last kept outside of it. Clear, authenticated.
///
///     "COFFERAH" ‖ format u8 ‖ audit key u32 ‖ store id 16 ‖ file u64 ‖ sequence u64 ‖ link 32 ‖ MAC 32
struct KeptHead: Equatable, Sendable {
    /// The file that was written.
    var number: UInt64
    var head: ChainHead

    static let magic = Array("COFFERAH".utf8)
    static let size = 8 + 1 + 4 + 16 + 8 + 8 + 32 + 32
    private static let format: UInt8 = 1
    private static let label = Array("coffer/h".utf8)

    func encoded(_ keys: AuditKeys, storeID: [UInt8]) -> [UInt8] {
        var writer = FieldWriter(reserving: Self.size)
        writer.raw(Self.magic)
        writer.u8(Self.format)
        writer.u32(keys.id)
        writer.raw(storeID)
        writer.u64(number)
        writer.u64(head.sequence)
        writer.raw(head.link)
        return writer.bytes + keys.link(of: Self.label + writer.bytes)
    }

    /// - Returns: `nil` where it is another store's, or sealed with another key.
    /// - Throws: `unknown-format`, `damaged`.
    static func decode(_ bytes: [UInt8], _ keys: AuditKeys, storeID: [UInt8]) throws(StoreError) -> KeptHead? {
        try bytes.withBytes { (raw) throws(StoreError) -> KeptHead? in
            var reader = FieldReader(raw, "the file with the end of the audit log")
            guard bytes.count == size, try reader.raw(8) == magic else { throw StoreError(.damaged, "the file is not what was written") }
            let format = try reader.u8()
            guard format == Self.format else { throw StoreError(.unknownFormat, "the file has format \(format)") }
            let (keyID, owner) = (try reader.u32(), try reader.raw(16))
            let kept = KeptHead(
                number: try reader.u64(), head: ChainHead(sequence: try reader.u64(), link: try reader.raw(AuditKeys.linkSize)))
            guard keyID == keys.id, owner == storeID else { return nil }
            let clear = Array(bytes.prefix(size - AuditKeys.linkSize))
            guard sodium_memcmp(keys.link(of: label + clear), try reader.raw(AuditKeys.linkSize), AuditKeys.linkSize) == 0 else {
                throw StoreError(.damaged, "the file does not authenticate")
            }
            return kept
        }
    }
}

extension AuditKeys {
    /// A link of its own over `message`, whose first eight bytes say what for.
    func link(of message: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Self.linkSize) { output, count in
            if let base = output.baseAddress { message.withUnsafeBytes { link($0, to: base) } }
            count = Self.linkSize
        }
    }
}
