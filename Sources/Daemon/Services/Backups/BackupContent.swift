import CofferAccounts
import CofferCredentials
import CofferStore

/// What everybody who verifies or restores a backup asks of its documents: that the daemon can go on with them.
public enum BackupContent {
    /// - Throws: for a document that a service could not read, and for a policy whose rules are not what its text says.
    public static let check = DocumentCheck { (table, name, bytes) throws(StoreError) in
        try AccountDocumentCheck.judge(table, name, bytes)
        try CredentialDocumentCheck.judge(table, name, bytes)
        try PolicyDocumentCheck.judge(table, name, bytes)
    }
}
