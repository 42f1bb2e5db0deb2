extension Layout {
    /// Of a document. A table without a layout does not compile; that each layout fits what is really written is what Tests/BackupTests
    /// pins.
    static func of(_ table: DocumentTable, _ name: DocumentName) -> Layout {
        switch table {
        case .policies: policy
        case .tenants: tenant
        case .users: user
        case .memberships: membership
        case .accessTokens: accessToken
        case .apiKeys: apiKey
        case .apiKeyForms: apiKeyForm
        case .passwords: password
        case .doors: doorField
        case .sequences: sequence
        case .credentials: credential
        case .credentialStates: credentialState
        case .credentialSecrets: credentialSecrets
        case .credentialTokens, .poolTokens: token
        case .refreshJournal: refreshJournal
        case .pools: pool
        case .poolStates: poolMemberState
        case .providers: provider
        case .schedules: isState(name) ? scheduleState : schedule
        case .sinks: isState(name) ? sinkState : sink
        }
    }

    /// Schedules and sinks keep their settings under `NUMBER`, their state under `NUMBER/state`.
    private static func isState(_ name: DocumentName) -> Bool { name.bytes.suffix(6).elementsEqual("/state".utf8) }

    static let sequence = Layout([LayoutField("last", .u64)])
}

extension LayoutType {
    /// With two bytes of length, as `FieldWriter.text` writes it.
    static let string = LayoutType.text(.u16)
    static let strings = LayoutType.list(.u16, .string)
    static let pairs = LayoutType.map(.u16)
}
