import Synchronization
import Testing

@testable import CofferClient

private let lastCall = Atomic<UInt64>(0)

/// Remembers what happened to a call.
final class Recorder: CallReceiver {
    private let log = Mutex<[String]>([])
    var events: [String] { log.withLock { $0 } }
    var waitingSince: UInt64? { nil }

    func receive(
        _ kind: FrameKind, _ body: UnsafeRawBufferPointer, final: Bool, hello: HelloResponse
    ) throws(WireError) -> Effect? {
        log.withLock { $0.append("\(kind)") }
        return nil
    }

    func fail(_ error: any Error) -> Effect? {
        let text = (error as? ClientError).map { "\($0.code)/\($0.outcome)" } ?? "\(error)"
        log.withLock { $0.append(text) }
        return nil
    }
}

@Suite("Session")
struct SessionTests {
    static let second: UInt64 = 1_000_000_000

    func spec(
        _ operation: CofferWire.Operation = .ping, timeout: UInt64 = 30 * second, repeatable: Bool = true,
        changes: Bool = false
    ) -> CallSpec {
        CallSpec(
            operation: operation, body: RequestBody(Empty()), timeout: timeout, isRepeatable: repeatable, changes: changes)
    }

    func add(_ session: inout Session, _ spec: CallSpec, now: UInt64) -> (CallID, Recorder) {
        let recorder = Recorder()
        let id = CallID(number: lastCall.add(1, ordering: .relaxed).newValue)
        session.start(id, spec, recorder, now: now)
        return (id, recorder)
    }

    func feed(_ session: inout Session, _ bytes: [UInt8], now: UInt64) {
        session.connection?.input.append(bytes)
        session.process(now: now)
    }

    func open(_ session: inout Session, now: UInt64) {
        session.connected(now: now)
        feed(
            &session,
            frame(.response, .hello, 1, Answer.success(sampleHello()))
                + frame(.response, .confirm, 2, Answer.success(Empty())), now: now)
    }

    func drain(_ session: inout Session) {
        let count = session.connection?.output.count ?? 0
        session.connection?.wrote(count)
    }

    let broken = ClientError(.disconnected, "test", retry: .now)
    let pong = Answer.success(PingResponse(serverTime: 1))

    @Test("a call waits for the connection and is answered")
    func simple() {
        var session = Session(ClientConfiguration(socketPath: "/x"))
        #expect(!session.wantsConnection)
        let (_, call) = add(&session, spec(), now: 5)
        #expect(session.wantsConnection)
        open(&session, now: 6)
        #expect(session.connection?.unfinished == 1)
        feed(&session, frame(.response, .ping, 3, pong), now: 7)
        #expect(call.events == ["response"])
        #expect(session.calls.isEmpty)
    }

    @Test("what was sent is sent once more where that is safe; what was not sent, always")
    func repeats() {
        var session = Session(ClientConfiguration(socketPath: "/x"))
        open(&session, now: 1)
        let (_, read) = add(&session, spec(), now: 2)
        let (_, change) = add(&session, spec(.unlock, repeatable: false, changes: true), now: 2)
        drain(&session)
        let (_, unsent) = add(&session, spec(.unlock, repeatable: false, changes: true), now: 2)
        session.broke(broken, now: 3)
        #expect(change.events == ["disconnected/unknown"])
        #expect(read.events.isEmpty && unsent.events.isEmpty)
        open(&session, now: 4)
        #expect(session.connection?.unfinished == 2)
        drain(&session)
        session.broke(broken, now: 5)
        #expect(read.events == ["disconnected/none"])
        #expect(unsent.events == ["disconnected/unknown"])
        #expect(session.calls.isEmpty)
    }

    @Test("a lasting refusal fails everybody at once")
    func lasting() {
        var session = Session(ClientConfiguration(socketPath: "/x"))
        let (_, call) = add(&session, spec(), now: 1)
        session.broke(ClientError(.untrustedServer, "no"), now: 2)
        #expect(call.events == ["untrustedServer/none"])
    }

    @Test("without a connection a call gives up after the connect timeout, but after one attempt at least")
    func unreachable() {
        var session = Session(ClientConfiguration(socketPath: "/x", connectTimeout: .seconds(2)))
        let (_, call) = add(&session, spec(), now: 1)
        session.broke(ClientError(.unreachable, "x", retry: .now), now: 2)
        #expect(call.events.isEmpty)
        #expect(session.nextAttempt > 2)
        session.tick(now: 2 * Self.second + 10)
        #expect(call.events == ["unreachable/none"])

        var hasty = Session(ClientConfiguration(socketPath: "/x", connectTimeout: .zero))
        hasty.broke(ClientError(.unreachable, "x", retry: .now), now: 1)
        let (_, second) = add(&hasty, spec(), now: 5)
        hasty.tick(now: 6)
        #expect(second.events.isEmpty)
        hasty.broke(ClientError(.unreachable, "x", retry: .now), now: 7)
        #expect(second.events == ["unreachable/none"])
    }

    @Test("a call ends at its deadline: at once where it waits, after a grace where the server knows it")
    func deadlines() {
        var session = Session(ClientConfiguration(socketPath: "/x", connectTimeout: .seconds(99)))
        let (_, waits) = add(&session, spec(timeout: Self.second), now: 0)
        session.tick(now: Self.second)
        #expect(waits.events == ["timedOut/none"])
        open(&session, now: Self.second)
        let (_, change) = add(&session, spec(.put, timeout: Self.second, changes: true), now: Self.second)
        session.tick(now: 2 * Self.second)
        #expect(change.events.isEmpty)
        session.tick(now: 2 * Self.second + Session.grace)
        #expect(change.events == ["timedOut/unknown"])
        // The id stays taken until the server has finished it; what still comes is passed over.
        #expect(session.connection?.unfinished == 1)
        feed(&session, frame(.response, .put, 3, Answer<Empty>.failure(Failure(.cancelled, ""))), now: 3 * Self.second)
        #expect(session.connection?.unfinished == 0)
        #expect(change.events.count == 1)
    }

    @Test("more than 256 wait in order, and cancelled ones are passed over")
    func queue() {
        var session = Session(ClientConfiguration(socketPath: "/x"))
        open(&session, now: 1)
        let calls = (0..<300).map { _ in add(&session, spec(), now: 2) }
        #expect(session.connection?.unfinished == 256)
        session.cancel(calls[256].0, CancellationError())
        feed(&session, frame(.response, .ping, 10, pong), now: 3)
        #expect(session.connection?.unfinished == 256)
        #expect(calls[7].1.events == ["response"])
        #expect(session.inFlight.values.contains(calls[257].0))
        #expect(!session.inFlight.values.contains(calls[256].0))
    }

    @Test("closing fails everything, and all that comes later")
    func closing() {
        var session = Session(ClientConfiguration(socketPath: "/x"))
        let (_, first) = add(&session, spec(), now: 1)
        session.close()
        let (_, second) = add(&session, spec(), now: 2)
        #expect(first.events == ["disconnected/none"])
        #expect(second.events == ["disconnected/none"])
        #expect(!session.wantsConnection)
    }
}
