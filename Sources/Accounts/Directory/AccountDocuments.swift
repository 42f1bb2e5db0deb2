import CofferStore

/// The bytes of the documents of accounts. The first byte is the format, 1; identity stands inside as well as in the name.
enum AccountDocuments {
    static let format: UInt8 = 1

    private static func write(_ body: (inout FieldWriter) -> Void) -> SecretBuffer {
        var writer = FieldWriter()
        writer.u8(format)
        body(&writer)
        return SecretBuffer(writer.bytes)
    }

    private static func read<T>(
        _ bytes: SecretBuffer, _ what: StaticString, _ body: (inout FieldReader) throws(StoreError) -> T
    ) throws(StoreError) -> T {
        defer { withExtendedLifetime(bytes) {} }
        var reader = FieldReader(bytes.bytes, what)
        guard try reader.u8() == format else { throw StoreError(.unknownFormat, "\(what) has a format that this version does not know") }
        let value = try body(&reader)
        try reader.finish()
        return value
    }

    private static func damaged(_ what: StaticString) -> StoreError { StoreError(.damaged, "\(what) has fields that do not fit") }

    private static func name(_ reader: inout FieldReader, _ what: StaticString) throws(StoreError) -> DocumentName {
        let bytes = try reader.bytes16()
        do throws(NameError) { return try DocumentName(bytes) } catch { throw damaged(what) }
    }

    private static func label(_ reader: inout FieldReader, _ what: StaticString) throws(StoreError) -> Label {
        let bytes = try reader.bytes16()
        do throws(AccountError) { return try Label(bytes) } catch { throw damaged(what) }
    }

    // MARK: Tenants and memberships

    static func encode(_ tenant: Tenant) -> SecretBuffer {
        write { writer in
            writer.u64(tenant.number)
            writer.bytes16(tenant.name.bytes)
            writer.bool(tenant.allowsReveal)
            writer.u64(tenant.created)
        }
    }

    static func tenant(_ bytes: SecretBuffer, revision: UInt64) throws(StoreError) -> Tenant {
        try read(bytes, "a tenant") { (reader) throws(StoreError) in
            Tenant(
                number: try reader.u64(), name: try name(&reader, "a tenant"), allowsReveal: try reader.bool(), created: try reader.u64(),
                revision: revision)
        }
    }

    static func encode(_ membership: Membership) -> SecretBuffer {
        write { writer in
            writer.u64(membership.tenant)
            writer.u64(membership.user)
            writer.text(membership.role.rawValue)
            writer.u64(membership.created)
        }
    }

    static func membership(_ bytes: SecretBuffer) throws(StoreError) -> Membership {
        try read(bytes, "a membership") { (reader) throws(StoreError) in
            let tenant = try reader.u64()
            let user = try reader.u64()
            guard let role = MembershipRole(rawValue: try reader.text()) else { throw damaged("a membership") }
            return Membership(tenant: tenant, user: user, role: role, created: try reader.u64())
        }
    }

    // MARK: Users and tokens

    static func encode(_ user: User) -> SecretBuffer {
        write { writer in
            writer.u64(user.number)
            writer.bytes16(user.name.bytes)
            writer.bytes16(user.displayName.bytes)
            writer.text(user.email)
            writer.u8(user.role.rawValue)
            writer.bool(user.isEnabled)
            writer.u64(user.home)
            writer.text(user.group)
            writer.u64(UInt64(bitPattern: user.newapiID))
            writer.text(user.ragflowID)
            writer.bool(user.mustSetPassword)
            writer.u64(user.created)
            writer.u64(user.updated)
        }
    }

    static func user(_ bytes: SecretBuffer, revision: UInt64) throws(StoreError) -> User {
        try read(bytes, "a user") { (reader) throws(StoreError) in
            let number = try reader.u64()
            let name = try name(&reader, "a user")
            let displayName = try label(&reader, "a user")
            let email = try reader.text()
            guard let role = Role(rawValue: try reader.u8()) else { throw damaged("a user") }
            return User(
                number: number, name: name, displayName: displayName, email: email, role: role, isEnabled: try reader.bool(),
                home: try reader.u64(), group: try reader.text(), newapiID: Int64(bitPattern: try reader.u64()),
                ragflowID: try reader.text(), mustSetPassword: try reader.bool(), created: try reader.u64(), updated: try reader.u64(),
                revision: revision)
        }
    }

    static func encode(_ stored: StoredToken) -> SecretBuffer {
        write { writer in
            writer.u64(stored.token.number)
            writer.u64(stored.token.user)
            writer.u8(stored.token.kind.rawValue)
            writer.bytes16(stored.token.name.bytes)
            writer.u64(stored.token.created)
            writer.u64(stored.token.expires)
            writer.u64(stored.token.lastUsed)
            writer.u32(stored.hash.keyID)
            writer.bytes16(stored.hash.bytes)
        }
    }

    static func token(_ bytes: SecretBuffer) throws(StoreError) -> StoredToken {
        try read(bytes, "an access token") { (reader) throws(StoreError) in
            let number = try reader.u64()
            let user = try reader.u64()
            guard let kind = AccessToken.Kind(rawValue: try reader.u8()) else { throw damaged("an access token") }
            let token = AccessToken(
                number: number, user: user, kind: kind, name: try label(&reader, "an access token"), created: try reader.u64(),
                expires: try reader.u64(), lastUsed: try reader.u64())
            let hash = TokenHash(keyID: try reader.u32(), bytes: try reader.bytes16())
            guard hash.bytes.count == 32 else { throw damaged("an access token") }
            return StoredToken(token: token, hash: hash, writtenLastUsed: token.lastUsed)
        }
    }

    // MARK: Counters and doors

    static func encode(sequence last: UInt64) -> SecretBuffer { write { $0.u64(last) } }

    static func sequence(_ bytes: SecretBuffer) throws(StoreError) -> UInt64 {
        try read(bytes, "a sequence") { (reader) throws(StoreError) in try reader.u64() }
    }

    /// The value goes from buffer to buffer: it may be a secret.
    static func encode(door value: SecretBuffer, changed: UInt64) -> SecretBuffer {
        SecretBuffer(count: 9 + value.count) { output in
            output[0] = format
            output.storeBytes(of: changed.bigEndian, toByteOffset: 1, as: UInt64.self)
            UnsafeMutableRawBufferPointer(rebasing: output[9...]).copyMemory(from: value.bytes)
            withExtendedLifetime(value) {}
        }
    }

    /// - Returns: when it was changed (Unix milliseconds) and the value.
    static func door(_ bytes: SecretBuffer) throws(StoreError) -> (changed: UInt64, value: SecretBuffer) {
        try read(bytes, "a door's field") { (reader) throws(StoreError) in
            let changed = try reader.u64()
            return (changed, SecretBuffer(copying: try reader.slice(reader.remaining)))
        }
    }
}
