import CofferCredentials
import CofferStore
import CofferWire

/// What can be done with pools.
struct PoolActs: Sendable {
    let credentials: Credentials
    let records: PoolRecords
    let lookup: CredentialRecords

    /// Members that are asked about at once; what their providers allow is less.
    private static let atOnce = 16

    func act(_ act: Act) async throws(Failure) -> CredentialActResponse {
        switch act.verb {
        case "refresh", "relogin", "check": return try await each(act)
        case "renew": return try await renew(act)
        case "revive": return try await revive(act)
        case "reveal": return try await reveal(act)
        default: throw act.unknownVerb("refresh, relogin, check, renew, revive and reveal")
        }
    }

    /// Asks the upstream about each member, or for new tokens of each. One that fails does not stop the others.
    private func each(_ act: Act) async throws(Failure) -> CredentialActResponse {
        try act.finish(act.options, .pool)
        let pool = try records.find(act.caller, act.verb == "check" ? .check : .refresh, act.id)
        let (tokens, caller, verb) = (credentials.tokens, act.caller.selector, act.verb)
        let results = await withTaskGroup(of: (UInt64, String, String).self) { group in
            var waiting = pool.members.map(\.credential)[...]
            var results: [UInt64: (word: String, reason: String)] = [:]
            func add() {
                guard let number = waiting.popFirst() else { return }
                group.addTask { await Self.one(number, verb, tokens, by: caller) }
            }
            for _ in 0..<Self.atOnce { add() }
            while let (number, word, reason) = await group.next() {
                results[number] = (word, reason)
                add()
            }
            return results
        }
        let own = verb == "check" ? await own(pool, act.caller) : nil
        let all = results.values.map(\.word) + (own.map { [$0.word] } ?? [])
        let good = all.count { $0 == (verb == "check" ? "live" : "renewed") }
        // Where the pool's own token was asked about, members that nobody can ask about are no failure.
        let failed = all.count - good - (own == nil ? 0 : all.count { $0 == Self.uncheckable })
        var lines = own.map { ["0 \($0.word) its own token: \(Name.printable($0.reason.utf8))"] } ?? []
        lines += pool.members.map { member in
            let name = credentials.credentials.find(member.credential)?.name.description ?? "#\(member.credential)"
            let result = results[member.credential]
            return "\(member.credential) \(result?.word ?? "failed") \(Name.printable(name.utf8)): \(Name.printable((result?.reason ?? "").utf8))"
        }
        return CredentialActResponse(
            record: records.record(records.credentials.pools.find(pool.number) ?? pool),
            result: Self.sentence(good: good, members: pool.members.count, own: own?.word, verb),
            details: [
                RecordField("good", "\(good)"), RecordField("failed", "\(failed)"),
                RecordField("members", Act.fitting(lines)),
            ])
    }

    /// How the pool's own token stands; `nil`: it has none, or nobody can say.
    private func own(_ pool: Pool, _ caller: Caller) async -> (word: String, reason: String)? {
        do throws(CredentialError) {
            let found = try await credentials.checkPool(
                pool.number, by: caller.selector, where: PoolRecords.permission(caller, .check))
            return found.map { ($0.verdict.rawValue, $0.reason) }
        } catch {
            return ("failed", error.message)
        }
    }

    private static func sentence(good: Int, members: Int, own: String?, _ verb: String) -> String {
        guard verb == "check" else { return "\(good) of \(members) members have new tokens" }
        guard let own else { return "\(good) of \(members) members live" }
        return "\(own == "live" ? good - 1 : good) of \(members) members live; its own token: \(own)"
    }

    private static func one(_ number: UInt64, _ verb: String, _ tokens: TokenIssuer, by principal: String) async -> (UInt64, String, String) {
        do throws(CredentialError) {
            if verb == "check" {
                let report = try await tokens.check(number, by: principal)
                return (number, report.verdict.rawValue, report.reason)
            }
            let report = try await tokens.refresh(number, options: RefreshOptions(relogin: verb == "relogin"), by: principal)
            return (number, report.isRenewed ? "renewed" : "failed", report.error?.message ?? "")
        } catch {
            let hasNoCheck = verb == "check" && error.code == .invalidArgument && error.field == "provider"
            return (number, hasNoCheck ? uncheckable : "failed", error.message)
        }
    }

    /// Its provider has no check for it.
    private static let uncheckable = "no-check"

    /// The pool's own token from its upstream, another one unless `keep` says otherwise.
    private func renew(_ act: Act) async throws(Failure) -> CredentialActResponse {
        var given = act.options
        let keeps = try given.bool("keep") ?? false
        try act.finish(given, .pool)
        let pool = try records.find(act.caller, .refresh, act.id)
        let renewed = try await credentialCall { () async throws(CredentialError) in
            try await credentials.renewPool(
                pool.number, keeps: keeps, by: act.caller.selector, where: PoolRecords.permission(act.caller, .refresh))
        }
        return CredentialActResponse(
            record: records.record(renewed), result: keeps ? "its token is up to date" : "it has another token of its own")
    }

    /// A member, or all of them, is handed out again.
    private func revive(_ act: Act) async throws(Failure) -> CredentialActResponse {
        var given = act.options
        let name = given.text("credential")
        try act.finish(given, .pool)
        let pool = try records.find(act.caller, .put, act.id)
        var numbers = pool.members.map(\.credential)
        if let name {
            guard let found = credentials.credentials.find(tenant: pool.tenant, name: Array(name.utf8)), numbers.contains(found.number) else {
                throw Failure(.notFound, "credential: the pool has no such member")
            }
            numbers = [found.number]
        } else if pool.ownToken != nil {
            numbers.append(0)
        }
        for number in numbers {
            do throws(CredentialError) {
                try credentials.pools.revive(
                    pool: pool.number, credential: number, by: act.caller.selector, where: PoolRecords.permission(act.caller, .put))
            } catch {
                throw Failure(error)
            }
        }
        return CredentialActResponse(
            record: records.record(credentials.pools.find(pool.number) ?? pool), result: "\(numbers.count) are handed out again",
            details: [RecordField("revived", "\(numbers.count)")])
    }

    /// The pool's own token as it lies in the store.
    private func reveal(_ act: Act) async throws(Failure) -> CredentialActResponse {
        try act.finish(act.options, .pool)
        // Rules have no such action for pools: whoever may get its tokens may see it.
        let pool = try records.find(act.caller, .token, act.id)
        let value = try await credentialCall { () async throws(CredentialError) in try credentials.pools.ownToken(pool.number) }
        let now = try records.find(act.caller, .token, "#\(pool.number)")
        guard let value else { throw Failure(.notFound, "the pool has no token of its own") }
        return CredentialActResponse(
            record: records.record(now), result: "", secret: withExtendedLifetime(value) { Array(value.bytes) })
    }
}
