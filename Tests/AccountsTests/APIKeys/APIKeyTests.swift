import CofferStore
import Testing

@testable import CofferAccounts

@Suite("API keys: making, changing, listing")
struct APIKeyTests {
    @Test("a key comes back as it was given, also after a restart and a lock")
    func roundTrip() async throws {
        let store = try KeysFixture(groups: ["vip"])
        let owner = try await store.user("owner")
        let draft = APIKeyDraft(
            owner: owner.number, form: .sk, name: try Label("名字 'quoted'"), expires: 1_900_000_000, quota: 7, used: 3,
            modelLimitsEnabled: true, models: [" a ", "b", "a", ""], addresses: try AddressList("10.0.0.0/8\n::1"), group: "vip",
            tags: ["x", "x", "y"], windows: Windows(requestsPerMinute: 1, tokensPerDay: 2, tokensPerMonth: 3, timeZone: "Asia/Tokyo", inFlight: 4),
            crossGroupRetry: true, autoGroups: ["g"], dialogID: "d", source: "agent", created: 1_234)
        let (view, readable) = try await store.keys.create(draft, by: "test")
        let key = view.key
        let form = try #require(text(readable))
        #expect(key.hint == "\(form.prefix(4))**********\(form.suffix(4))" && form.count == 48)
        #expect(key.models == ["a", "b"] && key.tags == ["x", "y"] && key.name.text == "名字 'quoted'" && key.addresses.text == "10.0.0.0/8\n::1")
        #expect(key.expires == 1_900_000_000 && key.windows.timeZone == "Asia/Tokyo" && key.created == 1_234 && key.updated == 0)
        #expect(key.autoGroups == ["g"] && key.crossGroupRetry && key.dialogID == "d" && key.source == "agent" && !key.hasBeta)
        #expect(key.number == 1 && key.newapiID == 1 && key.owner == owner.number && key.isRevealable && key.status == .enabled)
        #expect(view.state.remaining == 7 && view.state.used == 3 && !view.state.unlimited)
        #expect(try text(await store.keys.reveal(1)) == form)
        try store.restart()
        #expect(try store.keys.find(1) == view)
        store.lock()
        #expect(try store.keys.find(1) == nil)
        #expect(await refusal { _ = try await store.keys.reveal(1) } == "locked")
        #expect(await refusal { _ = try await store.make() } == "locked")
        try store.unlock()
        #expect(try store.keys.find(newapiID: 1) == view)
        let entry = try #require(try await store.verify(Array(form.utf8), address: "::1", model: "b").entry)
        #expect(entry.ownerName == Array("owner".utf8) && entry.tenantName == Array("main".utf8) && entry.group == Array("vip".utf8))
        _ = try await store.all.users.update(owner.number, UserChange(name: DocumentName("renamed".utf8)), expected: nil, by: "test")
        let renamed = try #require(try await store.verify(Array(form.utf8), address: "::1", model: "b").entry)
        #expect(renamed.ownerName == Array("renamed".utf8))
    }

    @Test("10,000 keys: one import, lists by page and search, fast to load")
    func many() async throws {
        let store = try KeysFixture()
        let owner = try await store.user("owner")
        let drafts = try (0..<10_000).map { index in
            APIKeyDraft(
                owner: index % 10 == 0 ? owner.number : 0, form: index % 2 == 0 ? .sk : .coffer, name: try Label("Key Nr \(index)"),
                unlimited: true, tags: index % 100 == 0 ? ["round"] : [], limit: 5_000)
        }
        #expect(try await store.keys.createAll(drafts, by: "test").count == 10_000)
        let clock = ContinuousClock()
        let loading = try clock.measure { try store.restart() }
        print("APIKeyTests: restart with 10,000 keys took \(loading)")
        #expect(try store.keys.count == 10_000)
        let keys = try store.keys
        var seen: [UInt64] = []
        for page in 0..<11 {
            let (total, items) = keys.list(.init(owner: owner.number), order: .newestFirst, skip: page * 100, limit: 100)
            #expect(total == 1_000 && items.count == (page < 10 ? 100 : 0))
            seen += items.map(\.key.number)
        }
        #expect(seen == seen.sorted(by: >) && Set(seen).count == 1_000)
        #expect(keys.list(.init(nameContains: "KEY nr 99"), order: .oldestFirst, skip: 0, limit: 5).total == 111)
        #expect(keys.list(.init(form: .coffer, tag: "round"), order: .oldestFirst, skip: 0, limit: 5).total == 0)
        #expect(keys.list(.init(form: .sk, tag: "round"), order: .oldestFirst, skip: 98, limit: 5).items.map(\.key.number) == [9_801, 9_901])
        #expect(keys.list(.init(tenant: 99), order: .oldestFirst, skip: 0, limit: 5).total == 0)
        #expect(keys.list(.init(status: .disabled), order: .oldestFirst, skip: -1, limit: -1).total == 0)
        #expect(keys.match(.init(owner: owner.number)) { $0.key.number > 9_900 }.count == 10)
        #expect(try await keys.delete(Array(1...5_000) + [1, 99_999], by: "test") == 5_000)
        #expect(keys.list(.init(owner: owner.number), order: .oldestFirst, skip: 0, limit: 1).items.first?.key.number == 5_001)
        #expect(keys.count == 5_000)
        // Numbers are not used again.
        #expect(try await store.make().number == 10_001)
    }

