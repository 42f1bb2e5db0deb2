import CofferStore
import Testing

@testable import CofferCredentials

/// Pools as records, over a real store.
@Suite struct PoolServiceTests {
    @Test func aPoolIsMadeShownChangedAndDeleted() async throws {
        let fixture = try CredentialsFixture.withoutUpstream()
        let (a, b) = (try await fixture.member("a"), try await fixture.member("b"))
        let pool = try await fixture.pool("池 one/two", [PoolMember(credential: a.number, weight: 3, inFlightLimit: 5)]) {
            $0.memo = "for tests"
            $0.attributes = ["tokenstool.check": "1"]
        }
        #expect(pool.number == 1 && fixture.pools.find(pool.number) == pool && fixture.pools.count == 1)
        #expect(fixture.pools.find(tenant: .main, name: Array("池 one/two".utf8)) == pool && fixture.pools.list() == [pool])
        #expect(fixture.pools.pools(with: a.number) == [1] && fixture.pools.pools(with: b.number) == [])
        fixture.clock.advance(5)
        var change = PoolChange()
        change.name = try DocumentName("two".utf8)
        change.memo = ""
        change.attributes = ["tokenstool.check": String?.none, "more": "x"]
        change.removing = [a.number, 99]
        change.adding = [PoolMember(credential: b.number)]
        let changed = try await fixture.pools.update(pool.number, change, expected: pool.revision, by: "test")
        #expect(changed.members == [PoolMember(credential: b.number)] && changed.memo == "" && changed.attributes == ["more": "x"])
        #expect(changed.updated == pool.updated + 5 && changed.revision > pool.revision)
        #expect(fixture.pools.find(tenant: .main, name: Array("池 one/two".utf8)) == nil)
        #expect(fixture.pools.pools(with: a.number) == [] && fixture.pools.pools(with: b.number) == [1])
        // Nothing to change writes nothing.
        #expect(try await fixture.pools.update(pool.number, PoolChange(), by: "test") == changed)
        try fixture.reopen()
        #expect(fixture.pools.list() == [changed])
        #expect(try await fixture.pools.delete([pool.number, 7, pool.number], by: "test") == 1)
        #expect(fixture.pools.list().isEmpty && fixture.pools.pools(with: b.number) == [])
        // Its number is not given again, its credential is still there.
        #expect(try await fixture.pool("two", []).number == 2)
        #expect(fixture.service.find(b.number) != nil)
    }

    @Test func badInputNamesWhatIsWrongAndChangesNothing() async throws {
        let fixture = try CredentialsFixture.withoutUpstream()
        let a = try await fixture.member("a")
        let foreign = try await fixture.member("a", tenant: 9)
        let pool = try await fixture.pool("one", [PoolMember(credential: a.number)])
        func refused(_ members: [PoolMember], _ change: @escaping (inout PoolDraft) -> Void = { _ in }) async -> String {
            await refusal { _ = try await fixture.pool("new", members, change) }
        }
        #expect(await refusal { _ = try await fixture.pool("one", []) } == "alreadyExists:name")
        #expect(await refused([PoolMember(credential: 99)]) == "notFound:members")
        #expect(await refused([PoolMember(credential: 0)]) == "notFound:members")
        #expect(await refused([PoolMember(credential: foreign.number)]) == "notFound:members")
        #expect(await refused([PoolMember(credential: a.number), PoolMember(credential: a.number)]) == "invalidArgument:members")
        #expect(await refused([PoolMember(credential: a.number, weight: 0)]) == "invalidArgument:weight")
        #expect(await refused([PoolMember(credential: a.number, weight: 1_001)]) == "invalidArgument:weight")
        #expect(await refused((1...10_001).map { PoolMember(credential: $0) }) == "invalidArgument:members")
        #expect(await refused([]) { $0.provider = "nobody" } == "notFound:provider")
        #expect(await refused([]) { $0.memo = String(repeating: "m", count: 1_025) } == "invalidArgument:memo")
        #expect(await refused([]) { $0.attributes = ["A B": "x"] } == "invalidArgument:A B")
        #expect(await refused([]) { $0.ownToken = SecretBuffer([]) } == "invalidArgument:token")
        #expect(await refused([]) { $0.ownToken = SecretBuffer([UInt8](repeating: 1, count: 65_537)) } == "invalidArgument:token")
        #expect(fixture.pools.list() == [pool])

        func refused(change: (inout PoolChange) -> Void, expected: UInt64? = nil) async -> String {
            var wish = PoolChange()
            change(&wish)
            let what = wish
            return await refusal { _ = try await fixture.pools.update(pool.number, what, expected: expected, by: "test") }
        }
        #expect(await refused(change: { $0.memo = "x" }, expected: pool.revision + 1) == "conflict")
        #expect(await refused(change: { $0.members = [PoolMember(credential: a.number, weight: 0)] }) == "invalidArgument:weight")
        #expect(await refused(change: { $0.adding = [PoolMember(credential: 44)] }) == "notFound:members")
        #expect(await refused(change: { $0.attributes = ["": "x"] }) == "invalidArgument")
        #expect(await refusal { _ = try await fixture.pools.update(55, PoolChange(), by: "test") } == "notFound:pool")
        #expect(await refusal { _ = try await fixture.pools.update(pool.number, PoolChange(), by: "test") { _ in false } } == "denied")
        #expect(await refusal { _ = try await fixture.pools.delete([pool.number], by: "test") { _ in false } } == "denied")
        #expect(await refusal { try await fixture.pools.setOwnToken(9, SecretBuffer([1]), by: "test") } == "notFound:pool")
        #expect(await refusal { _ = try fixture.pools.members(of: 9) } == "notFound:pool")
        #expect(await refusal { try fixture.pools.revive(pool: pool.number, credential: 99, by: "test") } == "notFound:credential")
        #expect(fixture.pools.list() == [pool])
    }

