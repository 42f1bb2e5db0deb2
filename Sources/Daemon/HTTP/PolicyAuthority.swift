import CofferAccounts
import CofferAdmin
import CofferStore

/// Judges the admin API's callers by the same policies as everybody's. A user of role root administers, as uid 0 does on the socket.
struct PolicyAuthority: AdminAuthority {
    let policies: PolicyService

    func rights(of principal: AdminPrincipal) -> any AdminRights {
        if principal.user.role == .root { return Rights(of: nil) }
        let caller = Principal(
            door: "admin", login: principal.user.name.description, roles: [principal.user.role.word],
            token: principal.token.name.bytes.isEmpty ? nil : principal.token.name.text)
        return Rights(of: policies.snapshot.principalClass(for: caller))
    }

    private struct Rights: AdminRights {
        /// `nil`: everything is allowed.
        private let rules: PrincipalClass?

        init(of rules: PrincipalClass?) { self.rules = rules }

        func allowsAny(_ action: AdminAction) -> Bool {
            let (noun, action) = Self.question(action)
            return rules.map { $0.allowsAny(noun, action) } ?? true
        }

        func allows(_ action: AdminAction, tenant: TenantID, name: UnsafeRawBufferPointer) -> Bool {
            let (noun, action) = Self.question(action)
            return rules.map { $0.allows(noun, action, tenant: tenant, name: name) } ?? true
        }

        private static func question(_ action: AdminAction) -> (Noun, Action) {
            switch action {
            case .verify: (.apikey, .verify)
            case .reserve: (.apikey, .reserve)
            case .settle: (.apikey, .settle)
            case .token: (.credential, .token)
            case .poolToken: (.pool, .token)
            case .report: (.pool, .report)
            }
        }
    }
}
