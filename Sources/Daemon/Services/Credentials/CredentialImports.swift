import CofferAccounts
import CofferCredentials
import CofferStore
import CofferWire

/// Rows of credentials, pools and schedules on their way in. Each request is a batch of its own.
struct CredentialImports: Sendable {
    let credentials: Credentials

    func bring(_ caller: Caller, _ request: CredentialImportRequest) async throws(Failure) -> AccountImportResponse {
        guard let tenant = caller.tenant else { throw .denied }
        if !caller.rights.isAdministrator {
            for row in request.rows { try require(caller, row, tenant) }
        }
        do throws(CredentialError) { try credentials.requireReady() } catch { throw Failure(error) }
        let rows = request.rows.map { row in
            ImportRow(
                origin: row.origin, noun: row.noun, fields: Dictionary(row.fields.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 }),
                secrets: Dictionary(row.secrets.map { ($0.name, SecretBuffer($0.value)) }, uniquingKeysWith: { $1 }))
        }
        return AccountImportResponse(try await credentialCall { () async throws(CredentialError) in
            try await credentials.bring(rows, tenant: tenant, dryRun: request.dryRun, by: caller.selector)
        })
    }

    /// What is there stays as it is. Pools hand out their members' tokens, and schedules act on whatever they name: those are brought by
    /// administrators.
    private func require(_ caller: Caller, _ row: AccountRow, _ tenant: TenantID) throws(Failure) {
        guard row.noun == "credential", let name = row.fields.first(where: { $0.name == "name" })?.value else { throw .denied }
        try caller.require(.credential, .create, of: tenant, Array(name.utf8))
    }
}
