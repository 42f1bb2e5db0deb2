import CofferStore
import Testing

@testable import CofferAccounts

/// Rows as `coffer import` sends them (Sources/Formats/Legacy), and how to bring them.
enum Rows {
    static let ada = "0000000000000000000000000000ada0"
    static let bob = "0000000000000000000000000000b0b0"

    static func newapiUser(
        _ id: Int, _ name: String, _ more: [String: String] = [:], secrets: [String: SecretBuffer] = [:]
    ) -> ImportRow {
        let fields = ["newapi_id": "\(id)", "name": name, "role": "common", "enabled": "true", "wallet": "1000000", "wallet_used": "3"]
        return ImportRow(origin: "users row \(id)", noun: "user", fields: fields.merging(more) { $1 }, secrets: secrets)
    }

    static func newapiKey(
        _ id: Int, owner: Int, _ key: String, _ more: [String: String] = [:], without: Set<String> = []
    ) -> ImportRow {
        let fields = [
            "newapi_id": "\(id)", "owner_ref": "newapi:\(owner)", "form": "sk", "status": "enabled", "name": "key \(id)",
            "expires": "never", "quota": "100", "used": "4", "unlimited": "false", "model_limits": "false", "models": "",
            "addresses": "", "group": "", "cross_group_retry": "false",
        ].merging(more) { $1 }.filter { !without.contains($0.key) }
        return ImportRow(origin: "tokens row \(id)", noun: "apikey", fields: fields, secrets: ["key": secret(key)])
    }

    static func ragflowTenant(_ id: String) -> ImportRow {
        ImportRow(origin: "tenant", noun: "tenant", fields: ["name": id, "ragflow_id": id, "created": "1600000000000"])
    }

    static func ragflowUser(
        _ id: String, _ email: String, _ more: [String: String] = [:], secrets: [String: SecretBuffer] = [:]
    ) -> ImportRow {
        let fields = [
            "ragflow_id": id, "tenant_ref": "ragflow:\(id)", "name": email, "email": email, "display_name": "Ada", "role": "common",
            "enabled": "true", "created": "1600000000001",
        ]
        return ImportRow(origin: "user", noun: "user", fields: fields.merging(more) { $1 }, secrets: secrets)
    }

    static func ragflowMember(_ user: String, of tenant: String, _ role: String) -> ImportRow {
        ImportRow(
            origin: "user_tenant", noun: "member",
            fields: ["owner_ref": "ragflow:\(user)", "tenant_ref": "ragflow:\(tenant)", "role": role, "created": "1600000000002"])
    }

    static func ragflowKey(_ tenant: String, _ key: String, beta: String? = nil, _ more: [String: String] = [:]) -> ImportRow {
        let fields = [
            "tenant_ref": "ragflow:\(tenant)", "form": "ragflow", "status": "enabled", "expires": "never", "unlimited": "true",
            "created": "1600000000003", "updated": "1600000000004", "source": "none",
        ]
        var secrets = ["key": secret(key)]
        if let beta { secrets["beta"] = secret(beta) }
        return ImportRow(origin: "api_token", noun: "apikey", fields: fields.merging(more) { $1 }, secrets: secrets)
    }
}

extension KeysFixture {
    func bring(_ rows: [ImportRow], dryRun: Bool = false) async throws -> ImportReport {
        try await all.bring(rows, dryRun: dryRun, by: "import")
    }

    func users() throws -> [User] { try all.users.list(tenant: nil, containing: "", after: 0, limit: 1_000) }

    func find(_ key: String) throws -> APIKeyView? {
        let keys = try keys
        return Array(key.utf8).withUnsafeBytes { keys.find(readable: $0) }
    }
}

extension ImportReport {
    /// What a row's notes say.
    func notes(_ row: Int) -> [String] { notes.filter { $0.row == row }.map(\.text) }
    /// `c`reated, change`d`, `u`nchanged, `r`efused.
    var word: String {
        effects.map { effect in
            switch effect {
            case .created: "c"
            case .changed: "d"
            case .unchanged: "u"
            case .refused: "r"
            }
        }.joined()
    }
}
