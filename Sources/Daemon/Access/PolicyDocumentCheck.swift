import CofferStore

/// Whether a policy of a backup could be read again, and allows what its text says: people read the text, the daemon goes by the rules.
enum PolicyDocumentCheck {
    /// - Throws: `damaged`, `unknown-format`. Says nothing of other tables.
    static func judge(_ table: DocumentTable, _ name: DocumentName, _ bytes: SecretBuffer) throws(StoreError) {
        guard table == .policies else { return }
        let policy: StoredPolicy
        do throws(StoredPolicyError) { policy = try StoredPolicy(decoding: Array(bytes.bytes)) } catch {
            if case .unknownVersion(let version) = error {
                throw StoreError(.unknownFormat, "a policy has format \(version), which this version does not know")
            }
            throw StoreError(.damaged, "a policy has fields that do not fit")
        }
        withExtendedLifetime(bytes) {}
        guard policy.name == name.bytes else { throw StoreError(.damaged, "a policy's document is about another one") }
        guard SourceComparison.agrees(policy) else {
            throw StoreError(.damaged, "its text does not say what its rules allow; whoever applied it can apply it again after a restore without it")
        }
    }
}
