import Glibc

// Names, each with the values of its versions behind it. A store has more of them than of all else: they take no detours.
extension BackupExport {
    func writeSecrets() throws(StoreError) {
        try transaction.scan(.secrets) { (key, record) throws(StoreError) in
            // It authenticates where it lies; that its name belongs there is what each of its values says again.
            try open(record, .secrets, key, to: opened)
            try count(.secrets)
            let name = try NameRecord(reading: opened.bytes)
            if let fault = name.fault { try named("secret '\(name.name.description)'") { () throws(LineFault) in throw fault } }
            lines.secret(name)
            try output.endLine(.secrets)
            guard name.versions.contains(where: { !$0.destroyed }) else { return true }
            valueKey = keys.nameHash(.values, tenant: name.tenant, name: name.name.bytes)
            for version in name.versions where !version.destroyed { try writeValue(version, of: name) }
            return true
        }
    }

    private func writeValue(_ version: NameRecord.Version, of name: NameRecord) throws(StoreError) {
        valueKey.removeLast(valueKey.count - 16)
        withUnsafeBytes(of: version.version.bigEndian) { valueKey.append(contentsOf: $0) }
        guard let record = try transaction.get(.values, valueKey) else { throw damaged(version, name, "has no value") }
        try valueKey.withBytes { (key) throws(StoreError) in try open(record, .values, key, to: openedValue) }
        try count(.values)
        let bytes = openedValue.bytes
        guard let trailer = ValueTrailer(bytes), trailer.tenant == name.tenant,
            Self.equal(bytes, trailer.nameOffset, trailer.nameLength, name.name.bytes)
        else { throw damaged(version, name, "has a value that is about another name") }
        guard trailer.valueLength == Int(version.size), trailer.expires == version.expires,
            bytes[trailer.valueLength..<(trailer.valueLength + trailer.contentTypeLength)].elementsEqual(version.contentType.utf8)
        else { throw damaged(version, name, "has a value that does not go with the name's record") }
        lines.value(
            of: name.name, tenant: name.tenant, version: version.version, revision: trailer.revision,
            UnsafeRawBufferPointer(rebasing: bytes[..<trailer.valueLength]))
        try output.endLine(.versions)
    }

    private static func equal(_ bytes: UnsafeRawBufferPointer, _ offset: Int, _ count: Int, _ other: [UInt8]) -> Bool {
        guard count == other.count, let base = bytes.baseAddress else { return false }
        return other.withUnsafeBytes { memcmp(base + offset, $0.octets, count) == 0 }
    }

    private func damaged(_ version: NameRecord.Version, _ name: NameRecord, _ reason: String) -> StoreError {
        StoreError(.damaged, "version \(version.version) of secret '\(name.name.description)' \(reason)")
    }
}
