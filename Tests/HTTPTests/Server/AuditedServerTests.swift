import CofferHTTP
import Synchronization
import Testing

/// What changes something is recorded before a door sees it; what only asks, before the answer leaves.
@Suite struct AuditedServerTests {
    /// A log that takes what it is told to take.
    private final class Log: HTTPAudit {
        private let acts = Mutex<[String]>([])
        let takesBegin: Bool
        let takesRecord: Bool
        let permits = true

        init(takesBegin: Bool = true, takesRecord: Bool = true) {
            self.takesBegin = takesBegin
            self.takesRecord = takesRecord
        }

        var all: [String] { acts.withLock { $0 } }

        func begin(_ act: HTTPAct) async -> Bool {
            acts.withLock { $0.append("begin \(act.route) \(act.isRead) \(act.principal) \(act.client)") }
            return takesBegin
        }

        func record(_ act: HTTPAct) async -> Bool {
            acts.withLock { $0.append("record \(act.route) \(act.isRead) \(act.principal) \(act.status)") }
            return takesRecord
        }
    }

    @Test func theRouteIsKnownBeforeTheDoorActs() async throws {
        let log = Log()
        try await TestServer.run(audit: log) { (server) async throws in
            #expect(try await RawClient.get(server.port, "/a/b", method: "POST").status == 200)
            #expect(try await RawClient.get(server.port, "/a/b").status == 200)
        }
        #expect(log.all == [
            "begin POST /:all false  127.0.0.1", "record POST /:all false login:alice 200", "begin GET /:all true  127.0.0.1",
            "record GET /:all true login:alice 200",
        ])
    }

    @Test func withoutItsRecordTheDoorIsNotAsked() async throws {
        let log = Log(takesBegin: false)
        try await TestServer.run(audit: log) { (server) async throws in
            let reply = try await RawClient.get(server.port, "/a/b", method: "POST")
            #expect(reply.status == 503 && !reply.contains("door=echo"))
        }
        #expect(log.all.count == 1)
    }

    @Test func withoutItsRecordTheAnswerDoesNotLeave() async throws {
        let log = Log(takesRecord: false)
        try await TestServer.run(audit: log) { (server) async throws in
            let reply = try await RawClient.get(server.port, "/a/b")
            #expect(reply.status == 503 && !reply.contains("door=echo"))
        }
    }
}
