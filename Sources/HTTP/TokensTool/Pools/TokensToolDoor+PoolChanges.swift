import CofferCredentials
import CofferJSON
import CofferStore

// Making, editing and deleting pools (compat/tokenstool.md 1.4 and 3.1).
extension TokensToolDoor {
    /// The proxy makes the pool's token first; one of this name that is there is replaced.
    func addPool(_ fields: BodyFields, _ principal: String) async throws(TokensToolFailure) -> JSONValue {
        let body = try PoolBody(fields)
        guard let name = body.name, let document = try? DocumentName(name.utf8) else { throw .refused(TokensToolMessage.addFailed) }
        return try await turns.run { () throws(TokensToolFailure) in
            let present = try free(document, failing: TokensToolMessage.addFailed)
            var attributes = [PoolNames.modelMapping: "{}"]
            attributes.merge(body.attributes) { $1 }
            let members = members(body.members ?? [])
            let token = try await token(members, pool: body.ownToken?.secret)
            if body.intoOneAPI == true, await !oneAPI.add(channel(name, attributes, key: token)) {
                // A token that nobody knows of would live on.
                if body.ownToken == nil { _ = await calls.unpool(token) }
                throw .refused(TokensToolMessage.poolAddChannelFailed)
            }
            try await save(document, present, members, attributes, token, replaces: true, principal, failing: TokensToolMessage.addFailed)
            return .string(TokensToolMessage.poolAdded)
        }
    }

    /// Members and the rest of one that is there, or a new one: the original does not ask.
    func editPool(_ fields: BodyFields, _ principal: String) async throws(TokensToolFailure) -> JSONValue {
        let body = try PoolBody(fields)
        guard let name = body.name, let document = try? DocumentName(name.utf8) else { throw .refused(TokensToolMessage.editFailed) }
        return try await turns.run { () throws(TokensToolFailure) in
            let present = try free(document, failing: TokensToolMessage.editFailed)
            let stored = try stored(present, failing: TokensToolMessage.editFailed)
            let attributes = (present?.attributes ?? [PoolNames.modelMapping: "{}"]).merging(body.attributes) { $1 }
            let members = body.members.map { self.members($0) } ?? present?.members ?? []
            let token = try await token(members, pool: (body.ownToken ?? stored)?.secret)
            if attributes[PoolNames.intoOneAPI] == "true" {
                switch await oneAPI.change(channel(name, attributes, key: token)) {
                case .changed, .added: break
                case .notAdded, .failed: throw .refused(TokensToolMessage.poolEditChannelFailed)
                }
            }
            try await save(document, present, members, attributes, token, replaces: false, principal, failing: TokensToolMessage.editFailed)
            return .string(TokensToolMessage.poolEdited)
        }
    }

    func deletePool(_ fields: BodyFields, _ principal: String) async throws(TokensToolFailure) -> JSONValue {
        let body = try PoolBody(fields)
        try await delete(body, principal)
        return .string(TokensToolMessage.deleted)
    }

    func deletePools(_ rows: [BodyFields], _ principal: String) async throws(TokensToolFailure) -> JSONValue {
        let (good, bad) = try await each(rows) { (body) throws(TokensToolFailure) in try await delete(body, principal) }
        return .string(TokensToolMessage.deletedMany(good, bad))
    }

    private func delete(_ body: PoolBody, _ principal: String) async throws(TokensToolFailure) {
        try await turns.run { () throws(TokensToolFailure) in
            guard let name = body.name, let present = findPool(name) else { throw .refused(TokensToolMessage.poolUnknown) }
            if let token = try stored(present, failing: TokensToolMessage.deleteFailed) { _ = await calls.unpool(token.secret) }
            if present.isInOneAPI, await !oneAPI.delete(name) { throw .refused(TokensToolMessage.poolDeleteChannelFailed) }
            do throws(CredentialError) { _ = try await credentials.pools.delete([present.number], by: principal) } catch {
                throw TokensToolFailure(error, TokensToolMessage.deleteFailed)
            }
        }
    }

    // MARK: What several need

    /// One row after the other.
    /// - Throws: where nothing can be said now, or a row is not readable; what goes wrong with a row is counted.
    func each(
        _ rows: [BodyFields], _ body: (PoolBody) async throws(TokensToolFailure) -> Void
    ) async throws(TokensToolFailure) -> (good: Int, bad: Int) {
        var bodies: [PoolBody] = []
        for row in rows { bodies.append(try PoolBody(row)) }
        var good = 0
        for row in bodies {
            do throws(TokensToolFailure) {
                try await body(row)
                good += 1
            } catch {
                guard case .refused = error else { throw error }
            }
        }
        return (good, bodies.count - good)
    }

    /// The pool of this name.
    /// - Throws: where a pool of another kind has the name.
    private func free(_ name: DocumentName, failing text: String) throws(TokensToolFailure) -> Pool? {
        guard let found = credentials.pools.find(tenant: .main, name: name.bytes) else { return nil }
        guard found.isTokensToolPool else { throw .refused(text) }
        return found
    }

    func stored(_ pool: Pool?, failing text: String) throws(TokensToolFailure) -> String? {
        guard let pool else { return nil }
        do throws(CredentialError) { return try ownToken(pool) } catch { throw TokensToolFailure(error, text) }
    }

    /// Asks the proxy for the pool's token. Without a member that takes part nothing is asked.
    private func token(_ members: [PoolMember], pool: SecretBuffer?) async throws(TokensToolFailure) -> SecretBuffer {
        let shares: [SecretBuffer]
        do throws(CredentialError) { shares = try self.shares(members) } catch {
            throw TokensToolFailure(error, TokensToolMessage.poolMembersFailed)
        }
        guard let token = await calls.pool(shares: shares, pool: pool) else { throw .refused(TokensToolMessage.poolMembersFailed) }
        return token
    }

    private func save(
        _ name: DocumentName, _ present: Pool?, _ members: [PoolMember], _ attributes: [String: String], _ token: SecretBuffer,
        replaces: Bool, _ principal: String, failing text: String
    ) async throws(TokensToolFailure) {
        let old = try stored(present, failing: text)
        var attributes = attributes
        attributes[PoolNames.time] = String(settings.clock())
        attributes[PoolNames.check] = "true"
        do throws(CredentialError) {
            if let present {
                var change = PoolChange()
                change.members = members
                if replaces { for name in present.attributes.keys { change.attributes.updateValue(nil, forKey: name) } }
                for (name, value) in attributes { change.attributes[name] = value }
                _ = try await credentials.pools.update(present.number, change, by: principal)
                try await credentials.pools.setOwnToken(present.number, token, by: principal)
            } else {
                var draft = PoolDraft(tenant: .main, name: name)
                draft.provider = TokenNames.provider
                draft.members = members
                draft.attributes = attributes
                draft.ownToken = token
                _ = try await credentials.pools.create(draft, by: principal)
            }
        } catch {
            throw TokensToolFailure(error, text)
        }
        // The token of the pool that was replaced would live on (quirk Q17). Best effort.
        if let old, !token.isEqual(to: old) { _ = await calls.unpool(old.secret) }
    }
}
