import CofferStore
import CofferUpstream
import Foundation
import Glibc
import Synchronization
import Testing

@testable import CofferCredentials

@Suite struct SinkServiceTests {
    private let fixture: ScheduleFixture
    init() throws { fixture = try ScheduleFixture() }

    private var path: String { fixture.path + "/tokens.txt" }
    private var file: String? { try? String(contentsOfFile: path, encoding: .utf8) }

    private func sink(
        _ name: String = "tokens", action: SinkAction = .nothing, _ change: (inout SinkDraft) -> Void = { _ in }
    ) async throws -> Sink {
        let template = SinkTemplate(encoding: .plain, element: "{name}={token:access}\n")
        var draft = SinkDraft(tenant: .main, name: try DocumentName(name.utf8), content: .template(template), path: path)
        draft.action = action
        change(&draft)
        return try await fixture.sinks.create(draft, by: "test")
    }

    /// A moment later, until what was begun has ended.
    private func settle(_ milliseconds: UInt64 = 1_000) async {
        _ = fixture.sinks.timer.queue.sync { fixture.sinks.beat() }
        fixture.clock.advance(milliseconds)
        _ = fixture.sinks.timer.queue.sync { fixture.sinks.beat() }
        #expect(await eventually { fixture.sinks.desk.withLock { desk in !desk.work.values.contains { $0.isBusy } } })
    }

    private var state: SinkState { fixture.sinks.find(1)?.state ?? SinkState() }

    /// A pool that got another name must not empty the file of a proxy.
    @Test func aPoolThatIsNotThereLeavesTheFile() async throws {
        _ = try await fixture.credential("a")
        fixture.acting.script.withLock { $0.pools = ["team": [1]] }
        _ = try await sink { $0.target = CredentialFilter(pool: "team") }
        await settle()
        #expect(file == "a=access-of-a\n")
        fixture.acting.script.withLock { $0.pools = [:] }
        try fixture.access(of: 1, "second", expires: 0)
        await settle()
        #expect(file == "a=access-of-a\n" && state.failures == 1)
        #expect(state.error.contains("there is no pool of this name"))
        // One without members is another matter.
        fixture.acting.script.withLock { $0.pools = ["team": []] }
        await settle(SinkDebounce.longestRetry)
        #expect(file == "" && state.error == "")
    }

    @Test func oneFileHasOneSinkWhateverItsPath() async throws {
        mkdir(fixture.path + "/folder", 0o700)
        symlink(fixture.path + "/folder", fixture.path + "/link")
        _ = try await sink { $0.path = self.fixture.path + "/folder/x" }
        #expect(await scheduleRefusal { _ = try await self.sink("other") { $0.path = self.fixture.path + "/link/x" } } == "alreadyExists:path")
        _ = try await sink("other") { $0.path = self.fixture.path + "/link/y" }
    }

    @Test func itFollowsTheStore() async throws {
        _ = try await sink()
        await settle()
        #expect(file == "")
        _ = try await fixture.credential("a")
        _ = try await fixture.credential("b")
        await settle()
        #expect(file == "a=access-of-a\nb=access-of-b\n")
        try fixture.access(of: 1, "second", expires: 0)
        await settle()
        #expect(file == "a=second\nb=access-of-b\n")
        // Dead and disabled ones are not shown; a new name is.
        try fixture.state(of: 2) { $0.move(to: .dead, at: 1, why: "over") }
        var change = CredentialChange()
        change.name = try DocumentName("c".utf8)
        _ = try await fixture.credentials.update(1, change, by: "test")
        await settle()
        #expect(file == "c=second\n")
        _ = try await fixture.credentials.delete([1], by: "test")
        await settle()
        #expect(file == "")
        #expect(state.error == "" && state.size == 0 && state.lastWrite == fixture.clock.now)
    }

    @Test func onlyWhatItShowsMatters() async throws {
        _ = try await sink { $0.target = CredentialFilter(tag: "shown") }
        _ = try await fixture.credential("a", tags: ["shown"])
        await settle()
        let written = state.lastWrite
        _ = try await fixture.credential("b")
        try fixture.state(of: 1) { $0.lastRefresh = 5 }
        _ = fixture.sinks.beat()
        #expect(fixture.sinks.desk.withLock { $0.work[1]?.debounce.due } == nil)
        #expect(state.lastWrite == written && file == "a=access-of-a\n")
    }

