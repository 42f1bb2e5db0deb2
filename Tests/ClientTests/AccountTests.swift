import Testing

@testable import CofferClient

@Suite("Records and API keys against a scripted server", .timeLimit(.minutes(1)))
struct AccountTests {
    static let record = Record(noun: "apikey", id: "7", revision: 12, fields: [RecordField("name", "ci")])

    @Test("records are created, listed, shown, changed and deleted")
    func records() async throws {
        let server = try ScriptedServer([{ connection in
            try connection.greet()
            let create = try connection.request(.recordCreate, RecordCreateRequest.self)
            guard create.fields == RecordCreateRequest(noun: "user", fields: [RecordField("name", "ada")], secret: Array("pass".utf8)) else {
                throw ServerProblem(text: "\(create.fields)")
            }
            try connection.send(
                .response, .recordCreate, create.id, Answer.success(RecordResponse(record: Self.record, secret: Array("ck_1".utf8))))
            let list = try connection.request(.recordList, RecordListRequest.self)
            guard list.fields == RecordListRequest(noun: "apikey", filter: [RecordField("tag", "x")], after: "6", limit: 2) else {
                throw ServerProblem(text: "\(list.fields)")
            }
            try connection.send(
                .response, .recordList, list.id, Answer.success(RecordListResponse(records: [Self.record], next: "7", total: 9)))
            let show = try connection.request(.recordShow, RecordShowRequest.self)
            try connection.send(
                .response, .recordShow, show.id,
                Answer.success(RecordResponse(record: Record(noun: show.fields.noun, id: show.fields.id, revision: 1, fields: []))))
            let update = try connection.request(.recordUpdate, RecordUpdateRequest.self)
            let wanted = RecordUpdateRequest(
                noun: "door", id: "newapi/price", fields: [RecordField("allow_sample", "true")], secret: Array("7.3".utf8), expected: 5)
            guard update.fields == wanted else { throw ServerProblem(text: "\(update.fields)") }
            try connection.send(.response, .recordUpdate, update.id, Answer.success(RecordResponse(record: Self.record)))
            let delete = try connection.request(.recordDelete, RecordDeleteRequest.self)
            guard delete.fields.ids == ["7", "12"] else { throw ServerProblem(text: "\(delete.fields)") }
            try connection.send(.response, .recordDelete, delete.id, Answer.success(RecordDeleteResponse(count: 2)))
            connection.waitForEnd()
        }])
        let client = try client(server)
        let made = try await client.createRecord("user", fields: [RecordField("name", "ada")], secret: SecretBytes(utf8: "pass"))
        #expect(made.record == Self.record)
        #expect(made.secret.map(text) == "ck_1")
        let page = try await client.records("apikey", filter: [RecordField("tag", "x")], after: "6", limit: 2)
        #expect(page == RecordPage(records: [Self.record], next: "7", total: 9))
        #expect(try await client.record("tenant", id: "main").id == "main")
        let changed = try await client.updateRecord(
            "door", id: "newapi/price", fields: [RecordField("allow_sample", "true")], secret: SecretBytes(utf8: "7.3"), expected: 5)
        #expect(changed["name"] == "ci")
        #expect(try await client.deleteRecords("apikey", ids: ["7", "12"]) == 2)
        client.close()
        #expect(server.problems.isEmpty)
    }

