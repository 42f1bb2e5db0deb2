import CofferCredentials
import CofferJSON
import CofferStore

// 刷新, 更换 and 检验 of pools (compat/tokenstool.md 1.4 and 3.1).
extension TokensToolDoor {
    func refreshPool(_ fields: BodyFields, _ principal: String) async throws(TokensToolFailure) -> JSONValue {
        try await refresh(try PoolBody(fields), principal)
        return .string(TokensToolMessage.poolRefreshed)
    }

    func refreshPools(_ rows: [BodyFields], _ principal: String) async throws(TokensToolFailure) -> JSONValue {
        let (good, bad) = try await each(rows) { (body) throws(TokensToolFailure) in try await refresh(body, principal) }
        return .string(TokensToolMessage.refreshedMany(good, bad))
    }

    struct PoolRun: Sendable {
        var good = 0
        var bad = 0
        var text: String { TokensToolMessage.allPoolsRefreshed(good, bad) }
    }

    func refreshAllPools(_ principal: String) async throws(TokensToolFailure) -> PoolRun {
        var run = PoolRun()
        for pool in allPools() {
            do throws(TokensToolFailure) {
                try await turns.run { () throws(TokensToolFailure) in try await refresh(pool, principal) }
                run.good += 1
            } catch {
                guard case .refused = error else { throw error }
                run.bad += 1
            }
        }
        return run
    }

    private func refresh(_ body: PoolBody, _ principal: String) async throws(TokensToolFailure) {
        try await turns.run { () throws(TokensToolFailure) in
            guard let name = body.name, let pool = findPool(name) else { throw .refused(TokensToolMessage.poolRefreshFailed) }
            try await refresh(pool, principal)
        }
    }

    /// The token that is stored with the members that are stored (quirk Q6); the proxy must give the same one back.
    private func refresh(_ pool: Pool, _ principal: String) async throws(TokensToolFailure) {
        let failure = TokensToolFailure.refused(TokensToolMessage.poolRefreshFailed)
        guard let stored = try stored(pool, failing: TokensToolMessage.poolRefreshFailed), stored.contains("pk") else { throw failure }
        let shares: [SecretBuffer]
        do throws(CredentialError) { shares = try self.shares(pool.members) } catch {
            throw TokensToolFailure(error, TokensToolMessage.poolRefreshFailed)
        }
        guard let token = await calls.pool(shares: shares, pool: stored.secret), token.isEqual(to: stored) else { throw failure }
        try await mark(pool, isAlive: true, isRenewed: true, principal, failing: TokensToolMessage.poolRefreshFailed)
    }

    private func mark(
        _ pool: Pool, isAlive: Bool, isRenewed: Bool, _ principal: String, failing text: String
    ) async throws(TokensToolFailure) {
        var change = PoolChange()
        change.attributes[PoolNames.check] = isAlive ? "true" : "false"
        if isRenewed { change.attributes[PoolNames.time] = String(settings.clock()) }
        do throws(CredentialError) { _ = try await credentials.pools.update(pool.number, change, by: principal) } catch {
            throw TokensToolFailure(error, text)
        }
    }

    // MARK: 更换

    func renewPool(_ fields: BodyFields, _ principal: String) async throws(TokensToolFailure) -> JSONValue {
        .string(try await renew(try PoolBody(fields), principal))
    }

    func renewPools(_ rows: [BodyFields], _ principal: String) async throws(TokensToolFailure) -> JSONValue {
        let (good, bad) = try await each(rows) { (body) throws(TokensToolFailure) in _ = try await renew(body, principal) }
        return .string(TokensToolMessage.poolsRenewed(good, bad))
    }

