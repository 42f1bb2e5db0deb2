/// Streams everything that the store holds, as the JSON lines of a backup and not encrypted: the client encrypts and writes the file
/// (formats.md 15).
public struct BackupCreateRequest: WireMessage {
    /// Chunks that may be sent before more credit is given.
    public var credit: UInt32

    public init(credit: UInt32 = 4) { self.credit = credit }
    public init(from decoder: inout WireDecoder) throws(WireError) { credit = try decoder.u32("credit") }
    public func encode(to encoder: inout WireEncoder) { encoder.u32(credit) }
}

/// The next bytes of a backup. Lines are cut anywhere.
public struct BackupChunk: WireMessage {
    /// Things that are in the backup so far, and that will be in the end, as far as known.
    public var done: UInt64
    public var total: UInt64
    /// 1 to 1,048,576 bytes.
    public var data: [UInt8]

    public init(done: UInt64, total: UInt64, data: [UInt8]) {
        self.done = done
        self.total = total
        self.data = data
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        done = try decoder.u64("done")
        total = try decoder.u64("total")
        data = Array(try decoder.backupData())
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.u64(done)
        encoder.u64(total)
        encoder.bytes32(data)
    }
}

extension WireDecoder {
    /// The bytes of a chunk of a backup, not copied: at least one.
    mutating func backupData() throws(WireError) -> UnsafeRawBufferPointer {
        let bytes = try slice32("data", limit: Limits.backupChunk)
        guard !bytes.isEmpty else { throw .tooShort("data") }
        return bytes
    }
}
