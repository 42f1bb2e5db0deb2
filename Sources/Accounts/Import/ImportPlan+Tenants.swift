import CofferStore

// Tenants and who is in them.
extension ImportPlan {
    mutating func tenant(_ fields: inout ImportFields) throws(AccountError) -> ImportReport.Effect {
        let name = try fields.name()
        if let id = fields.text("ragflow_id"), !id.isEmpty {
            try NameRules.check(ragflowID: id)
            guard Array(id.utf8) == name.bytes else {
                throw AccountError(.invalidArgument, "ragflow_id", "a tenant of RAGFlow has its id for its name")
            }
        }
        let allowsReveal = try fields.bool("reveal") ?? true
        let created = try fields.moment("created")
        try fields.finish()
        guard find({ $0.tenant(named: name.bytes) }) == nil else { return .unchanged }
        let tenant = Tenant(
            number: try next(.tenant), name: name, allowsReveal: allowsReveal, created: created ?? now, revision: 0)
        steps.append(try .create(tenant))
        take(tenant.number, of: .tenant)
        made.apply(.tenant(tenant.number, tenant))
        return .created
    }

    mutating func member(_ fields: inout ImportFields) throws(AccountError) -> ImportReport.Effect {
        guard let user = try user(&fields, orBy: "user") else { throw AccountError(.invalidArgument, "owner_ref", "it is missing") }
        guard let tenant = try tenant(&fields, orBy: "tenant") else {
            throw AccountError(.invalidArgument, "tenant_ref", "it is missing")
        }
        guard let role = try fields.word("role", { MembershipRole(rawValue: $0) }) else {
            throw AccountError(.invalidArgument, "role", "it is missing")
        }
        let created = try fields.moment("created")
        try fields.finish()
        let key = MembershipKey(tenant: tenant.number, user: user.number)
        guard find({ $0.memberships[key] }) == nil else { return .unchanged }
        let membership = Membership(tenant: tenant.number, user: user.number, role: role, created: created ?? now)
        steps.append(try .create(membership))
        made.apply(.membership(key, membership))
        return .created
    }
}
