import CofferStore

/// Whether what a backup holds of credentials, pools, schedules and sinks could be read again: what memory is filled with, and what a
/// refresh would look up.
public enum CredentialDocumentCheck {
    /// - Throws: `damaged`, `unknown-format`. Says nothing of tables that are not its own.
    public static func judge(_ table: DocumentTable, _ name: DocumentName, _ bytes: SecretBuffer) throws(StoreError) {
        switch table {
        case .credentials, .credentialStates, .credentialTokens, .sequences: _ = try CredentialLoader.event(table, name.bytes, bytes, 0)
        case .credentialSecrets:
            _ = try CredentialNames.number(name.bytes)
            _ = try CredentialDocuments.secrets(bytes)
        case .refreshJournal:
            _ = try CredentialNames.number(name.bytes)
            _ = try CredentialDocuments.journal(bytes)
        case .pools: _ = try PoolService.pool(name.bytes, bytes, 0)
        case .poolStates:
            _ = try PoolDocuments.member(name.bytes)
            _ = try PoolDocuments.health(bytes)
        case .poolTokens:
            _ = try CredentialNames.number(name.bytes)
            _ = try CredentialDocuments.fact(bytes, kind: Pool.ownKind)
        case .providers: _ = try CredentialDocuments.provider(bytes)
        case .schedules: try record(Schedule.self, name, bytes)
        case .sinks: try record(Sink.self, name, bytes)
        default: break
        }
    }

    private static func record<Record: NumberedRecord>(
        _ type: Record.Type, _ name: DocumentName, _ bytes: SecretBuffer
    ) throws(StoreError) {
        switch try RecordDocument(name.bytes) {
        case .settings(let number): _ = try NumberedRecords<Record>.settings(number, bytes, 0)
        case .state: _ = try Record.readState(bytes)
        }
    }
}
