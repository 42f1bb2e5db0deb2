import CofferStore

extension Accounts {
    public func bring(_ rows: [ImportRow], dryRun: Bool, by principal: String) async throws(AccountError) -> ImportReport {
        throw AccountError(.failed, "", "imports are not there yet")
    }
}
