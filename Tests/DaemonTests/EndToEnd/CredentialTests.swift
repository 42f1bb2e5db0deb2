import CofferClient
import Testing

@testable import CofferDaemon

/// The client library's calls about credentials and live tokens against the real daemon. Tokens lie in the store: nothing is dialled.
@Suite struct CredentialEndToEndTests {
    private func text(_ secret: SecretBytes) -> String { secret.withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }

    /// Far enough away that no refresh is due during a test.
    private static let expiry = "4102444800000"

    private func credential(
        _ client: CofferClient, _ name: String, access: String? = "at-1", fields: [RecordField] = []
    ) async throws -> Record {
        let given = [
            RecordField("name", name), RecordField("provider", "oauth2"), RecordField("client_id", "a-client"),
            RecordField("parameters", #"{"token_url":"http://127.0.0.1:9/token"}"#),
            RecordField("expiries", #"{"access":"\#(Self.expiry)"}"#),
        ]
        let secret = access.map { SecretBytes(utf8: #"{"access":"\#($0)"}"#) }
        return try await client.createRecord("credential", fields: given + fields, secret: secret).record
    }

    private func newToken(_ client: CofferClient, _ name: String, _ token: String) async throws {
        _ = try await client.updateRecord(
            "credential", id: name, fields: [RecordField("expiries", #"{"access":"\#(Self.expiry)"}"#)],
            secret: SecretBytes(utf8: #"{"access":"\#(token)"}"#))
    }

    private func code(_ body: () async throws -> Void) async -> ClientError.Code? {
        do {
            try await body()
            return nil
        } catch let error as ClientError {
            return error.code
        } catch {
            return nil
        }
    }

    @Test func aTokenComesFromTheStore() async throws {
        try await RunningDaemon.with { daemon in
            let client = try daemon.client()
            defer { client.close() }
            let made = try await credential(client, "openai/main")
            let token = try await client.token(for: "openai/main", atLeast: .milliseconds(1_500))
            #expect(text(token.value) == "at-1" && token.kind == "access" && token.name == "openai/main" && token.lease == nil)
            #expect("\(token.expires)" == Self.expiry && "\(token.number)" == made["number"] && "\(token.revision)" == made["token_revision"])
            try await newToken(client, "openai/main", "at-2")
            let later = try await client.token(for: "openai/main")
            #expect(text(later.value) == "at-2" && later.revision > token.revision)
        }
    }

    @Test func everyLoopGivesTheTokenThatWasSavedLast() async throws {
        try await RunningDaemon.with(adjust: { $0.loops = 3 }) { daemon in
            let writer = try daemon.client()
            let readers = [try daemon.client(), try daemon.client(), try daemon.client()]
            defer {
                writer.close()
                for reader in readers { reader.close() }
            }
            _ = try await credential(writer, "c")
            for round in 1...100 {
                try await newToken(writer, "c", "at-\(round)")
                for reader in readers { #expect(text(try await reader.token(for: "c").value) == "at-\(round)") }
            }
        }
    }

    @Test func errorsSayWhatIsWrong() async throws {
        try await RunningDaemon.with { daemon in
            let client = try daemon.client()
            defer { client.close() }
            _ = try await credential(client, "empty", access: nil)
            _ = try await credential(client, "off", fields: [RecordField("enabled", "false")])
            _ = try await client.createRecord("pool", fields: [RecordField("name", "nobody")])
            #expect(await code { _ = try await client.token(for: "none") } == .notFound)
            #expect(await code { _ = try await client.token(for: "empty") } == .needsPerson)
            #expect(await code { _ = try await client.token(for: "off") } == .denied)
            #expect(await code { _ = try await client.token(for: "nobody", pool: true) } == .noLiveMember)
            #expect(await code { _ = try await client.token(for: "") } == .invalidArgument)
            #expect(await code { _ = try await client.token(for: "off", kind: "") } == .invalidArgument)
            #expect(await code { _ = try await client.token(for: "off", atLeast: .seconds(-1)) } == .invalidArgument)
            #expect(await code { _ = try await client.token(for: "off", sticky: Array(repeating: 1, count: 129)) } == .invalidArgument)
            #expect(await code { _ = try await client.act("dance", "credential", id: "off") } == .invalidArgument)
            #expect(await code { _ = try await client.report(.ok, lease: .zero) } == .notFound)
        }
    }

    @Test func poolsTakeReports() async throws {
        try await RunningDaemon.with { daemon in
            let client = try daemon.client()
            defer { client.close() }
            _ = try await credential(client, "a")
            _ = try await client.createRecord("pool", fields: [RecordField("name", "p"), RecordField("members", "a")])
            let token = try await client.token(for: "p", pool: true, sticky: [1, 2])
            let lease = try #require(token.lease)
            #expect(token.name == "a")
            let report = try await client.report(.limited, lease: lease, retryAfter: .seconds(30))
            #expect(report.effect == .taken && report.state == "cooling" && report.until > 0)
            #expect(try await client.report(.ok, lease: lease).effect == .repeated)
            #expect(await code { _ = try await client.token(for: "p", pool: true) } == .noLiveMember)
            let revived = try await client.act("revive", "pool", id: "p")
            #expect(revived["revived"] == "1" && revived.record.id == "p")
            #expect(try await client.token(for: "p", pool: true).name == "a")
        }
    }

    @Test func aWatchTellsHowThingsStand() async throws {
        try await RunningDaemon.with { daemon in
            let (watcher, writer) = (try daemon.client(), try daemon.client())
            defer {
                watcher.close()
                writer.close()
            }
            _ = try await credential(writer, "w/a")
            let watch = try await watcher.watchTokens(prefix: "w/")
            _ = try await credential(writer, "w/b")
            _ = try await credential(writer, "x/c")
            _ = try await writer.deleteRecords("credential", ids: ["w/a"])
            var seen: [String] = []
            for try await update in watch {
                guard case .change(let change) = update else { continue }
                seen.append("\(change.name) \(change.state)")
                if change.state == "gone" { break }
            }
            #expect(seen == ["w/b fresh", "w/a gone"])
        }
    }

    @Test func theLiveTokenAndEachThatTakesItsPlace() async throws {
        try await RunningDaemon.with { daemon in
            let (watcher, writer) = (try daemon.client(), try daemon.client())
            defer {
                watcher.close()
                writer.close()
            }
            _ = try await credential(writer, "c", access: "at-0")
            var seen: [String] = []
            for try await token in watcher.tokens(for: "c") {
                seen.append(text(token.value))
                if seen.count == 5 { break }
                // What changes nothing about the token is not told.
                _ = try await writer.updateRecord("credential", id: "c", fields: [RecordField("memo", "\(seen.count)")])
                try await newToken(writer, "c", "at-\(seen.count)")
            }
            #expect(seen == ["at-0", "at-1", "at-2", "at-3", "at-4"])
        }
    }

    @Test func whoHasNoTokenAnyMoreIsTold() async throws {
        try await RunningDaemon.with { daemon in
            let (watcher, writer) = (try daemon.client(), try daemon.client())
            defer {
                watcher.close()
                writer.close()
            }
            _ = try await credential(writer, "c")
            let found = await code {
                for try await _ in watcher.tokens(for: "c") { _ = try await writer.deleteRecords("credential", ids: ["c"]) }
            }
            #expect(found == .notFound)
        }
    }

    @Test func rowsComeInBatches() async throws {
        try await RunningDaemon.with { daemon in
            let client = try daemon.client()
            defer { client.close() }
            var batch = CredentialBatch()
            var reports: [AccountImportReport] = []
            for number in 1...2_500 {
                let row = AccountRow(
                    origin: "line \(number)", noun: "credential",
                    fields: [
                        RecordField("name", "c\(number)"), RecordField("provider", "oauth2"), RecordField("client_id", "c"),
                        RecordField("parameters", #"{"token_url":"http://127.0.0.1:9/token"}"#),
                    ], secrets: [.init("refresh", Array("rt-\(number)".utf8))])
                if try !batch.add(row) {
                    reports.append(try await client.importCredentials(source: "credentials", rows: batch.rows))
                    batch = CredentialBatch()
                    #expect(try batch.add(row))
                }
            }
            reports.append(try await client.importCredentials(source: "credentials", rows: batch.rows))
            #expect(reports.map(\.effects.count) == [1_000, 1_000, 500])
            #expect(reports.allSatisfy { $0.effects.allSatisfy { $0 == .created } })
            #expect(try await client.records("credential", limit: 1).total == 2_500)
            let revealed = try await client.act("reveal", "credential", id: "c7", options: [RecordField("field", "refresh")])
            #expect(revealed.secret.map(text) == "rt-7")
            #expect(await code { _ = try await client.importCredentials(source: "x", rows: []) } == .invalidArgument)
        }
    }

    @Test func statusAndDoctorCountThem() async throws {
        try await RunningDaemon.with { daemon in
            let client = try daemon.client()
            defer { client.close() }
            _ = try await credential(client, "a")
            _ = try await credential(client, "b", access: nil)
            let status = try await client.status()
            func number(_ key: String) -> UInt64? {
                guard case .number(let value)? = status.entries.first(where: { $0.key == key })?.value else { return nil }
                return value
            }
            #expect(number("credentials") == 2 && number("credentials-fresh") == 1 && number("credentials-empty") == 1)
            #expect(number("sinks-in-trouble") == 0 && number("schedules-overdue") == 0 && number("dials") == 0)
            #expect(try await client.doctor().contains { $0.check == "credentials" && $0.verdict == .good })
            let rule = try await client.explain(noun: "pool", action: "token", name: "p")
            #expect(rule.allowed)
        }
    }
}
