import CofferStore

/// How a row names a user: by the number or id of the other system, or by name.
enum UserReference: Hashable, Sendable {
    case newapi(Int64)
    case ragflow(String)
    case name([UInt8])

    /// `newapi:7`, `ragflow:` and 32 hexadecimal digits.
    /// - Throws: `invalidArgument` for everything else.
    init(_ text: String, field: String) throws(AccountError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 2, parts[0] == "newapi", let number = Int64(parts[1]), number > 0, String(number) == parts[1] {
            self = .newapi(number)
        } else if let id = Self.ragflowID(text) {
            self = .ragflow(id)
        } else {
            throw AccountError(.invalidArgument, field, "it is neither newapi:NUMBER nor ragflow:ID")
        }
    }

    static func ragflowID(_ text: String) -> String? {
        guard text.hasPrefix("ragflow:") else { return nil }
        let id = String(text.dropFirst(8))
        return !id.isEmpty && (try? NameRules.check(ragflowID: id)) != nil ? id : nil
    }

    /// For messages.
    var description: String {
        switch self {
        case .newapi(let number): "newapi:\(number)"
        case .ragflow(let id): "ragflow:\(id)"
        case .name(let name): "'\(CofferNames.printable(String(decoding: name, as: UTF8.self)))'"
        }
    }
}

extension DirectoryState {
    func user(_ reference: UserReference) -> User? {
        let number: UInt64? = switch reference {
        case .newapi(let id): newapiIDs[id]
        case .ragflow(let id): ragflowIDs[id]
        case .name(let name): userNames[name]
        }
        return number.flatMap { users[$0] }
    }

    func tenant(named name: [UInt8]) -> Tenant? { tenantNames[name].flatMap { tenants[$0] } }

    /// Who owns a tenant, by the memberships; the lowest number where there are several.
    func owner(of tenant: TenantID) -> UInt64? {
        (membersOfTenant[tenant] ?? []).filter { memberships[MembershipKey(tenant: tenant, user: $0)]?.role == .owner }.min()
    }
}
