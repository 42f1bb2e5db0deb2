import CofferCredentials
import CofferJSON
import CofferStore
import CofferUpstream

/// What the door asks the proxy for beside the refreshes of stored credentials (compat/tokenstool.md 3).
struct PandoraCalls: Sendable {
    /// A share token as pools take it.
    static let shareLength = 46

    let providers: ProviderService
    let settings: SystemSettings
    let licenseID: String

    /// Where the proxy is; `nil`: `bind` names no port.
    var base: String? { settings.upstreamBase }

    // MARK: Tokens that are tried before they are stored

    struct Got: Sendable {
        var value: SecretBuffer
        /// Unix milliseconds; 0: unknown.
        var expires: UInt64
    }

    /// U1, U2.
    func login(username: String, password: String, isRefresh: Bool) async -> Got? {
        await token(
            isRefresh ? "login2" : "login", isRefresh ? TokenNames.refresh : TokenNames.session,
            ["username": username, "password": password])
    }

    /// U3, U4.
    func exchange(_ token: SecretBuffer, isRefresh: Bool) async -> Got? {
        let kind = isRefresh ? TokenNames.refresh : TokenNames.session
        return await self.token(kind, TokenNames.access, [:], [kind: token])
    }

    /// U5.
    func share(name: String, access: SecretBuffer, showUserInfo: Bool) async -> Got? {
        await token(
            "share", TokenNames.share, ["name": name, "show_userinfo": showUserInfo ? "true" : "false"], [TokenNames.access: access])
    }

    /// U6. Whether the proxy took it back.
    func unshare(name: String, access: SecretBuffer) async -> Bool {
        await call("unshare", ["name": name], [TokenNames.access: access])?.verdict == .ok
    }

    private func token(
        _ step: String, _ kind: String, _ texts: [String: String], _ secrets: [String: SecretBuffer] = [:]
    ) async -> Got? {
        guard let result = await call(step, texts, secrets), result.verdict == .ok, let value = result.values[kind] else { return nil }
        return Got(value: value, expires: result.expiries[kind] ?? 0)
    }

    // MARK: Pools

    /// U7.
    /// - Parameters:
    ///   - shares: never empty: the proxy takes that for a revocation (quirk Q1).
    ///   - pool: `nil`: a new one.
    func pool(shares: [SecretBuffer], pool: SecretBuffer?) async -> SecretBuffer? {
        guard !shares.isEmpty else { return nil }
        let text = SecretBuffer(count: shares.reduce(0) { $0 + $1.count + 1 }) { output in
            var place = 0
            for share in shares {
                output[place..<(place + share.count)].copyBytes(from: share.bytes)
                place += share.count
                output[place] = UInt8(ascii: "\n")
                place += 1
            }
        }
        var secrets = ["share_tokens": text]
        if let pool { secrets["pool"] = pool }
        guard let result = await call("pool", [:], secrets), result.verdict == .ok else { return nil }
        return result.values["pool"]
    }

    /// U8. Also where the proxy does not know it any more.
    func unpool(_ pool: SecretBuffer) async -> Bool { await call("unpool", [:], ["pool": pool])?.verdict == .ok }

    enum PoolCheck: Sendable { case alive, expired, wrongAddress, unknown }

    /// U11; costs 4.
    func check(pool: SecretBuffer) async -> PoolCheck {
        guard !settings.pandoraOutURL.isEmpty else { return .unknown }
        let url = SystemSettings.joined(settings.pandoraOutURL, settings.proxyAPIPrefix)
        guard let result = await call("pool-check", ["out_url": url], ["pool": pool]) else { return .unknown }
        if result.status == 404 { return .wrongAddress }
        switch result.verdict {
        case .ok: return .alive
        case .dead: return .expired
        default: return .unknown
        }
    }

    // MARK: The proxy itself

    /// U9. Whether it was reached: its answer says nothing more (it has none for the original either).
    func reload() async -> Bool {
        guard let result = await call("reload", [:], [:]) else { return false }
        return result.status != 0
    }

    /// U10: `current`, `ip`, `total`, `ttl`.
    /// - Returns: `nil`: nobody answered; `false`: what came is no quota.
    func quota() async -> (JSONValue?, wasAnswered: Bool) {
        guard !licenseID.isEmpty, let result = await call("quota", ["license_id": licenseID], [:]) else { return (nil, false) }
        guard result.verdict == .ok else { return (nil, result.status != 0) }
        func number(_ name: String) -> JSONValue? { result.values[name].flatMap { Int64($0.text) }.map { .integer($0) } }
        guard let current = number("current"), let total = number("total"), let ttl = number("ttl"), let ip = result.values["ip"] else {
            return (nil, true)
        }
        return (.object([("current", current), ("ip", .string(ip.text)), ("total", total), ("ttl", ttl)]), true)
    }

    private func call(_ step: String, _ texts: [String: String], _ secrets: [String: SecretBuffer]) async -> StepResult? {
        guard let base else { return nil }
        var values = secrets
        for (name, text) in texts { values[name] = SecretBuffer(Array(text.utf8)) }
        values[TokenNames.base] = SecretBuffer(Array(base.utf8))
        return try? await providers.call(TokenNames.provider, step: step, values: values)
    }
}

extension SystemSettings {
    /// `http://127.0.0.1:PORT/PREFIX` for `default`, else as it was given; without a slash at its end. `nil`: `bind` is not in two parts.
    var upstreamBase: String? {
        guard autoTokenURL == "default" || autoTokenURL.isEmpty else { return Self.joined(autoTokenURL, "") }
        guard let port = bindPort else { return nil }
        return Self.joined("http://127.0.0.1:\(port)", proxyAPIPrefix)
    }

    var bindPort: UInt16? {
        let parts = bind.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let port = UInt16(parts[1]), port != 0 else { return nil }
        return port
    }

    static func joined(_ url: String, _ prefix: String) -> String {
        var url = url[...]
        while url.hasSuffix("/") { url.removeLast() }
        var prefix = prefix[...]
        while prefix.hasPrefix("/") { prefix.removeFirst() }
        while prefix.hasSuffix("/") { prefix.removeLast() }
        return prefix.isEmpty ? String(url) : "\(url)/\(prefix)"
    }
}
