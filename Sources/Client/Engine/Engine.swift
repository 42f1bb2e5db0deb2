import CLinux
import CofferWire
import Glibc
import Synchronization

/// Performs what the session decides: one thread connects, reads and keeps time; callers write directly while the
/// socket takes it, under the session's lock.
final class Engine: Sendable {
    /// What the lock protects.
    struct Shared {
        var session: Session
        /// -1 where there is none. Only the thread opens and closes it.
        var socket: Int32 = -1
        /// A write failed: the thread takes the connection down.
        var writeError: Int32 = 0
        /// Until when the thread sleeps unless it is woken; 0 while it is awake.
        var sleepsUntil: UInt64 = 0
        /// What the thread polls the socket for besides reading.
        var sleepsForOutput = false
        var threadRuns = false
        /// What was put out waits for ``flush()``, which is on its way.
        var flushIsScheduled = false

        /// Whether what is put out now should leave together with what others put out: answers come in batches, and so do the next
        /// requests of those who waited for them. A caller that is alone, or nearly, waits for nobody.
        var gathers: Bool {
            session.inFlight.count > Engine.fewInFlight && (session.connection?.output.count ?? 0) < Engine.mostGathered
        }
    }

    static let fewInFlight = 3
    static let mostGathered = 32_768

    let configuration: ClientConfiguration
    let shared: Mutex<Shared>
    /// An eventfd that wakes the thread; -1 where the system had none left.
    let wakeup: Int32
    private let lastCall = Atomic<UInt64>(0)

    init(_ configuration: ClientConfiguration) {
        self.configuration = configuration
        shared = Mutex(Shared(session: Session(configuration)))
        wakeup = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    }

    deinit {
        if wakeup >= 0 { _ = Glibc.close(wakeup) }
    }

    // MARK: For callers

    func newID() -> CallID { CallID(number: lastCall.add(1, ordering: .relaxed).newValue) }

    func start(_ id: CallID, _ spec: CallSpec, _ receiver: any CallReceiver) {
        perform { session, now in session.start(id, spec, receiver, now: now) }
    }

    func cancel(_ id: CallID, _ error: any Error) {
        perform { session, _ in session.cancel(id, error) }
    }

    /// Grants a stream `count` (1 or more) further pieces.
    func credit(_ id: CallID, _ count: UInt32) {
        perform { session, _ in _ = session.follow(id) { $0.credit($1, count) } }
    }

    /// Sends a piece of an import.
    /// - Returns: whether the call was still in flight.
    func chunk(_ id: CallID, _ body: RequestBody) -> Bool {
        perform { session, _ in session.follow(id) { $0.chunk($1, body) } }
    }

    /// Sends the end of an import.
    func end(_ id: CallID, _ body: RequestBody) -> Bool {
        perform { session, _ in session.follow(id) { $0.end($1, body) } }
    }

    /// Whether a body fits into a frame of the present connection.
    func fits(_ body: RequestBody) -> Bool {
        shared.withLock { $0.session.connection?.fits(body) ?? (body.count <= Limits.frame - FrameHeader.countedSize) }
    }

    var isClosed: Bool { shared.withLock { $0.session.isClosed } }

    func close() {
        perform { session, _ in session.close() }
    }

    /// Runs `body` under the lock, writes what it put out, wakes the thread where it must know, then resumes tasks.
    @discardableResult
    private func perform<Result: Sendable>(_ body: (inout Session, UInt64) -> Result) -> Result {
        let now = Clock.now()
        var effects: [Effect] = []
        var mustWake = false
        var mustFlush = false
        let result = shared.withLock { shared in
            let result = body(&shared.session, now)
            if shared.gathers {
                mustFlush = !shared.flushIsScheduled
                shared.flushIsScheduled = true
            } else {
                Self.pump(&shared, now: now)
            }
            effects = shared.session.effects
            shared.session.effects = []
            mustWake = prepareThread(&shared)
            return result
        }
        for effect in effects { effect() }
        if mustWake { wake() }
        // Behind the tasks that can run already, and want to send something too.
        if mustFlush { Task.detached { self.flush() } }
        return result
    }

    /// Writes what was gathered.
    private func flush() {
        let mustWake = shared.withLock { shared in
            shared.flushIsScheduled = false
            Self.pump(&shared, now: Clock.now())
            return prepareThread(&shared)
        }
        if mustWake { wake() }
    }

    /// Whether the thread must be woken. Starts it where there is none and there is something to do.
    private func prepareThread(_ shared: inout Shared) -> Bool {
        guard shared.threadRuns else {
            guard !shared.session.isClosed, shared.session.nextMoment != Clock.never else { return false }
            startThread(&shared)
            return false
        }
        // Awake: it looks at everything before it sleeps.
        guard shared.sleepsUntil > 0 else { return false }
        let hasOutput = !shared.flushIsScheduled && shared.session.connection?.output.isEmpty == false
        return shared.session.isClosed || shared.writeError != 0 || (hasOutput && !shared.sleepsForOutput)
            || shared.session.nextMoment < shared.sleepsUntil
    }

    private func startThread(_ shared: inout Shared) {
        let error: Int32
        if wakeup < 0 {
            error = EMFILE
        } else {
            // The thread owns this reference until it ends.
            let context = Unmanaged.passRetained(self)
            error = coffer_client_thread(
                { argument in
                    guard let argument else { return }
                    Unmanaged<Engine>.fromOpaque(argument).takeRetainedValue().run()
                }, context.toOpaque(), "coffer-client")
            if error != 0 { context.release() }
        }
        if error == 0 {
            shared.threadRuns = true
        } else {
            shared.session.failAll(ClientError(.unreachable, "no thread for the connection: \(describe(error))", retry: .now))
        }
    }

    private func wake() {
        var one: UInt64 = 1
        _ = write(wakeup, &one, 8)
    }

    // MARK: Under the lock

    /// Writes output and admits waiting calls until the socket or the callers have no more.
    static func pump(_ shared: inout Shared, now: UInt64) {
        guard shared.socket >= 0, shared.writeError == 0 else { return }
        while let output = shared.session.connection?.output, !output.isEmpty {
            let bytes = output.bytes
            let sent = coffer_client_send(shared.socket, bytes.baseAddress, bytes.count)
            guard sent > 0 else {
                if sent != -Int(EAGAIN) { shared.writeError = sent == 0 ? EPIPE : Int32(-sent) }
                return
            }
            shared.session.connection?.wrote(sent)
            if output.isEmpty { shared.session.admit(now: now) }
        }
    }
}

/// The system's name for an error number.
func describe(_ error: Int32) -> String {
    strerror(error).map { String(cString: $0) } ?? "error \(error)"
}
