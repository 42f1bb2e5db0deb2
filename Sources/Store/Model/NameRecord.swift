/// What the store keeps of a name beside its values: the name record of formats.md 5. The rules that change it are in
/// `NameRecord+Rules.swift`; this file is its shape and its codec.
struct NameRecord: Equatable, Sendable {
    struct Version: Equatable, Sendable {
        var version: UInt64
        var created: UInt64
        /// Unix milliseconds; 0: never.
        var expires: UInt64
        /// When it was or will be deleted; 0: neither.
        var deleted: UInt64 = 0
        var destroyed = false
        var size: UInt32
        var contentType: String
        /// Who wrote it, as a selector.
        var createdBy: String

        func state(at now: UInt64) -> SecretInfo.VersionState {
            if destroyed { return .destroyed }
            if deleted != 0 && deleted <= now { return .deleted }
            if expires != 0 && expires <= now { return .expired }
            return .live
        }
    }

    struct Pair: Equatable, Sendable {
        var key: String
        var value: String
    }

    static let defaultKeepLast: UInt16 = 10

    var tenant: TenantID
    var name: Name
    /// 0: none.
    var active: UInt64 = 0
    /// The highest number ever given: numbers never repeat.
    var latest: UInt64 = 0
    /// When the whole name was deleted; 0: it was not.
    var deleted: UInt64 = 0
    /// Nothing is left but the last version number.
    var purged = false
    var created: UInt64
    var updated: UInt64
    var revision: UInt64 = 0
    var keepLast: UInt16 = defaultKeepLast
    var deleteAfter: UInt64 = 0
    var metadata: [Pair] = []
    var tags: [String] = []
    /// Oldest first.
    var versions: [Version] = []

    init(tenant: TenantID, name: Name, now: UInt64) {
        self.tenant = tenant
        self.name = name
        created = now
        updated = now
    }

    /// How a list shows the name.
    enum Listing: Equatable { case absent, live, deleted }
    var listing: Listing { purged ? .absent : deleted != 0 ? .deleted : .live }

    func info(at now: UInt64) -> SecretInfo {
        SecretInfo(
            activeVersion: active, latestVersion: latest, deleted: deleted != 0, created: created, updated: updated, revision: revision,
            keepLast: keepLast, deleteAfter: deleteAfter, metadata: metadata.map { ($0.key, $0.value) }, tags: tags,
            versions: versions.map {
                SecretInfo.Version(
                    version: $0.version, state: $0.state(at: now), created: $0.created, expires: $0.expires, deleted: $0.deleted,
                    size: $0.size, contentType: $0.contentType, createdBy: $0.createdBy)
            })
    }

    // MARK: Codec

    private static let format: UInt8 = 1

    func encoded() -> [UInt8] {
        var writer = FieldWriter(reserving: 192 + versions.count * 64)
        writer.u8(Self.format)
        for number in [active, latest, deleted] { writer.u64(number) }
        writer.bool(purged)
        for number in [created, updated, revision, deleteAfter] { writer.u64(number) }
        writer.u16(keepLast)
        writer.u16(UInt16(truncatingIfNeeded: metadata.count))
        for pair in metadata {
            writer.text(pair.key)
            writer.text(pair.value)
        }
        writer.u16(UInt16(truncatingIfNeeded: tags.count))
        for tag in tags { writer.text(tag) }
        writer.u16(UInt16(truncatingIfNeeded: versions.count))
        for version in versions {
            for number in [version.version, version.created, version.expires, version.deleted] { writer.u64(number) }
            writer.bool(version.destroyed)
            writer.u32(version.size)
            writer.text(version.contentType)
            writer.text(version.createdBy)
        }
        writer.u64(tenant)
        writer.bytes16(name.bytes)
        return writer.bytes
    }

    init(decoding bytes: [UInt8]) throws(StoreError) {
        self = try bytes.withBytes { (bytes) throws(StoreError) in
            try NameRecord(reading: bytes)
        }
    }

    init(reading bytes: UnsafeRawBufferPointer) throws(StoreError) {
        var reader = FieldReader(bytes, "a name record")
        let format = try reader.u8()
        guard format == Self.format else { throw StoreError(.unknownFormat, "a name record has format \(format)") }
        active = try reader.u64()
        latest = try reader.u64()
        deleted = try reader.u64()
        purged = try reader.bool()
        created = try reader.u64()
        updated = try reader.u64()
        revision = try reader.u64()
        deleteAfter = try reader.u64()
        keepLast = try reader.u16()
        for _ in 0..<(try reader.u16()) { metadata.append(Pair(key: try reader.text(), value: try reader.text())) }
        for _ in 0..<(try reader.u16()) { tags.append(try reader.text()) }
        for _ in 0..<(try reader.u16()) {
            versions.append(Version(
                version: try reader.u64(), created: try reader.u64(), expires: try reader.u64(), deleted: try reader.u64(),
                destroyed: try reader.bool(), size: try reader.u32(), contentType: try reader.text(), createdBy: try reader.text()))
        }
        tenant = try reader.u64()
        name = Name(trusted: try reader.bytes16())
        try reader.finish()
    }
}