    @Test("verify, reserve, settle, release, reveal and usage")
    func apiKeys() async throws {
        let verdict = VerifyResponse(
            .init(reason: .valid, remaining: 90, expires: -1, number: 7), tenant: "main", owner: "ada", name: "ci", group: "default")
        let server = try ScriptedServer([{ connection in
            try connection.greet()
            let verify = try connection.request(.verify, VerifyRequest.self)
            guard verify.fields == VerifyRequest(key: Array("ck_1".utf8), address: [192, 0, 2, 7], model: "gpt", cost: 10) else {
                throw ServerProblem(text: "\(verify.fields)")
            }
            try connection.send(.response, .verify, verify.id, Answer.success(verdict))
            let second = try connection.request(.verify, VerifyRequest.self)
            try connection.send(.response, .verify, second.id, Answer.success(VerifyResponse(.init(reason: .other(77)))))
            let reserve = try connection.request(.reserve, ReserveRequest.self)
            guard reserve.fields == ReserveRequest(key: Array("ck_1".utf8), model: "gpt", amount: 5, requestID: "r-1", lifetime: 60_000) else {
                throw ServerProblem(text: "\(reserve.fields)")
            }
            try connection.send(.response, .reserve, reserve.id, Answer.success(ReserveResponse(verdict: verdict, amount: 5, expires: 99)))
            let settle = try connection.request(.settle, SettleRequest.self)
            guard settle.fields == SettleRequest(number: 7, requestID: "r-1", amount: 3, model: "gpt", inputTokens: 1, outputTokens: 2) else {
                throw ServerProblem(text: "\(settle.fields)")
            }
            try connection.send(.response, .settle, settle.id, Answer.success(SettleResponse(charged: 3, remaining: 87)))
            let release = try connection.request(.release, ReleaseRequest.self)
            try connection.send(.response, .release, release.id, Answer<Empty>.failure(Failure(.conflict, "it was settled")))
            let reveal = try connection.request(.reveal, RevealRequest.self)
            try connection.send(.response, .reveal, reveal.id, Answer.success(RevealResponse(secret: Array("ck_1".utf8))))
            let usage = try connection.request(.usage, UsageRequest.self)
            guard usage.fields.limit == 0 else { throw ServerProblem(text: "limit") }
            try connection.send(.response, .usage, usage.id, Answer.success(UsageResponse(record: Self.record, lines: [])))
            connection.waitForEnd()
        }])
        let client = try client(server)
        let key = SecretBytes(utf8: "ck_1")
        let valid = try await client.verify(key, address: [192, 0, 2, 7], model: "gpt", cost: 10)
        #expect(valid.isValid && valid.remaining == 90 && valid.expires == -1 && valid.number == 7)
        #expect([valid.tenant, valid.owner, valid.name, valid.group] == ["main", "ada", "ci", "default"])
        let unknown = try await client.verify(key)
        #expect(!unknown.isValid && unknown.reason == .other(77) && unknown.number == 0)
        let reservation = try await client.reserve(key, model: "gpt", amount: 5, requestID: "r-1", lifetime: .seconds(60))
        #expect(reservation.verdict.isValid && reservation.amount == 5 && reservation.expires == 99 && !reservation.repeated)
        let settlement = try await client.settle(7, requestID: "r-1", amount: 3, model: "gpt", inputTokens: 1, outputTokens: 2)
        #expect(settlement == Settlement(charged: 3, remaining: 87))
        let conflict = await #expect(throws: ClientError.self) { try await client.release(7, requestID: "r-1") }
        #expect(conflict?.code == .conflict)
        #expect(text(try await client.reveal(apiKey: "7")) == "ck_1")
        #expect(try await client.usage(apiKey: "7", limit: 0) == APIKeyUsage(record: Self.record, lines: []))
        client.close()
        #expect(server.problems.isEmpty)
    }

    @Test("a reservation is sent again after a break, a verify with a cost is not")
    func breaks() async throws {
        let server = try ScriptedServer([
            { connection in
                try connection.greet()
                _ = try connection.request(.reserve, ReserveRequest.self)
            },
            { connection in
                try connection.greet()
                let again = try connection.request(.reserve, ReserveRequest.self)
                try connection.send(
                    .response, .reserve, again.id,
                    Answer.success(ReserveResponse(
                        verdict: VerifyResponse(.init(reason: .valid)), amount: 5, expires: 1, repeated: again.fields.requestID == "r-1")))
                _ = try connection.request(.verify, VerifyRequest.self)
            },
        ])
        let client = try client(server)
        let key = SecretBytes(utf8: "ck_1")
        #expect(try await client.reserve(key, amount: 5, requestID: "r-1", lifetime: .seconds(1)).repeated)
        let lost = await #expect(throws: ClientError.self) { try await client.verify(key, cost: 1) }
        #expect(lost?.code == .disconnected && lost?.outcome == .unknown)
        #expect(server.problems.isEmpty)
    }

