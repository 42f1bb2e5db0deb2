import CofferCredentials
import CofferStore
import CofferWire

/// Which credentials a schedule or sink is about: the fields `target` (a name with `*`), `tag`, `target_provider`, `target_pool`,
/// `target_attributes`.
enum FilterFields {
    /// - Returns: `nil`: none of them is given.
    static func take(_ fields: inout RecordFields, from present: CredentialFilter) throws(Failure) -> CredentialFilter? {
        var filter = present
        if let value = fields.text("target") { filter.pattern = value }
        if let value = fields.text("target_tag") { filter.tag = value }
        if let value = fields.text("target_provider") { filter.provider = value }
        if let value = fields.text("target_pool") { filter.pool = value }
        for (name, value) in try fields.map("target_attributes") ?? [:] { filter.attributes[name] = value }
        return filter == present ? nil : filter
    }

    static func show(_ filter: CredentialFilter, in builder: inout RecordBuilder) {
        builder.text("target", filter.pattern)
        builder.text("target_tag", filter.tag)
        builder.text("target_provider", filter.provider)
        builder.text("target_pool", filter.pool)
        builder.map("target_attributes", filter.attributes)
    }
}

/// What records of a tenant that are called by name or number have in common.
struct TenantSubjects {
    let credentials: Credentials

    /// - Throws: `denied` where the caller's tenant is not there, `locked` while the credentials are being read.
    func tenant(_ caller: Caller) throws(Failure) -> TenantID {
        guard let tenant = caller.tenant else { throw .denied }
        do throws(CredentialError) { try credentials.requireReady() } catch { throw Failure(error) }
        return tenant
    }

    /// A name in the caller's tenant, or `#` and a number.
    /// - Parameters:
    ///   - byName: of the tenant.
    ///   - byNumber: of any.
    ///   - place: the tenant and the name of one.
    func find<Subject>(
        _ caller: Caller, _ noun: Noun, _ action: Action, _ id: String, byName: (TenantID, [UInt8]) -> Subject?,
        byNumber: (UInt64) -> Subject?, place: (Subject) -> (tenant: TenantID, name: DocumentName)
    ) throws(Failure) -> Subject {
        let tenant = try tenant(caller)
        var found = byName(tenant, Array(id.utf8))
        if found == nil, let number = CredentialID.number(id), let other = byNumber(number), place(other).tenant == tenant { found = other }
        if let found, caller.allows(noun, action, of: tenant, place(found).name.bytes) { return found }
        try caller.require(noun, action, of: tenant, Array(id.utf8))
        try caller.require(noun, .info, of: tenant, Array(id.utf8))
        throw Failure(.notFound, "there is no \(noun.rawValue) of this name")
    }

    func name(_ fields: inout RecordFields, where isAllowed: ([UInt8]) -> Bool) throws(Failure) -> DocumentName? {
        guard let name = try fields.documentName("name", where: isAllowed) else { return nil }
        try CredentialID.refuseNumber(name)
        return name
    }
}
