import CofferStore

/// The rules of a pool's fields (protocol.md, "Nouns").
enum PoolChecks {
    static func check(memo: String, attributes: [String: String]) throws(CredentialError) {
        try CredentialChecks.check(memo: memo)
        try CredentialChecks.check(map: attributes, "attributes")
    }

    /// - Throws: `invalidArgument` for a weight out of range, a credential that stands twice, or too many.
    static func check(_ members: [PoolMember]) throws(CredentialError) {
        guard members.count <= Pool.maximumMembers else {
            throw CredentialError(.invalidArgument, "members", "a pool has at most \(Pool.maximumMembers) members")
        }
        var seen: Set<UInt64> = []
        for member in members {
            guard PoolMember.weights.contains(member.weight) else {
                throw CredentialError(.invalidArgument, "weight", "a weight is 1 to \(PoolMember.weights.upperBound), not \(member.weight)")
            }
            guard seen.insert(member.credential).inserted else {
                throw CredentialError(.invalidArgument, "members", "credential \(member.credential) stands twice")
            }
        }
    }

    static func check(ownToken: SecretBuffer) throws(CredentialError) {
        guard (1...CredentialChecks.maximumSecret).contains(ownToken.count) else {
            throw CredentialError(.invalidArgument, "token", "the token must have 1 to \(CredentialChecks.maximumSecret) bytes")
        }
    }

    /// A credential that is there already may have been deleted meanwhile: it may stay, and comes back with it.
    static func check(
        joining members: [PoolMember], tenant: TenantID, directory: CredentialDirectory
    ) throws(CredentialError) {
        for member in members {
            guard let credential = directory.credential(member.credential), credential.deleted == 0, credential.tenant == tenant else {
                throw CredentialError(.notFound, "members", "the tenant has no credential \(member.credential)")
            }
        }
    }
}
