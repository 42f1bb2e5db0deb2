/// Documents of the small tables: the bytes first, then a trailer like a value's.
enum Document {
    static func key(_ table: DocumentTable, _ name: DocumentName, keys: KeySet) -> [UInt8] {
        keys.nameHash(Table(table), tenant: .main, name: name.bytes)
    }

    static func compose(_ bytes: UnsafeRawBufferPointer, name: DocumentName, revision: UInt64) -> SecretBuffer {
        ValueTrailer.compose(
            value: bytes, contentType: "", hiddenFrom: 0, expires: 0, revision: revision, tenant: .main, name: name.bytes)
    }

    static func decompose(_ plaintext: [UInt8]) throws(StoreError) -> (name: DocumentName, bytes: SecretBuffer, revision: UInt64) {
        let parts: (DocumentName, SecretBuffer, UInt64)? = plaintext.withUnsafeBytes { bytes in
            guard let trailer = ValueTrailer(bytes) else { return nil }
            return (
                DocumentName(trusted: Array(bytes[trailer.nameOffset..<(trailer.nameOffset + trailer.nameLength)])),
                SecretBuffer(copying: UnsafeRawBufferPointer(rebasing: bytes[..<trailer.valueLength])), trailer.revision
            )
        }
        guard let parts else { throw StoreError(.damaged, "a document's lengths do not fit") }
        return (parts.0, parts.1, parts.2)
    }
}
