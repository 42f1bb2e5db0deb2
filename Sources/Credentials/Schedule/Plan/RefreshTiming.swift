import CofferStore
import CofferUpstream

/// When a credential's access token is due: before its expiry by the provider's lead, and earlier by a part that differs from credential
/// to credential. Without I/O.
struct RefreshTiming: Sendable {
    /// The part is at most a tenth of the token's life, and this.
    static let maximumJitter: UInt64 = 300_000
    /// No token is replaced by itself sooner than so long after it was got, however short it lives.
    static let minimumAge: UInt64 = 60_000

    /// Whether a way without logging in exists depends on little that differs between credentials.
    private struct Way: Hashable {
        var provider: String
        var available: Set<String>
        var parameters: [String: String]
    }
    private static let maximumWays = 4_096
    private var ways: [Way: Bool] = [:]

    /// Providers have changed.
    mutating func forgetWays() { ways = [:] }

    mutating func next(of credential: Credential, provider: Provider?, now: UInt64) -> NextRefresh {
        if credential.deleted != 0 { return NextRefresh(due: nil, why: "deleted") }
        if !credential.isEnabled { return NextRefresh(due: nil, why: "disabled") }
        guard let provider else { return NextRefresh(due: nil, why: "its provider '\(credential.provider)' is missing") }
        switch credential.state.phase {
        case .claimed, .dialled: return NextRefresh(due: nil, why: "it is being refreshed")
        case .needsPerson: return NextRefresh(due: nil, why: "it waits for a person: \(credential.state.reason)")
        case .dead: return NextRefresh(due: nil, why: "it is dead: \(credential.state.reason)")
        case .idle, .cooling: break
        }
        guard let access = credential.fact("access") else {
            return NextRefresh(due: nil, why: "no access token yet: the first is got when it is asked for")
        }
        var expires = access.expires
        if expires == 0, provider.defaultLifetime > 0 { expires = access.obtained + UInt64(provider.defaultLifetime) * 1_000 }
        guard expires != 0 else { return NextRefresh(due: nil, why: "the access token's expiry is unknown") }
        guard canRefresh(credential, provider) else { return NextRefresh(due: nil, why: "it cannot be refreshed without logging in") }
        let due = Self.due(number: credential.number, expires: expires, obtained: access.obtained, lead: UInt64(provider.lead) * 1_000)
        if credential.state.phase == .cooling, credential.state.until > due {
            return NextRefresh(due: credential.state.until, why: "cooling: \(credential.state.reason)")
        }
        return NextRefresh(due: due, why: "before its access token expires")
    }

    /// Unix milliseconds. The same each time for the same token.
    static func due(number: UInt64, expires: UInt64, obtained: UInt64, lead: UInt64) -> UInt64 {
        let life = expires > obtained ? expires - obtained : 0
        // A lead longer than the token's life would mean a dial all the time.
        let lead = min(lead, life / 2)
        let jitter = Spread.of(number, expires, within: min(life / 10, maximumJitter) + 1)
        let due = expires - min(expires, lead + jitter)
        return max(due, obtained.addingReportingOverflow(minimumAge).partialValue)
    }

    private mutating func canRefresh(_ credential: Credential, _ provider: Provider) -> Bool {
        let way = Way(provider: provider.name, available: credential.available, parameters: credential.parameters)
        if let known = ways[way] { return known }
        let route = provider.route(
            to: "access", available: way.available, parameters: way.parameters, avoiding: [], allowsLogin: false)
        if ways.count >= Self.maximumWays { ways = [:] }
        ways[way] = route != nil
        return route != nil
    }
}
