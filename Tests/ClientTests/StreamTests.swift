import Synchronization
import Testing

@testable import CofferClient

@Suite("Streams against a scripted server", .timeLimit(.minutes(1)))
struct StreamTests {
    static func change(_ revision: UInt64, _ ordinal: UInt32, last: Bool, value: String? = nil) -> WatchEvent {
        .change(WatchEvent.Change(
            revision: revision, ordinal: ordinal, last: last, operation: .put, version: 1, name: [97],
            value: value.map { Array($0.utf8) }))
    }

    @Test("a list gives pages as credit is given")
    func list() async throws {
        let server = try ScriptedServer([{ connection in
            try connection.greet()
            let list = try connection.request(.list, ListRequest.self)
            var credit = list.fields.credit
            for number in 0..<20 {
                while credit == 0 { credit += try connection.expect(.credit, list.id, Credit.self).count }
                credit -= 1
                let entry = ListPage.Entry(name: Array("p/\(number)".utf8), deleted: false)
                try connection.send(.chunk, .list, list.id, ListPage(revision: 1, entries: [entry]))
            }
            try connection.send(.end, .list, list.id, Answer.success(ListEnd(revision: 1, more: false)))
            connection.waitForEnd()
        }])
        let client = try client(server)
        var names: [String] = []
        for try await entry in try client.list(prefix: "p/") { names.append(String(decoding: entry.name, as: UTF8.self)) }
        #expect(names == (0..<20).map { "p/\($0)" })
        client.close()
        #expect(server.problems.isEmpty)
    }

    @Test("leaving a list early cancels it; a limited list says where to go on")
    func leaving() async throws {
        let server = try ScriptedServer([{ connection in
            try connection.greet()
            let list = try connection.request(.list, ListRequest.self)
            let page = ListPage(revision: 1, entries: [ListPage.Entry(name: [97], deleted: false)])
            try connection.send(.chunk, .list, list.id, page)
            _ = try connection.expect(.cancel, list.id, Empty.self)
            try connection.send(.end, .list, list.id, Answer<Empty>.failure(Failure(.cancelled, "")))
            let second = try connection.request(.list, ListRequest.self)
            guard second.fields.limit == 1 else { throw ServerProblem(text: "limit") }
            try connection.send(.chunk, .list, second.id, page)
            try connection.send(.end, .list, second.id, Answer.success(ListEnd(revision: 5, more: true)))
            connection.waitForEnd()
        }])
        let client = try client(server)
        for try await entry in try client.list() {
            #expect(entry.name == [97])
            break
        }
        let result = try await client.list(limit: 1)
        #expect(result.entries.count == 1 && result.revision == 5)
        #expect(result.cursor == ListRequest.Cursor(incarnation: .zero, after: [97]))
        #expect(server.problems.isEmpty)
    }

    @Test("an export is whole or fails")
    func export() async throws {
        let script: @Sendable (UInt64) -> ScriptedServer.Script = { count in
            { connection in
                try connection.greet()
                let export = try connection.request(.export, ExportRequest.self)
                let entries = ["a", "b"].map { TransferEntry(name: Array($0.utf8), value: Array("v\($0)".utf8), version: 3) }
                try connection.send(.chunk, .export, export.id, TransferChunk(entries: entries))
                try connection.send(.end, .export, export.id, Answer.success(ExportEnd(revision: 1, count: count)))
            }
        }
        let server = try ScriptedServer([script(2), script(3)])
        let client = try client(server)
        var values: [String] = []
        for try await entry in try client.export() { values.append(text(entry.value)) }
        #expect(values == ["va", "vb"])
        let error = await #expect(throws: ClientError.self) { for try await _ in try client.export() {} }
        #expect(error?.code == .protocolViolation)
    }

    @Test("an import sends chunks for credit, then its end")
    func importing() async throws {
        let server = try ScriptedServer([{ connection in
            try connection.greet()
            let request = try connection.request(.import, ImportRequest.self)
            var count = 0
            var chunks = 0
            while true {
                try connection.send(.credit, .import, request.id, Credit(count: 1))
                let (header, body) = try connection.receive()
                if header.kind == .end {
                    guard try ImportFinish(decoding: body).count == UInt64(count) else { throw ServerProblem(text: "count") }
                    break
                }
                count += try TransferChunk(decoding: body).entries.count
                chunks += 1
            }
            guard chunks > 2 else { throw ServerProblem(text: "\(chunks) chunks") }
            var left = count
            while left > 0 {
                let some = min(left, 1_000)
                let items = Array(repeating: ImportResults.Item(result: .created, version: 1), count: some)
                try connection.send(.chunk, .import, request.id, ImportResults(items: items))
                left -= some
            }
            let end = ImportEnd(revision: 9, created: UInt64(count), changed: 0, unchanged: 0)
            try connection.send(.end, .import, request.id, Answer.success(end))
            connection.waitForEnd()
        }])
        let client = try client(server)
        let entries = (0..<2_500).map { SecretEntry(name: "n/\($0)", value: SecretBytes(utf8: "value \($0)")) }
        let results = Mutex<UInt64>(0)
        let summary = try await client.importSecrets(entries) { progress in
            if case .result(let index, _) = progress { results.withLock { $0 = index + 1 } }
        }
        #expect(summary == ImportSummary(revision: 9, created: 2_500, changed: 0, unchanged: 0))
        #expect(results.withLock { $0 } == 2_500)
        #expect(server.problems.isEmpty)
    }

