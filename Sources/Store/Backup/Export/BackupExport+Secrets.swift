// Names, each with the values of its versions behind it.
extension BackupExport {
    mutating func writeSecrets() throws(StoreError) {
        try transaction.scan(.secrets) { (key, record) throws(StoreError) in
            try open(record, .secrets, key, to: opened)
            try count(.secrets)
            let name = try NameRecord(reading: opened.bytes)
            guard key.elementsEqual(keys.nameHash(.secrets, tenant: name.tenant, name: name.name.bytes)) else {
                throw StoreError(.damaged, "a name record is about another name")
            }
            if let fault = name.fault { try named("secret '\(name.name.description)'") { () throws(LineFault) in throw fault } }
            try named("secret '\(name.name.description)'") { () throws(LineFault) in try lines.secret(name, opened.bytes) }
            try output.endLine(.secrets)
            guard name.versions.contains(where: { !$0.destroyed }) else { return true }
            let hash = keys.nameHash(.values, tenant: name.tenant, name: name.name.bytes)
            for version in name.versions where !version.destroyed { try writeValue(version, of: name, hash) }
            return true
        }
    }

    private mutating func writeValue(_ version: NameRecord.Version, of name: NameRecord, _ hash: [UInt8]) throws(StoreError) {
        let key = hash + version.version.bigEndianBytes
        let damaged = { (reason: String) in
            StoreError(.damaged, "version \(version.version) of secret '\(name.name.description)' \(reason)")
        }
        guard let record = try transaction.get(.values, key) else { throw damaged("has no value") }
        try key.withBytes { (key) throws(StoreError) in try open(record, .values, key, to: openedValue) }
        try count(.values)
        let bytes = openedValue.bytes
        guard let trailer = ValueTrailer(bytes), trailer.tenant == name.tenant,
            bytes[trailer.nameOffset..<(trailer.nameOffset + trailer.nameLength)].elementsEqual(name.name.bytes)
        else { throw damaged("has a value that is about another name") }
        let type = bytes[trailer.valueLength..<(trailer.valueLength + trailer.contentTypeLength)]
        guard trailer.valueLength == Int(version.size), trailer.expires == version.expires, type.elementsEqual(version.contentType.utf8) else {
            throw damaged("has a value that does not go with the name's record")
        }
        lines.value(
            of: name.name, tenant: name.tenant, version: version.version, revision: trailer.revision,
            UnsafeRawBufferPointer(rebasing: bytes[..<trailer.valueLength]))
        try output.endLine(.versions)
    }
}
