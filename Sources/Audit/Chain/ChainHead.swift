import CofferStore

/// The end of the chain: how many records there are, and the link behind the last block. The store keeps it in each change's
/// transaction, so that a log that was cut shows.
public struct ChainHead: Equatable, Sendable {
    /// Of the last record; 0: there is none.
    public var sequence: UInt64
    /// 32 bytes.
    public var link: [UInt8]

    private static let format: UInt8 = 1
    static let start = ChainHead(sequence: 0, link: [UInt8](repeating: 0, count: AuditKeys.linkSize))

    func encoded() -> [UInt8] {
        var writer = FieldWriter(reserving: 41)
        writer.u8(Self.format)
        writer.u64(sequence)
        writer.raw(link)
        return writer.bytes
    }

    init(sequence: UInt64, link: [UInt8]) {
        self.sequence = sequence
        self.link = link
    }

    init(decoding bytes: [UInt8]) throws(StoreError) {
        self = try bytes.withBytes { (bytes) throws(StoreError) -> ChainHead in
            var reader = FieldReader(bytes, "the head of the audit log")
            let format = try reader.u8()
            guard format == Self.format else { throw StoreError(.unknownFormat, "the head of the audit log has format \(format)") }
            let sequence = try reader.u64()
            let link = try reader.raw(AuditKeys.linkSize)
            try reader.finish()
            return ChainHead(sequence: sequence, link: link)
        }
    }
}