    @Test func changesOfAMomentAreOneWrite() async throws {
        _ = try await sink(action: .call(method: .post, url: "http://127.0.0.1:9/reload", timeout: 1_000))
        await settle()
        fixture.transport.calls.withLock { $0 = [] }
        for number in 1...10 {
            _ = try await fixture.credential("c\(number)")
            _ = fixture.sinks.timer.queue.sync { fixture.sinks.beat() }
            fixture.clock.advance(100)
        }
        await settle()
        #expect(fixture.transport.calls.withLock { $0 } == ["POST http://127.0.0.1:9/reload"])
        // The same content is neither written nor called out again.
        try fixture.access(of: 1, "access-of-c1", expires: 5)
        await settle()
        #expect(fixture.transport.calls.withLock { $0.count } == 1)
    }

    @Test func whatSomebodyElseWroteIsKeptAndReported() async throws {
        try "by hand".write(toFile: path, atomically: false, encoding: .utf8)
        _ = try await sink()
        await settle()
        let kept = state.kept
        #expect(kept.hasPrefix("tokens.txt.changed-") && file == "")
        #expect(try String(contentsOfFile: fixture.path + "/" + kept, encoding: .utf8) == "by hand")
        // Our own is not kept, not even behind a restart.
        _ = try await fixture.credential("a")
        await settle()
        try fixture.reopen()
        _ = try await fixture.credential("b")
        await settle()
        #expect(state.kept == kept && file == "a=access-of-a\nb=access-of-b\n")
        try "again".write(toFile: path, atomically: false, encoding: .utf8)
        fixture.clock.advance(60_000)
        _ = try await fixture.credential("c")
        await settle()
        #expect(state.kept != kept && state.keptTime == fixture.clock.now)
    }

    @Test func aCrashBetweenWriteAndRecordKeepsNothingOfOurs() async throws {
        _ = try await sink()
        _ = try await fixture.credential("a")
        await settle()
        // As after the file was put into its place and before that was recorded.
        var state = state
        state.begunDigest = SinkFile.digest(SecretBuffer(Array("a=access-of-a\nb=access-of-b\n".utf8)))
        try fixture.sinks.save(1, state)
        try "a=access-of-a\nb=access-of-b\n".write(toFile: path, atomically: false, encoding: .utf8)
        try fixture.reopen()
        _ = try await fixture.credential("c")
        await settle()
        #expect(self.state.kept == "" && file == "a=access-of-a\nc=access-of-c\n")
    }

    @Test func anActionThatFailsIsTriedAgainAndNotForgotten() async throws {
        fixture.transport.verdict.withLock { $0 = .down }
        _ = try await sink(action: .call(method: .get, url: "http://localhost:9/", timeout: 1_000))
        await settle()
        #expect(state.error == "upstream (url): the call failed: scripted" && state.isActionDue && state.failures == 1)
        await settle(4_000)
        #expect(fixture.transport.calls.withLock { $0.count } == 1)
        await settle(1_000)
        #expect(fixture.transport.calls.withLock { $0.count } == 2 && state.failures == 2)
        try fixture.reopen()
        fixture.transport.verdict.withLock { $0 = .ok }
        await settle()
        #expect(state.error == "" && !state.isActionDue && state.failures == 0 && state.lastAction == fixture.clock.now)
        await settle(600_000)
        #expect(fixture.transport.calls.withLock { $0.count } == 3)
    }

    @Test func aPlaceThatFailsLosesNothing() async throws {
        _ = try await sink()
        _ = try await fixture.credential("a")
        await settle()
        chmod(fixture.path, 0o777)
        _ = try await fixture.credential("b")
        await settle()
        #expect(state.error.hasPrefix("invalidArgument (path): others can write") && file == "a=access-of-a\n")
        chmod(fixture.path, 0o700)
        await settle(5_000)
        #expect(state.error == "" && file == "a=access-of-a\nb=access-of-b\n")
    }

    @Test func askedForByAPerson() async throws {
        _ = try await sink(action: .call(method: .post, url: "http://127.0.0.1:9/", timeout: 1_000)) { $0.isEnabled = false }
        _ = try await fixture.credential("a")
        await settle()
        #expect(file == nil)
        let run = Task { try await fixture.sinks.run(1) }
        #expect(await eventually { fixture.sinks.desk.withLock { $0.work[1]?.waiters.isEmpty == false } })
        _ = fixture.sinks.timer.queue.sync { fixture.sinks.beat() }
        let sink = try await run.value
        #expect(sink.state.lastRun == fixture.clock.now && sink.state.lastAction == fixture.clock.now && file == "a=access-of-a\n")
        #expect(await scheduleRefusal { _ = try await self.fixture.sinks.run(9) } == "notFound:sink")
        #expect(await scheduleRefusal { _ = try await self.fixture.sinks.run(1, where: { _ in false }) } == "denied")
    }

