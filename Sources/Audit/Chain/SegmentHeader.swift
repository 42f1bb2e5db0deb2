import CofferStore
import CSodium

/// The first bytes of a file of the log: whose it is, and where in the chain it begins. Clear, authenticated.
///
///     "COFFERAU" ‖ format u8 ‖ audit key u32 ‖ store id 16 ‖ number u64 ‖ first sequence u64 ‖ link before 32 ‖ created u64 ‖ MAC 32
struct SegmentHeader: Equatable, Sendable {
    var keyID: UInt32
    /// 16 bytes.
    var storeID: [UInt8]
    /// From 1; the file's name.
    var number: UInt64
    /// Of its first record.
    var firstSequence: UInt64
    /// The link behind the last block of the file before; zeros where the chain begins.
    var link: [UInt8]
    /// Unix milliseconds.
    var created: UInt64

    static let magic = Array("COFFERAU".utf8)
    static let format: UInt8 = 1
    static let size = 8 + 1 + 4 + 16 + 8 + 8 + 32 + 8 + 32
    private static let label = Array("coffer/s".utf8)

    func encoded(_ keys: AuditKeys) -> [UInt8] {
        let clear = self.clear
        return clear + Self.mac(clear, keys)
    }

    private var clear: [UInt8] {
        var writer = FieldWriter(reserving: Self.size)
        writer.raw(Self.magic)
        writer.u8(Self.format)
        writer.u32(keyID)
        writer.raw(storeID)
        writer.u64(number)
        writer.u64(firstSequence)
        writer.raw(link)
        writer.u64(created)
        return writer.bytes
    }

    private static func mac(_ clear: [UInt8], _ keys: AuditKeys) -> [UInt8] {
        let message = label + clear
        return [UInt8](unsafeUninitializedCapacity: AuditKeys.linkSize) { output, initialized in
            if let base = output.baseAddress { message.withUnsafeBytes { keys.link($0, to: base) } }
            initialized = AuditKeys.linkSize
        }
    }

    /// - Throws: `unknown-format`, `unknown-key`, `damaged`.
    init(decoding bytes: [UInt8], _ keys: AuditKeys, storeID: [UInt8]) throws(StoreError) {
        guard bytes.count == Self.size else { throw StoreError(.damaged, "the file is too short for its header") }
        self = try bytes.withBytes { (raw) throws(StoreError) -> SegmentHeader in
            var reader = FieldReader(raw, "the header of a file of the audit log")
            guard try reader.raw(8) == Self.magic else { throw StoreError(.damaged, "the file is none of an audit log") }
            let format = try reader.u8()
            guard format == Self.format else { throw StoreError(.unknownFormat, "the file has format \(format)") }
            let keyID = try reader.u32()
            let header = SegmentHeader(
                keyID: keyID, storeID: try reader.raw(16), number: try reader.u64(), firstSequence: try reader.u64(),
                link: try reader.raw(AuditKeys.linkSize), created: try reader.u64())
            guard header.storeID == storeID else { throw StoreError(.damaged, "the file is of another store's log") }
            guard keyID == keys.id else { throw StoreError(.unknownKey, "the file is sealed with audit key \(keyID)") }
            guard sodium_memcmp(Self.mac(header.clear, keys), try reader.raw(AuditKeys.linkSize), AuditKeys.linkSize) == 0 else {
                throw StoreError(.damaged, "the header does not authenticate")
            }
            return header
        }
    }

    init(keyID: UInt32, storeID: [UInt8], number: UInt64, firstSequence: UInt64, link: [UInt8], created: UInt64) {
        self.keyID = keyID
        self.storeID = storeID
        self.number = number
        self.firstSequence = firstSequence
        self.link = link
        self.created = created
    }
}