    /// The old token is taken back, a new one made. Where that fails, the pool stays what it was and is marked (quirk Q8).
    private func renew(_ body: PoolBody, _ principal: String) async throws(TokensToolFailure) -> String {
        try await turns.run { () throws(TokensToolFailure) in
            guard let name = body.name, let pool = findPool(name) else { throw .refused(TokensToolMessage.editUnknown) }
            let members = body.members.map { self.members($0) } ?? pool.members
            let shares: [SecretBuffer]
            do throws(CredentialError) { shares = try self.shares(members) } catch {
                throw TokensToolFailure(error, TokensToolMessage.poolRenewFailed)
            }
            // Without a member that takes part there will be no new one: the old one is not given up for that.
            guard !shares.isEmpty else { throw .refused(TokensToolMessage.poolRenewFailed) }
            let old = try stored(pool, failing: TokensToolMessage.poolRenewFailed)
            if let old, old.contains("pk"), await !calls.unpool(old.secret) { throw .refused(TokensToolMessage.poolRevokeFailed) }
            guard let token = await calls.pool(shares: shares, pool: nil) else {
                try await mark(pool, isAlive: false, isRenewed: false, principal, failing: TokensToolMessage.poolRenewFailed)
                throw .refused(TokensToolMessage.poolRenewFailed)
            }
            var change = PoolChange()
            change.members = members
            change.attributes = [PoolNames.check: "true", PoolNames.time: String(settings.clock())]
            do throws(CredentialError) {
                try await credentials.pools.setOwnToken(pool.number, token, by: principal)
                _ = try await credentials.pools.update(pool.number, change, by: principal)
            } catch {
                throw TokensToolFailure(error, TokensToolMessage.poolRenewFailed)
            }
            guard pool.isInOneAPI else { return TokensToolMessage.edited }
            switch await oneAPI.change(channel(name, pool.attributes, key: token)) {
            case .changed: return TokensToolMessage.poolRenewedInChannel
            case .added: return TokensToolMessage.poolRenewedWithNewChannel
            case .notAdded: throw .refused(TokensToolMessage.newChannelFailed)
            case .failed: throw .refused(TokensToolMessage.poolRenewChannelFailed)
            }
        }
    }

    // MARK: 检验

    func verifyPool(_ fields: BodyFields, _ principal: String) async throws(TokensToolFailure) -> JSONValue {
        .string(try await verify(try PoolBody(fields), principal))
    }

    func verifyPools(_ rows: [BodyFields], _ principal: String) async throws(TokensToolFailure) -> JSONValue {
        let (good, bad) = try await verifyEach(rows, principal)
        return .string(TokensToolMessage.poolsVerified(good, bad))
    }

    func verifyAllPools(_ principal: String) async throws(TokensToolFailure) -> JSONValue {
        guard !memory.settings.pandoraOutURL.isEmpty else { throw .refused(TokensToolMessage.allPoolsVerifyFailed) }
        let rows = allPools().map { JSONValue.object([("poolName", .string($0.nameText))]) }
        var fields: [BodyFields] = []
        for row in rows { fields.append(try BodyFields(row)) }
        let (good, bad) = try await verifyEach(fields, principal)
        return .string(TokensToolMessage.allPoolsVerified(good, bad))
    }

    /// Good is what is alive: the answer has "正常" in it.
    private func verifyEach(_ rows: [BodyFields], _ principal: String) async throws(TokensToolFailure) -> (Int, Int) {
        try await each(rows) { (body) throws(TokensToolFailure) in
            guard try await verify(body, principal) == TokensToolMessage.poolAlive else { throw .refused("") }
        }
    }

    /// The token that is stored; of a name that is not, the one that the client gives.
    private func verify(_ body: PoolBody, _ principal: String) async throws(TokensToolFailure) -> String {
        let pool = body.name.flatMap { findPool($0) }
        let failure = TokensToolFailure.refused(TokensToolMessage.poolVerifyFailed)
        guard let token = try stored(pool, failing: TokensToolMessage.poolVerifyFailed) ?? body.token, !token.isEmpty else { throw failure }
        let check = await calls.check(pool: token.secret)
        if let pool, check == .alive || check == .expired {
            try await mark(pool, isAlive: check == .alive, isRenewed: false, principal, failing: TokensToolMessage.poolVerifyFailed)
        }
        switch check {
        case .alive: return TokensToolMessage.poolAlive
        case .expired: return pool == nil ? TokensToolMessage.poolExpiredUnknown : TokensToolMessage.poolExpired
        case .wrongAddress: return TokensToolMessage.poolAddressWrong
        case .unknown: throw failure
        }
    }
}