    @Test func whoWaitsIsToldWhenItEnds() async throws {
        _ = try await sink()
        let run = Task { try await fixture.sinks.run(1) }
        #expect(await eventually { fixture.sinks.desk.withLock { $0.work[1]?.waiters.isEmpty == false } })
        fixture.store.lock()
        #expect(await scheduleRefusal { _ = try await run.value } == "locked")
        #expect(await scheduleRefusal { _ = try await self.fixture.sinks.run(1) } == "locked")
    }

    @Test func renderersOfDoors() async throws {
        struct Renderer: SinkRenderer {
            let name = "tokenstool-tokens"
            func render(_ sink: Sink) throws(CredentialError) -> SecretBuffer { SecretBuffer(Array("{}".utf8)) }
        }
        let without = await scheduleRefusal { _ = try await self.sink { $0.content = .renderer("tokenstool-tokens") } }
        #expect(without == "invalidArgument:renderer")
        fixture.sinks.register(Renderer())
        _ = try await sink { $0.content = .renderer("tokenstool-tokens") }
        await settle()
        #expect(file == "{}")
    }

    @Test func whatIsWrongIsNamedAndChangesNothing() async throws {
        func refusal(_ name: String = "new", _ change: @escaping (inout SinkDraft) -> Void) async -> String {
            await scheduleRefusal { _ = try await self.sink(name, change) }
        }
        #expect(await refusal { $0.path = "tokens.txt" } == "invalidArgument:path")
        #expect(await refusal { $0.path = "/tmp/tokens.txt" } == "invalidArgument:path")
        #expect(await refusal { $0.path = "/nowhere/tokens.txt" } == "invalidArgument:path")
        #expect(await refusal { $0.path = self.fixture.path + "/store/data.mdb" } == "invalidArgument:path")
        mkdir(fixture.path + "/store/below", 0o700)
        symlink(fixture.path + "/store/below", fixture.path + "/link")
        #expect(await refusal { $0.path = self.fixture.path + "/link/tokens" } == "invalidArgument:path")
        #expect(await refusal { $0.target = CredentialFilter() } == "invalidArgument:target")
        #expect(await refusal { $0.content = .template(SinkTemplate(encoding: .json, element: "{secret}")) } == "invalidArgument:template")
        #expect(await refusal { $0.action = .call(method: .post, url: "ftp://127.0.0.1/", timeout: 1_000) } == "invalidArgument:url")
        #expect(await refusal { $0.action = .call(method: .post, url: "http://169.254.169.254/", timeout: 1_000) } == "invalidArgument:url")
        #expect(await refusal { $0.action = .call(method: .post, url: "http://127.0.0.1/", timeout: 999) } == "invalidArgument:timeout")
        #expect(await refusal { $0.action = .signal(.hangup, pidFile: "pid") } == "invalidArgument:pid_file")
        #expect(fixture.sinks.count == 0)
        let made = try await sink("new")
        #expect(await refusal { $0.path = self.fixture.path + "/other" } == "alreadyExists:name")
        #expect(await refusal("other") { _ in } == "alreadyExists:path")
        var change = SinkChange()
        change.path = fixture.path + "/moved.txt"
        let moved = try await fixture.sinks.update(made.number, change, expected: made.revision, by: "test")
        #expect(moved.path.hasSuffix("/moved.txt"))
        #expect(await scheduleRefusal { _ = try await self.fixture.sinks.update(1, change, expected: made.revision, by: "test") } == "conflict")
        await settle()
        #expect(FileManager.default.fileExists(atPath: fixture.path + "/moved.txt") && file == nil)
        try fixture.reopen()
        #expect(fixture.sinks.list().map(\.path) == [moved.path])
        #expect(try await fixture.sinks.delete([1], by: "test") == 1)
        #expect(FileManager.default.fileExists(atPath: fixture.path + "/moved.txt"))
    }

    @Test func documentsAreReadAsTheyWereWritten() throws {
        for (content, action) in [
            (SinkContent.template(SinkTemplate(encoding: .env, header: "h", element: "{name}", separator: "s", footer: "f")), SinkAction.nothing),
            (.renderer("r"), .call(method: .get, url: "http://x/", timeout: 5_000)), (.renderer("r"), .signal(.user2, pidFile: "/run/x.pid")),
        ] {
            var sink = Sink(
                number: 3, tenant: .main, name: try DocumentName("s".utf8), isEnabled: false, content: content, path: "/a/b",
                target: CredentialFilter(tag: "t"), action: action, attributes: ["a": "b"], created: 1, updated: 2)
            #expect(try Sink.read(sink.encoded, revision: 0) == sink)
            sink.state.digest = Array(repeating: 1, count: 32)
            sink.state.kept = "x"
            sink.state.isActionDue = true
            #expect(try Sink.readState(sink.state.encoded) == sink.state)
        }
    }
}
