import CofferStore

/// An API key as its document holds it: with the hashes that it is found by, without its readable form.
struct APIKeyRecord: Sendable {
    var key: APIKey
    var hash: KeyDigest
    var beta: KeyDigest?
    /// Whether a readable form was kept. ``APIKey/isRevealable`` also asks the tenant.
    var hasForm: Bool

    private static let format: UInt8 = 1
    private static let digestBytes = 32

    func encoded() -> SecretBuffer {
        var writer = FieldWriter(reserving: 256)
        writer.u8(Self.format)
        writer.u64(key.number)
        writer.u64(key.tenant)
        writer.u64(key.owner)
        writer.u8(key.form.rawValue)
        writer.bytes16(key.name.bytes)
        writer.u8(key.status.rawValue)
        writer.u64(UInt64(bitPattern: key.expires))
        writer.bool(key.modelLimitsEnabled)
        Self.write(key.models, to: &writer)
        writer.bytes32(Array(key.addresses.text.utf8))
        writer.text(key.group)
        Self.write(key.tags, to: &writer)
        writer.u32(key.windows.requestsPerMinute)
        writer.u64(UInt64(bitPattern: key.windows.tokensPerDay))
        writer.u64(UInt64(bitPattern: key.windows.tokensPerMonth))
        writer.text(key.windows.timeZone)
        writer.u32(key.windows.inFlight)
        writer.u64(key.created)
        writer.u64(key.updated)
        writer.u64(key.hintEnds)
        writer.u64(UInt64(bitPattern: key.newapiID))
        writer.bool(key.crossGroupRetry)
        writer.bool(key.autoGroups != nil)
        if let groups = key.autoGroups { Self.write(groups, to: &writer) }
        for text in [key.dialogID, key.source] {
            writer.bool(text != nil)
            if let text { writer.text(text) }
        }
        writer.bool(hasForm)
        Self.write(hash, to: &writer)
        writer.bool(beta != nil)
        if let beta { Self.write(beta, to: &writer) }
        return SecretBuffer(writer.bytes)
    }

    init(key: APIKey, hash: KeyDigest, beta: KeyDigest?, hasForm: Bool) {
        self.key = key
        self.hash = hash
        self.beta = beta
        self.hasForm = hasForm
    }

    /// - Throws: `damaged`, `unknown-format`.
    init(decoding bytes: SecretBuffer, revision: UInt64) throws(StoreError) {
        defer { withExtendedLifetime(bytes) {} }
        var reader = FieldReader(bytes.bytes, "an API key")
        guard try reader.u8() == Self.format else {
            throw StoreError(.unknownFormat, "an API key has a format that this version does not know")
        }
        let number = try reader.u64()
        let tenant = try reader.u64()
        let owner = try reader.u64()
        guard let form = APIKey.Form(rawValue: try reader.u8()) else { throw Self.damaged }
        let name = try Self.label(&reader)
        guard let status = APIKey.Status(rawValue: try reader.u8()) else { throw Self.damaged }
        key = APIKey(
            number: number, tenant: tenant, owner: owner, form: form, name: name, status: status,
            expires: Int64(bitPattern: try reader.u64()), modelLimitsEnabled: try reader.bool(), models: try Self.texts(&reader),
            addresses: try Self.addresses(&reader), group: try reader.text(), tags: try Self.texts(&reader),
            windows: Windows(
                requestsPerMinute: try reader.u32(), tokensPerDay: Int64(bitPattern: try reader.u64()),
                tokensPerMonth: Int64(bitPattern: try reader.u64()), timeZone: try reader.text(), inFlight: try reader.u32()),
            created: try reader.u64(), updated: try reader.u64(), hintEnds: try reader.u64(),
            newapiID: Int64(bitPattern: try reader.u64()), crossGroupRetry: try reader.bool(),
            autoGroups: try reader.bool() ? try Self.texts(&reader) : nil, dialogID: try reader.bool() ? try reader.text() : nil,
            source: try reader.bool() ? try reader.text() : nil, hasBeta: false, isRevealable: false, revision: revision)
        hasForm = try reader.bool()
        hash = try Self.digest(&reader)
        beta = try reader.bool() ? try Self.digest(&reader) : nil
        key.hasBeta = beta != nil
        try reader.finish()
    }

    // MARK: Parts

    private static var damaged: StoreError { StoreError(.damaged, "an API key has fields that do not fit") }

    private static func write(_ texts: [String], to writer: inout FieldWriter) {
        writer.u16(UInt16(truncatingIfNeeded: texts.count))
        for text in texts { writer.text(text) }
    }

    private static func write(_ digest: KeyDigest, to writer: inout FieldWriter) {
        writer.u32(digest.keyID)
        writer.raw(digest.bytes)
    }

    private static func texts(_ reader: inout FieldReader) throws(StoreError) -> [String] {
        let count = Int(try reader.u16())
        // Each takes two bytes at least: a count that cannot be is not reserved for.
        guard count * 2 <= reader.remaining else { throw damaged }
        var texts: [String] = []
        texts.reserveCapacity(count)
        for _ in 0..<count { texts.append(try reader.text()) }
        return texts
    }

    private static func digest(_ reader: inout FieldReader) throws(StoreError) -> KeyDigest {
        KeyDigest(keyID: try reader.u32(), bytes: try reader.slice(digestBytes))
    }

    private static func label(_ reader: inout FieldReader) throws(StoreError) -> Label {
        let bytes = try reader.bytes16()
        if bytes.isEmpty { return .empty }
        do throws(AccountError) { return try Label(bytes) } catch { throw damaged }
    }

    private static func addresses(_ reader: inout FieldReader) throws(StoreError) -> AddressList {
        let bytes = try reader.slice32()
        if bytes.isEmpty { return .any }
        do throws(AccountError) { return try AddressList(String(decoding: bytes, as: UTF8.self)) } catch { throw damaged }
    }
}
