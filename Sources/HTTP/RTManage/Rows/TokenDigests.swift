import CofferCredentials
import CofferStore
import Crypto
import Synchronization

/// Which refresh tokens are there already, without keeping one: keyed hashes, looked up by the revision that wrote the token.
final class TokenDigests: Sendable {
    private typealias Digest = HMAC<SHA256>.MAC

    private struct Entry {
        var revision: UInt64
        var digest: Digest?
    }

    /// Of this process alone.
    private let key = SymmetricKey(size: .bits256)
    private let known = Mutex<[UInt64: Entry]>([:])

    /// A token's fingerprint, comparable within this process.
    func digest(_ token: SecretBuffer) -> [UInt8] {
        withExtendedLifetime(token) { Array(HMAC<SHA256>.authenticationCode(for: token.bytes, using: key)) }
    }

    /// The fingerprints of the refresh tokens of these rows. Reads those that changed since the last call: waits for the disk.
    func all(of rows: [RTManageRow], in service: CredentialService) throws(CredentialError) -> Set<[UInt8]> {
        var entries: [UInt64: Entry] = known.withLock { $0 }
        var fresh: [UInt64: Entry] = [:]
        var found: Set<[UInt8]> = []
        for row in rows where row.credential.fact(RTManageKind.refresh) != nil {
            let number = row.credential.number
            let revision = service.tokenRevision(number)
            if let entry = entries.removeValue(forKey: number), entry.revision == revision {
                fresh[number] = entry
            } else if let token = try service.token(number, kind: RTManageKind.refresh) {
                let digest = withExtendedLifetime(token) { HMAC<SHA256>.authenticationCode(for: token.bytes, using: key) }
                fresh[number] = Entry(revision: revision, digest: digest)
            }
            if let digest = fresh[number]?.digest { found.insert(Array(digest)) }
        }
        let result = fresh
        known.withLock { $0 = result }
        return found
    }
}

/// Token kinds and sealed fields of a row.
enum RTManageKind {
    static let refresh = "refresh"
    static let access = "access"
    /// One generation, kept by whoever refreshes.
    static let previous = "previous_refresh"
    static let userInfo = "rtmanage.user_info"
    static let accountInfo = "rtmanage.account_info"
}

/// Attributes of a credential that are RT-manage's own.
enum RTManageAttribute {
    static let userName = "rtmanage.user_name"
    static let type = "rtmanage.type"
    /// What the last refresh through this door came to, and when (Unix milliseconds).
    static let result = "rtmanage.refresh_result"
    static let resultTime = "rtmanage.result_time"
    /// A memo that no label may be: with line breaks.
    static let memo = "rtmanage.memo"
    /// When the row was saved last though nothing changed (Unix milliseconds).
    static let touched = "rtmanage.touched"
    /// What an import brought along (Unix milliseconds).
    static let created = "rtmanage.create_time"
    static let refreshed = "rtmanage.last_refresh_time"
}