    @Test("a change names the revision it builds upon; another one is a conflict")
    func update() async throws {
        let store = try KeysFixture()
        let key = try await store.make()
        let revision = try store.key(key.number).revision
        store.advance(5)
        let changed = try await store.keys.update(
            key.number, APIKeyChange(name: Label("new"), expires: 5, tags: ["t"]), expected: revision, by: "test")
        #expect(changed.key.name.text == "new" && changed.key.expires == 5 && changed.key.updated == store.now && changed.key.revision > revision)
        #expect(
            await refusal { _ = try await store.keys.update(key.number, APIKeyChange(), expected: revision, by: "test") }
                == "conflict:revision")
        #expect(await refusal { _ = try await store.keys.update(99, APIKeyChange(), expected: nil, by: "test") } == "notFound:key")
        let tooMany = (0...APIKeyLimits.models).map { "m\($0)" }
        for change in [
            APIKeyChange(models: tooMany), APIKeyChange(models: [String(repeating: "m", count: 256)]),
            APIKeyChange(group: String(repeating: "g", count: 256)), APIKeyChange(tags: (0...64).map { "t\($0)" }),
        ] {
            #expect(await refusal { _ = try await store.keys.update(key.number, change, expected: nil, by: "test") }.hasPrefix("invalidArgument:"))
        }
        #expect(try store.key(key.number) == changed.key)
    }

    @Test("an owner must exist and has a limit; two concurrent creates cannot pass it")
    func owners() async throws {
        let store = try KeysFixture()
        let owner = try await store.user("owner")
        #expect(await refusal { _ = try await store.make { $0.owner = 77 } } == "notFound:user")
        #expect(await refusal { _ = try await store.make { $0.tenant = 77 } } == "notFound:tenant")
        let outcomes = await withTaskGroup(of: String.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    await refusal {
                        _ = try await store.make {
                            $0.owner = owner.number
                            $0.limit = 5
                        }
                    }
                }
            }
            return await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        }
        #expect(outcomes == ["": 5, "tooMany:owner": 15])
        let key = try #require(try store.keys.list(.init(owner: owner.number), order: .oldestFirst, skip: 0, limit: 1).items.first?.key)
        try await store.all.users.delete(owner.number, by: "test")
        #expect(try store.keys.count == 0 && store.keys.find(key.number) == nil)
        #expect(try store.store.withWorker { (worker) throws(StoreError) in try worker.reader.documents(.apiKeyForms).count } == 0)
    }

    @Test("import brings readable keys, betas and numbers; doubles are refused, naming the hint only")
    func importing() async throws {
        let store = try KeysFixture()
        let old = "abcdEFGHijklMNOP0123456789"
        let beta = "beta-beta_beta-beta_beta-beta_32"
        let made = try await store.keys.createAll(
            [
                APIKeyDraft(form: .sk, quota: 1, readable: secret(old), newapiID: 70),
                APIKeyDraft(form: .ragflow, quota: 1, readable: secret("ragflow-0123456789abcdef"), beta: secret(beta)),
                APIKeyDraft(form: .sk, quota: 1),
            ], by: "test")
        #expect(made.map(\.key.newapiID) == [70, 0, 71])
        #expect(made[0].key.hint == "abcd**********6789" && made[1].key.hint == "0123**********cdef" && made[1].key.hasBeta)
        #expect(try await store.reason(Array(("sk-" + old).utf8)) == "valid")
        let embed = try await store.verify(Array(beta.utf8))
        #expect(embed.reason == .valid && embed.scope == .embed && embed.entry?.number == made[1].key.number)
        #expect(try await store.verify(Array("ragflow-0123456789abcdef".utf8)).scope == .full)
        func refused(_ draft: APIKeyDraft) async -> String { await refusal { _ = try await store.keys.createAll([draft], by: "test") } }
        #expect(await refused(APIKeyDraft(form: .sk, readable: secret(old))) == "alreadyExists:readable")
        #expect(await refused(APIKeyDraft(form: .ragflow, beta: secret(beta))) == "alreadyExists:readable")
        #expect(await refused(APIKeyDraft(form: .sk, newapiID: 70)) == "alreadyExists:newapi_id")
        let twice = secret("twicetwicetwicetwice")
        let error = await #expect(throws: AccountError.self) {
            try await store.keys.createAll([APIKeyDraft(form: .sk, readable: twice), APIKeyDraft(form: .sk, readable: twice)], by: "test")
        }
        #expect(error?.code == .alreadyExists && error?.message.contains("twic**********wice") == true && error?.message.contains("twicetwice") == false)
        for bad in ["short", "has-a-minus-in-it-and-is-long", "blank blank blank blank", String(repeating: "x", count: 256), "ck_0123456789abcdefgh"] {
            #expect(await refused(APIKeyDraft(form: .sk, readable: secret(bad))) == "invalidArgument:readable", "\(bad)")
        }
        #expect(await refused(APIKeyDraft(form: .ragflow, readable: secret(old))) == "invalidArgument:readable")
        #expect(await refused(APIKeyDraft(form: .ragflow, beta: secret("short"))) == "invalidArgument:beta")
        // All or nothing.
        #expect(try store.keys.count == 3)
        #expect(try await store.make().number == 4)
    }

    @Test("a tenant that shows nothing keeps nothing")
    func revealSwitch() async throws {
        let store = try KeysFixture()
        let tenant = try await store.all.tenants.create(name: DocumentName("closed".utf8), allowsReveal: false, by: "test")
        let hidden = try await store.make { $0.tenant = tenant.number }
        #expect(try !store.key(hidden.number).isRevealable)
        #expect(await refusal { _ = try await store.keys.reveal(hidden.number) } == "denied:key")
        #expect(try await store.reason(hidden.bytes) == "valid")
        let shown = try await store.make()
        #expect(try bytes(await store.keys.reveal(shown.number)) == shown.bytes)
        _ = try await store.all.tenants.update(.main, name: nil, allowsReveal: false, expected: nil, by: "test")
        #expect(try !store.key(shown.number).isRevealable)
        _ = try await store.all.tenants.update(.main, name: nil, allowsReveal: true, expected: nil, by: "test")
        #expect(await refusal { _ = try await store.keys.reveal(shown.number) } == "denied:key")
        #expect(try await store.reason(shown.bytes) == "valid")
        #expect(await refusal { _ = try await store.keys.reveal(99) } == "notFound:key")
        #expect(try store.store.withWorker { (worker) throws(StoreError) in try worker.reader.documents(.apiKeyForms).count } == 0)
    }

    @Test("betas are made once under 50 concurrent calls")
    func betas() async throws {
        let store = try KeysFixture()
        let owner = try await store.user("owner")
        let first = try await store.make(.ragflow) { $0.owner = owner.number }
        let second = try await store.make(.ragflow) { $0.owner = owner.number }
        _ = try await store.make(.sk) { $0.owner = owner.number }
        let revision = store.store.revision
        let answers = try await withThrowingTaskGroup(of: [UInt64: [UInt8]].self) { group in
            for _ in 0..<50 { group.addTask { try await store.keys.betas(owner: owner.number).compactMapValues { bytes($0) } } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(answers).count == 1 && store.store.revision == revision + 1)
        let betas = answers[0]
        #expect(Set(betas.keys) == [first.number, second.number] && Set(betas.values).count == 2)
        for (number, beta) in betas {
            #expect(beta.count == 32)
            let verdict = try await store.verify(beta)
            #expect(verdict.reason == .valid && verdict.scope == .embed && verdict.entry?.number == number)
            #expect(try store.key(number).hasBeta)
        }
        try store.restart()
        #expect(try await store.keys.betas(owner: owner.number).compactMapValues { bytes($0) } == betas)
        #expect(try await store.keys.delete([first.number], by: "test") == 1)
        #expect(try await store.reason(betas[first.number] ?? []) == "unknown-key")
        #expect(try await store.reason(first.bytes) == "unknown-key")
        #expect(try store.keys.registry.lookup.count == 0)
    }

    @Test("a document that cannot be read hides its key only")
    func damaged() async throws {
        let store = try KeysFixture()
        let key = try await store.make()
        let other = try await store.make()
        let name = try DocumentName("\(key.number)".utf8)
        let bytes = try #require(try store.store.withWorker { (worker) throws(StoreError) in try worker.reader.document(.apiKeys, name) })
        let whole = withExtendedLifetime(bytes) { Array(bytes.bytes) }
        for broken in [Array(whole.dropLast()), whole + [0], [9] + whole.dropFirst(), []] {
            _ = try store.store.commit(
                Batch(principal: "test", mutations: [.putDocument(.apiKeys, name, SecretBuffer(broken), expected: .any)]))
            #expect(try await store.reason(key.bytes) == "unknown-key")
            try store.restart()
            #expect(try await store.reason(key.bytes) == "unknown-key")
            #expect(try await store.reason(other.bytes) == "valid")
        }
    }
}