    @Test func aLockedStoreHasNoPools() async throws {
        let fixture = try CredentialsFixture.withoutUpstream()
        let a = try await fixture.member("a")
        let pool = try await fixture.pool("one", [PoolMember(credential: a.number)])
        let lease = try fixture.pick("one").lease
        fixture.lock()
        #expect(fixture.pools.list().isEmpty)
        #expect(await refusal { _ = try fixture.pick("one") } == "locked")
        #expect(await refusal { try fixture.pools.report(lease: lease, .ok, by: "test") } == "locked")
        #expect(await refusal { _ = try await fixture.pool("two", []) } == "locked")
        try fixture.unlock()
        #expect(fixture.pools.list() == [pool])
        #expect(try fixture.pick("one").credential == a.number)
    }

    @Test func ownTokensAreSealedAndAnswerFirst() async throws {
        let fixture = try CredentialsFixture.withoutUpstream()
        let a = try await fixture.member("a")
        let pool = try await fixture.pool("one", [PoolMember(credential: a.number)]) { $0.ownToken = SecretBuffer(Array("pk-1".utf8)) }
        #expect(pool.ownToken?.kind == "pool")
        func own() throws -> LiveToken? {
            try fixture.store.withWorker { (worker) throws(StoreError) in
                try worker.reader.begin()
                defer { worker.reader.end() }
                return try fixture.pools.ownToken(pool.number, minimumLeft: 0, now: fixture.clock.now, reader: worker.reader)
            }
        }
        guard case .own(pool.number) = try fixture.pools.pick(fixture.request("one"), excluding: [], now: fixture.clock.now) else {
            Issue.record("a pool's own token goes before its members")
            return
        }
        let token = try #require(try own())
        #expect(withExtendedLifetime(token.value) { Array(token.value.bytes) } == Array("pk-1".utf8))
        #expect(token.credential == 0 && token.name == pool.name && token.lease.count == 16 && token.revision > 0)
        try fixture.pools.report(lease: token.lease, .unauthorized, by: "test")
        #expect(try fixture.pools.ownView(of: pool.number)?.state == .suspect)
        #expect(try fixture.pick("one").credential == a.number)
        // What was known belongs to the token that it was about, after a restart too.
        fixture.clock.advance(1)
        try await fixture.pools.setOwnToken(pool.number, SecretBuffer(Array("pk-2".utf8)), expires: fixture.clock.now + 1_000, by: "test")
        #expect(try fixture.pools.ownView(of: pool.number)?.state == .live)
        try fixture.reopen()
        #expect(try fixture.pools.ownView(of: pool.number)?.state == .live)
        #expect(try fixture.pick("one").credential == 0)
        fixture.clock.advance(1_000)
        #expect(try fixture.pick("one").credential == a.number)
        #expect(try own() == nil)
        try await fixture.pools.setOwnToken(pool.number, nil, by: "test")
        #expect(try fixture.pools.ownToken(pool.number) == nil && fixture.pools.ownView(of: pool.number) == nil)
        #expect(try fixture.document(.poolTokens, "1") == nil)
    }
}
