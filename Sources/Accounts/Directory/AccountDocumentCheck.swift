import CofferStore

/// Whether what a backup holds of accounts and API keys could be read again: what memory is filled with, and what a call would look up.
public enum AccountDocumentCheck {
    /// - Throws: `damaged`, `unknown-format`. Says nothing of tables that are not its own.
    public static func judge(_ table: DocumentTable, _ name: DocumentName, _ bytes: SecretBuffer) throws(StoreError) {
        switch table {
        case .tenants, .users, .memberships, .accessTokens, .doors, .sequences:
            _ = try DirectoryLoader.event(table, name.bytes, bytes, 0)
        case .apiKeys:
            let record = try APIKeyRecord(decoding: bytes, revision: 0)
            guard record.key.number == (try DocumentNames.number(name.bytes)) else {
                throw StoreError(.damaged, "an API key's document is about another one")
            }
        case .passwords:
            _ = try DocumentNames.number(name.bytes)
            do throws(AccountError) { _ = try StoredPassword(decoding: bytes) } catch { throw StoreError(.damaged, error.message) }
        case .apiKeyForms:
            let number = name.bytes.prefix { $0 != UInt8(ascii: "/") }
            _ = try DocumentNames.number(number)
        default: break
        }
    }
}
