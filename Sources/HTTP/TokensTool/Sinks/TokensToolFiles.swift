import CofferCredentials
import CofferJSON
import CofferStore
import CSodium

/// `tokens.json` as the proxy reads it and TokensTool keeps it (compat/tokenstool.md 2.1): the content `tokenstool-tokens` of a sink.
struct TokensFile: SinkRenderer {
    let name = "tokenstool-tokens"
    private let parts: TokensToolParts

    init(door: TokensToolDoor) { parts = TokensToolParts(door) }

    /// The tokens that the sink covers, in the order in which they were added; disabled ones are left out.
    func render(_ sink: Sink) throws(CredentialError) -> SecretBuffer {
        guard sink.tenant == .main else { throw CredentialError(.invalidArgument, "tenant", "TokensTool's tokens are those of the tenant main") }
        var entries: [(String, JSONValue)] = []
        let members = parts.members(sink.target.pool)
        // Expired ones stay in the file, as TokensTool leaves them there: unshared, and marked.
        for credential in parts.credentials.list(tenant: .main, where: { $0.isTokensToolToken && $0.isEnabled })
        where sink.target.covers(credential, members: members) {
            let row = try TokenRow(credential, parts.credentials, time: parts.time, now: parts.clock())
            entries.append((row.name, row.fileEntry))
        }
        return SecretFile.json(.object(entries))
    }
}

/// `config.json` as the proxy reads it (2.4): the content `tokenstool-config` of a sink. What only TokensTool needs of it is left out where
/// it is a password: who may read the file learns nothing about the administrator.
struct ConfigFile: SinkRenderer {
    let name = "tokenstool-config"
    private let parts: TokensToolParts

    init(door: TokensToolDoor) { parts = TokensToolParts(door) }

    func render(_ sink: Sink) throws(CredentialError) -> SecretBuffer {
        var fields = parts.memory.settings.fileFields
        for secret in [SettingSecret.setupPassword, .sitePassword, .licenseID] {
            fields.append((secret.wireName, .string(parts.memory.secret(secret)?.text ?? "")))
        }
        return SecretFile.json(.object(fields))
    }
}

/// What the files need of the door; they do not keep it.
private struct TokensToolParts: Sendable {
    let credentials: CredentialService
    private let pools: PoolService
    let memory: TokensToolMemory
    let time: DoorTime
    let clock: @Sendable () -> UInt64

    init(_ door: TokensToolDoor) {
        credentials = door.credentials.credentials
        pools = door.credentials.pools
        memory = door.memory
        time = door.time
        clock = door.settings.clock
    }

    /// - Returns: `nil` where no pool is named, or there is none of this name.
    func members(_ pool: String) -> Set<UInt64>? {
        pool.isEmpty ? nil : pools.find(tenant: .main, name: Array(pool.utf8)).map { Set($0.members.map(\.credential)) }
    }
}

private enum SecretFile {
    static func json(_ value: JSONValue) -> SecretBuffer {
        var bytes = value.encoded() + [UInt8(ascii: "\n")]
        defer { bytes.withUnsafeMutableBytes { sodium_memzero($0.baseAddress, $0.count) } }
        return SecretBuffer(bytes)
    }
}
