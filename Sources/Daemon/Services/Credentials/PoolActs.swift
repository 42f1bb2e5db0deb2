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
        let good = results.values.count { $0.word == (verb == "check" ? "live" : "renewed") }
        let lines = pool.members.map { member in
            let name = credentials.credentials.find(member.credential)?.name.description ?? "#\(member.credential)"
            let result = results[member.credential]
            return "\(member.credential) \(result?.word ?? "failed") \(Name.printable(name.utf8)): \(Name.printable((result?.reason ?? "").utf8))"
        }
        return CredentialActResponse(
            record: records.record(records.credentials.pools.find(pool.number) ?? pool),
            result: "\(good) of \(pool.members.count) members \(verb == "check" ? "live" : "have new tokens")",
            details: [
                RecordField("good", "\(good)"), RecordField("failed", "\(pool.members.count - good)"),
                RecordField("members", Act.fitting(lines)),
            ])
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
            return (number, "failed", error.message)
        }
    }

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
