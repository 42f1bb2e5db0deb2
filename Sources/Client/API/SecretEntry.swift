import CofferWire

/// A secret on its way out of the store (export) or into it (import).
public struct SecretEntry: Sendable {
    /// 1 to 512 bytes.
    public var name: [UInt8]
    /// 0 to 1,048,576 bytes.
    public var value: SecretBytes
    /// Out: the active version. In: without meaning.
    public var version: UInt64
    /// Unix milliseconds after which the version cannot be read; 0: never.
    public var expires: UInt64
    /// 0 to 255 bytes.
    public var contentType: String
    /// What belongs to the name. In: absent fields keep what is there.
    public var settings: SecretSettings

    /// An entry for an import.
    public init(
        name: some SecretNaming, value: SecretBytes, version: UInt64 = 0, expires: UInt64 = 0, contentType: String = "",
        settings: SecretSettings = SecretSettings()
    ) {
        self.name = name.secretNameBytes
        self.value = value
        self.version = version
        self.expires = expires
        self.contentType = contentType
        self.settings = settings
    }

    /// Decodes a ``TransferEntry`` without a copy of the value in memory that is not wiped.
    init(from decoder: inout WireDecoder) throws(WireError) {
        name = try decoder.bytes16("entry.name", limit: Limits.secretName)
        version = try decoder.u64("entry.version")
        expires = try decoder.u64("entry.expires")
        contentType = try decoder.text("entry.content_type", limit: Limits.contentType)
        settings = try SecretSettings(from: &decoder)
        value = SecretBytes(copying: try decoder.slice32("entry.value", limit: Limits.value))
    }

    /// Decodes a ``TransferChunk``.
    static func chunk(_ body: UnsafeRawBufferPointer) throws(WireError) -> [SecretEntry] {
        var decoder = WireDecoder(body)
        let entries = try decoder.list("entries", limit: 10_000) { decoder throws(WireError) in
            try SecretEntry(from: &decoder)
        }
        guard !entries.isEmpty else { throw .tooShort("entries") }
        try decoder.finish()
        return entries
    }

    /// What is sent of it, the value apart.
    var transfer: (entry: TransferEntry, value: SecretBytes) {
        (TransferEntry(name: name, value: [], expires: expires, contentType: contentType, settings: settings), value)
    }

    /// Bytes that the entry takes in a chunk.
    var encodedSize: Int { transfer.entry.encoded().count + value.count }

    /// Refuses what no import can carry.
    func check() throws(ClientError) {
        _ = try name.checkedName()
        guard value.count <= Limits.value, contentType.utf8.count <= Limits.contentType else {
            throw ClientError(
                .invalidArgument,
                "an entry's value has more than \(Limits.value) bytes, or its content type more than \(Limits.contentType)")
        }
    }
}
