import CofferAccounts
import CofferJSON
import CofferStore

extension RAGFlowDoor {
    /// The row of a key that was just made: nothing has changed it yet.
    static func newRow(_ key: APIKey, _ tenant: Tenant, _ token: SecretBuffer) -> [(String, JSONValue)] {
        [
            ("tenant_id", .string(tenant.name.description)), ("token", .string(text(token))),
            ("create_time", .integer(Int64(clamping: key.created))), ("create_date", .string(date(key.created))),
            ("update_time", .null), ("update_date", .null),
        ]
    }

    /// All nine columns of each key, in order of creation and then of the token.
    func rows(
        _ keys: [APIKey], _ tenant: Tenant, beta: (APIKey) -> SecretBuffer?
    ) async throws(RAGFlowFailure) -> [JSONValue] {
        var rows: [(created: UInt64, token: String, JSONValue)] = []
        for key in keys {
            guard let token = try await readable(key) else { continue }
            let updated = key.updated == 0 ? key.created : key.updated
            let row: [(String, JSONValue)] = [
                ("tenant_id", .string(tenant.name.description)), ("token", .string(token)),
                ("dialog_id", Self.optional(key.dialogID)), ("source", Self.optional(key.source)),
                ("beta", Self.optional(beta(key).map(Self.text))),
                ("create_time", .integer(Int64(clamping: key.created))), ("create_date", .string(Self.date(key.created))),
                ("update_time", .integer(Int64(clamping: updated))), ("update_date", .string(Self.date(updated))),
            ]
            rows.append((key.created, token, .object(row)))
        }
        return rows.sorted { ($0.created, $0.token) < ($1.created, $1.token) }.map(\.2)
    }

    /// The key itself; a hint where the tenant keeps no readable forms. `nil`: deleted meanwhile.
    private func readable(_ key: APIKey) async throws(RAGFlowFailure) -> String? {
        do throws(AccountError) {
            return Self.text(try await accounts.apiKeys.reveal(key.number))
        } catch {
            switch error.code {
            case .notFound: return nil
            case .denied: return "ragflow-" + key.hint
            default: throw RAGFlowFailure(error)
            }
        }
    }

    private static func optional(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }
}