    @Test("an import that fails half-way throws the daemon's reason; a break before its end changed nothing")
    func importFailing() async throws {
        let server = try ScriptedServer([
            { connection in
                try connection.greet()
                let request = try connection.request(.import, ImportRequest.self)
                try connection.send(.credit, .import, request.id, Credit(count: 1))
                _ = try connection.expect(.chunk, request.id, TransferChunk.self)
                try connection.send(.end, .import, request.id, Answer<Empty>.failure(Failure(.conflict, "n/1")))
                let second = try connection.request(.import, ImportRequest.self)
                try connection.send(.credit, .import, second.id, Credit(count: 1))
            }
        ])
        let client = try client(server)
        let entries = (0..<2_500).map { SecretEntry(name: "n/\($0)", value: SecretBytes(utf8: "v")) }
        let conflict = await #expect(throws: ClientError.self) { try await client.importSecrets(entries) }
        #expect(conflict?.code == .conflict)
        let broken = await #expect(throws: ClientError.self) { try await client.importSecrets(entries) }
        #expect(broken?.code == .disconnected && broken?.outcome == Outcome.none)
    }

    @Test("a watch goes on after a break behind the last whole revision, without repeating itself")
    func watch() async throws {
        let server = try ScriptedServer([
            { connection in
                try connection.greet()
                let watch = try connection.request(.watch, WatchRequest.self)
                guard watch.fields.from == nil, watch.fields.values else { throw ServerProblem(text: "\(watch)") }
                try connection.send(.response, .watch, watch.id, Answer.success(Position(incarnation: .zero, revision: 7)))
                try connection.send(.event, .watch, watch.id, Self.change(8, 0, last: true, value: "eight"))
                try connection.send(.event, .watch, watch.id, Self.change(9, 0, last: false))
            },
            { connection in
                try connection.greet()
                let watch = try connection.request(.watch, WatchRequest.self)
                guard watch.fields.from == Position(incarnation: .zero, revision: 8) else {
                    throw ServerProblem(text: "\(watch)")
                }
                try connection.send(.response, .watch, watch.id, Answer.success(Position(incarnation: .zero, revision: 9)))
                try connection.send(.event, .watch, watch.id, Self.change(9, 0, last: false))
                try connection.send(.event, .watch, watch.id, Self.change(9, 1, last: true))
                let position = Position(incarnation: .zero, revision: 20)
                try connection.send(.event, .watch, watch.id, WatchEvent.resync(position))
                try connection.send(.end, .watch, watch.id, Answer<Empty>.failure(Failure(.draining, "", retry: .now)))
                let again = try connection.request(.watch, WatchRequest.self)
                guard again.fields.from == position else { throw ServerProblem(text: "\(again)") }
                try connection.send(.response, .watch, again.id, Answer.success(position))
                try connection.send(.end, .watch, again.id, Answer<Empty>.failure(Failure(.locked, "locked")))
                connection.waitForEnd()
            },
        ])
        let client = try client(server)
        var seen: [String] = []
        let watch = try await client.watch("a", values: true)
        #expect(watch.position.revision == 7)
        let error = await #expect(throws: ClientError.self) {
            for try await update in watch {
                switch update {
                case .change(let change):
                    seen.append("\(change.revision).\(change.ordinal)@\(change.position.revision)\(change.value.map(text) ?? "")")
                case .resync(let position): seen.append("resync \(position.revision)")
                }
            }
        }
        #expect(error?.code == .locked)
        #expect(seen == ["8.0@8eight", "9.0@8", "9.1@9", "resync 20"])
        #expect(server.problems.isEmpty)
    }

    @Test("a position of another history becomes a resync")
    func otherHistory() async throws {
        let other = Bytes16([UInt8](repeating: 5, count: 16)) ?? .zero
        let server = try ScriptedServer([
            { connection in
                try connection.greet()
                let watch = try connection.request(.watch, WatchRequest.self)
                try connection.send(.response, .watch, watch.id, Answer.success(Position(incarnation: .zero, revision: 7)))
            },
            { connection in
                try connection.greet()
                let refused = try connection.request(.watch, WatchRequest.self)
                try connection.send(.response, .watch, refused.id, Answer<Empty>.failure(Failure(.resync, "")))
                let watch = try connection.request(.watch, WatchRequest.self)
                guard watch.fields.from == nil else { throw ServerProblem(text: "\(watch)") }
                try connection.send(.response, .watch, watch.id, Answer.success(Position(incarnation: other, revision: 2)))
                connection.waitForEnd()
            },
        ])
        let client = try client(server)
        var iterator = try await client.watch(prefix: "").makeAsyncIterator()
        guard case .resync(let position)? = try await iterator.next() else {
            Issue.record("no resync")
            return
        }
        #expect(position == Position(incarnation: other, revision: 2))
        #expect(server.problems.isEmpty)
    }
}