    @Test("an import of accounts sends chunks for credit, secrets in their places")
    func importing() async throws {
        let rows = (0..<2_500).map { number in
            AccountRow(
                origin: "tokens \(number)", noun: "apikey", fields: [RecordField("name", "k\(number)")],
                secrets: number % 2 == 0 ? [] : [.init("key", Array("ck_\(number)".utf8)), .init("beta", [])])
        }
        let server = try ScriptedServer([
            { connection in
                try connection.greet()
                let request = try connection.request(.accountImport, AccountImportRequest.self)
                guard request.fields == AccountImportRequest(source: "newapi", dryRun: true) else { throw ServerProblem(text: "request") }
                var arrived: [AccountRow] = []
                while true {
                    try connection.send(.credit, .accountImport, request.id, Credit(count: 1))
                    let (header, body) = try connection.receive()
                    if header.kind == .end {
                        guard try ImportFinish(decoding: body).count == UInt64(arrived.count) else { throw ServerProblem(text: "count") }
                        break
                    }
                    arrived += try AccountImportChunk(decoding: body).rows
                }
                guard arrived == rows else { throw ServerProblem(text: "\(arrived.count) rows are others") }
                let end = AccountImportResponse(
                    revision: 9, effects: Array(repeating: .created, count: arrived.count), notes: [.init(row: 3, text: "no group")])
                try connection.send(.end, .accountImport, request.id, Answer.success(end))
                let second = try connection.request(.accountImport, AccountImportRequest.self)
                try connection.send(.credit, .accountImport, second.id, Credit(count: 1))
                // A chunk from this side is not allowed.
                try connection.send(.chunk, .accountImport, second.id, ImportResults(items: []))
                connection.waitForEnd()
            }
        ])
        let client = try client(server)
        let report = try await client.importAccounts(source: "newapi", rows: rows, dryRun: true)
        #expect(report.effects.count == 2_500 && report.notes == [.init(row: 3, text: "no group")] && report.revision == 9)
        let violation = await #expect(throws: ClientError.self) {
            try await client.importAccounts(source: "newapi", rows: rows)
        }
        #expect(violation?.code == .protocolViolation && violation?.outcome == Outcome.none)
        client.close()
        #expect(server.problems.isEmpty)
    }

    @Test("what no request can carry is refused before a connection is made")
    func refusals() async throws {
        var configuration = ClientConfiguration(socketPath: "/nonexistent/s")
        configuration.connectTimeout = .milliseconds(10)
        let client = try CofferClient(configuration)
        let key = SecretBytes(utf8: "ck_1")
        func refused(_ call: () async throws -> Void) async {
            let error = await #expect(throws: ClientError.self) { try await call() }
            #expect(error?.code == .invalidArgument)
        }
        await refused { _ = try await client.verify(SecretBytes([])) }
        await refused { _ = try await client.verify(SecretBytes(Array(repeating: 1, count: 513))) }
        await refused { _ = try await client.verify(key, address: [1, 2, 3]) }
        await refused { _ = try await client.verify(key, cost: Limits.units + 1) }
        await refused { _ = try await client.reserve(key, amount: 1, requestID: "", lifetime: .seconds(1)) }
        await refused { _ = try await client.reserve(key, amount: 1, requestID: "r", lifetime: .milliseconds(999)) }
        await refused { _ = try await client.reserve(key, amount: 1, requestID: "r", lifetime: .seconds(86_401)) }
        await refused { _ = try await client.settle(1, requestID: "r", amount: 1, model: String(repeating: "m", count: 256)) }
        await refused { _ = try await client.usage(apiKey: "7", limit: 1_001) }
        await refused { _ = try await client.records("tenant", limit: 0) }
        await refused { _ = try await client.record("", id: "x") }
        await refused { _ = try await client.record("tenant", id: "") }
        await refused { _ = try await client.deleteRecords("tenant", ids: []) }
        await refused { _ = try await client.createRecord("user", fields: (0..<65).map { RecordField("f\($0)", "") }) }
        await refused { _ = try await client.importAccounts(source: "", rows: []) }
    }
}
