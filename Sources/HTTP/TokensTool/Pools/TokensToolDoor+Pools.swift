import CofferCredentials
import CofferJSON
import CofferStore

// Finding and showing pools, and what all changes of them need (compat/tokenstool.md 1.4 and 2.2).
extension TokensToolDoor {
    func allPools() -> [Pool] { credentials.pools.list(tenant: .main) { $0.isTokensToolPool } }

    func findPool(_ name: String) -> Pool? {
        let found = credentials.pools.find(tenant: .main, name: Array(name.utf8))
        return found.flatMap { $0.isTokensToolPool ? $0 : nil }
    }

    func listPools(_ call: HTTPCall) async throws(TokensToolFailure) -> JSONValue {
        guard let part = call.queryValue("name") else { throw .badRequest }
        do throws(CredentialError) {
            let names = memberNames()
            var rows: [JSONValue] = []
            for pool in allPools() where pool.nameText.holds(part) { rows.append(try json(pool, names)) }
            return .array(rows)
        } catch {
            throw .unavailable
        }
    }

    private func json(_ pool: Pool, _ names: [UInt64: String]) throws(CredentialError) -> JSONValue {
        func attribute(_ name: String, _ otherwise: String = "") -> JSONValue { .string(pool.attributes[name] ?? otherwise) }
        return .object([
            ("poolName", .string(pool.nameText)), ("poolToken", .string(try ownToken(pool) ?? "")),
            ("shareTokens", .strings(pool.members.compactMap { names[$0.credential] })), ("poolTime", .string(pool.poolTime(time))),
            ("checkPool", .bool(pool.attributes[PoolNames.check] != "false")), ("intoOneApi", .bool(pool.isInOneAPI)),
            ("poolOneApi_models", attribute(PoolNames.models)), ("poolModel_mapping", attribute(PoolNames.modelMapping, "{}")),
            ("oneApi_pandoraUrl", attribute(PoolNames.url)), ("groupChecked", attribute(PoolNames.groups)),
            ("priority", .integer(pool.attributes[PoolNames.priority].flatMap { Int64($0) } ?? 0)),
        ])
    }

    /// Those that were deleted, too: a pool names its members until somebody changes it.
    private func memberNames() -> [UInt64: String] {
        let all = credentials.credentials.deleted(tenant: .main) + credentials.credentials.list(tenant: .main)
        return Dictionary(all.map { ($0.number, $0.nameText) }, uniquingKeysWith: { $1 })
    }

    /// As it lies in the store.
    func ownToken(_ pool: Pool) throws(CredentialError) -> String? {
        pool.ownToken == nil ? nil : try credentials.pools.ownToken(pool.number)?.text
    }

    // MARK: Members

    /// The members of these names, in their order, each once; unknown names are passed over.
    func members(_ names: [String]) -> [PoolMember] {
        var seen: Set<UInt64> = []
        return names.compactMap { findToken($0)?.number }.filter { seen.insert($0).inserted }.map { PoolMember(credential: $0) }
    }

    /// The share tokens of the members that take part: for the API, not expired, and of the proxy's form. Where there is none, none: never
    /// those of others (quirk Q1).
    func shares(_ members: [PoolMember]) throws(CredentialError) -> [SecretBuffer] {
        let now = settings.clock()
        var shares: [SecretBuffer] = []
        for member in members {
            guard let credential = credentials.credentials.find(member.credential), credential.isForAPI, !credential.isExpired(at: now),
                credential.fact(TokenNames.share) != nil,
                let share = try credentials.credentials.token(credential.number, kind: TokenNames.share), Self.isShare(share)
            else { continue }
            shares.append(share)
        }
        return shares
    }

    /// `fk-` and 43 of `[0-9A-Za-z_-]`.
    static func isShare(_ token: SecretBuffer) -> Bool {
        defer { withExtendedLifetime(token) {} }
        return token.count == PandoraCalls.shareLength && token.bytes.starts(with: "fk-".utf8)
            && token.bytes.dropFirst(3).allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F || byte == 0x2D
            }
    }

    // MARK: one-api

    var oneAPI: OneAPICalls {
        OneAPICalls(providers: credentials.providers, url: memory.settings.oneAPIOutURL, token: memory.secret(.oneAPIToken))
    }

    func channel(_ pool: String, _ attributes: [String: String], key: SecretBuffer) -> OneAPICalls.Channel {
        OneAPICalls.Channel(
            name: pool, key: key, url: attributes[PoolNames.url] ?? "", models: attributes[PoolNames.models] ?? "",
            group: attributes[PoolNames.groups] ?? "", modelMapping: attributes[PoolNames.modelMapping] ?? "",
            priority: attributes[PoolNames.priority].flatMap { Int($0) } ?? 0)
    }
}
