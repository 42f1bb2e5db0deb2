import CofferWire

/// The calls of one client and the connection that carries them, if there is one: who waits, who is in flight, what
/// is sent again after a break, what has waited too long. Does no I/O and reads no clock: `now` is nanoseconds of
/// any monotonic clock.
struct Session {
    struct Call {
        enum Phase {
            case waiting
            /// `mark`: the call was sent once so many bytes of the connection were written.
            case inFlight(requestID: UInt32, mark: UInt64)
        }
        let spec: CallSpec
        let receiver: any CallReceiver
        let started: UInt64
        var deadline: UInt64
        var phase = Phase.waiting
        /// How often the whole request was written to a connection that broke.
        var losses = 0
        /// Whether a frame has arrived for it.
        var touched = false
    }

    /// How much later than the deadline that the server knows the client gives up: the server's answer is better.
    static let grace: UInt64 = 250_000_000
    /// Output above which further calls wait in the client.
    static let highWater = 1_048_576

    let configuration: ClientConfiguration
    var connection: ConnectionState?
    var calls: [CallID: Call] = [:]
    /// Waiting calls in order; those that were cancelled meanwhile are skipped.
    var waiting: ArraySlice<CallID> = []
    var inFlight: [UInt32: CallID] = [:]
    /// What the owner runs after it has released the lock.
    var effects: [Effect] = []
    /// When the next attempt to connect may be made.
    var nextAttempt: UInt64 = 0
    /// No deadline lies before this moment.
    var earliest = Clock.never
    /// Why there is no connection, since the last one or the last attempt.
    var lastError: ClientError?
    var disconnected: UInt64 = 0
    /// When an attempt or a connection failed last.
    var lastBreak: UInt64 = 0
    var greetingDeadline = Clock.never
    var isClosed = false
    private var backoff: Backoff

    init(_ configuration: ClientConfiguration) {
        self.configuration = configuration
        backoff = Backoff(
            initial: configuration.backoffInitial.nanoseconds, maximum: configuration.backoffMaximum.nanoseconds)
    }

    /// Whether somebody waits for a connection that does not exist.
    var wantsConnection: Bool {
        connection == nil && !isClosed && waiting.contains { calls[$0] != nil }
    }

    // MARK: Calls

    mutating func start(_ id: CallID, _ spec: CallSpec, _ receiver: any CallReceiver, now: UInt64) {
        let call = Call(
            spec: spec, receiver: receiver, started: now,
            deadline: spec.timeout == 0 ? Clock.never : Clock.after(now, spec.timeout))
        guard !isClosed else { return run(receiver.fail(Self.closedError)) }
        earliest = min(earliest, call.deadline, connectDeadline(of: call))
        // Mostly nobody waits, and it is sent at once.
        if waiting.isEmpty, hasRoom { return send(id, call, now: now) }
        calls[id] = call
        waiting.append(id)
        admit(now: now)
    }

    /// Ends a call for its caller. A request that is in flight is cancelled; its id stays taken until the server has
    /// finished it.
    mutating func cancel(_ id: CallID, _ error: any Error) {
        guard let call = calls.removeValue(forKey: id) else { return }
        if case .inFlight(let requestID, _) = call.phase {
            inFlight[requestID] = nil
            connection?.cancel(requestID)
        }
        run(call.receiver.fail(error))
    }

    /// Lets `body` send a frame for a call that is in flight.
    /// - Returns: whether it is.
    mutating func follow(_ id: CallID, _ body: (inout ConnectionState, UInt32) -> Void) -> Bool {
        guard case .inFlight(let requestID, _)? = calls[id]?.phase else { return false }
        return connection?.with(requestID, body) != nil
    }

    /// Moves waiting calls into the connection while it has room.
    mutating func admit(now: UInt64) {
        while hasRoom, let id = waiting.popFirst() {
            if let call = calls[id] { send(id, call, now: now) }
        }
    }

    private var hasRoom: Bool { connection?.hasRoom == true && (connection?.output.count ?? 0) < Self.highWater }

    /// Puts a call into the connection, which has room for it, or fails it.
    private mutating func send(_ id: CallID, _ call: Call, now: UInt64) {
        guard connection?.fits(call.spec.body) == true else {
            calls[id] = nil
            return run(call.receiver.fail(ClientError(.tooLarge, "the request is larger than the daemon's largest frame")))
        }
        guard call.deadline > now else {
            calls[id] = nil
            return run(call.receiver.fail(timedOut(call)))
        }
        var deadline: UInt32 = 0
        if !call.spec.isStream, call.deadline != Clock.never {
            deadline = UInt32(clamping: max(1, (call.deadline - now) / 1_000_000))
        }
        guard
            let requestID = connection?.request(call.spec.operation, deadline: deadline, body: call.spec.body), let mark = connection?.appended
        else { return }
        var call = call
        call.phase = .inFlight(requestID: requestID, mark: mark)
        calls[id] = call
        inFlight[requestID] = id
    }

    // MARK: The connection

    /// A connection was made: greets.
    mutating func connected(now: UInt64) {
        connection = ConnectionState(tenant: configuration.tenant, clientName: configuration.clientName)
        let patience = configuration.connectTimeout.nanoseconds
        greetingDeadline = Clock.after(now, patience == 0 ? 5_000_000_000 : patience)
    }

    /// No connection could be made, or it broke. Calls wait, are sent again or fail.
    mutating func broke(_ error: ClientError, now: UInt64) {
        let written = connection?.written ?? 0
        connection?.close()
        connection = nil
        greetingDeadline = Clock.never
        if lastError == nil { disconnected = now }
        lastError = error
        lastBreak = now
        var wait = backoff.next()
        if case .after(let milliseconds) = error.retry { wait = max(wait, UInt64(milliseconds) * 1_000_000) }
        nextAttempt = Clock.after(now, wait)

        var again: [CallID] = []
        for (_, id) in inFlight.sorted(by: { $0.value.number < $1.value.number }) {
            guard var call = calls[id], case .inFlight(_, let mark) = call.phase else { continue }
            let wasSent = mark <= written
            if wasSent { call.losses += 1 }
            let mayRepeat = !wasSent || (call.spec.isRepeatable && !call.touched && call.losses < 2)
            if mayRepeat && !error.isLasting {
                call.phase = .waiting
                calls[id] = call
                again.append(id)
            } else {
                calls[id] = nil
                run(call.receiver.fail(lost(call, error, wasSent: wasSent)))
            }
        }
        inFlight = [:]
        waiting = ArraySlice(again) + waiting
        if error.isLasting {
            for id in waiting { cancel(id, error) }
            waiting = []
        }
        expire(now: now)
    }

    /// Works through what was received.
    mutating func process(now: UInt64) {
        while let action = connection?.next() {
            switch action {
            case .opened: admit(now: now)
            case .confirmed:
                greetingDeadline = Clock.never
                lastError = nil
                backoff.reset()
            case .closed(let error): broke(error, now: now)
            case .frame(let requestID, let kind, let body, let final):
                deliver(requestID, kind, body, final: final, now: now)
            }
        }
        admit(now: now)
    }

    private mutating func deliver(_ requestID: UInt32, _ kind: FrameKind, _ body: Range<Int>, final: Bool, now: UInt64) {
        // No call: it was cancelled, and these are its last frames.
        guard let open = connection, let hello = open.hello, let id = inFlight[requestID], let call = calls[id] else {
            return
        }
        let bytes = UnsafeRawBufferPointer(rebasing: open.input.bytes[body])
        do throws(WireError) {
            run(try call.receiver.receive(kind, bytes, final: final, hello: hello))
        } catch {
            broke(ClientError(error), now: now)
            return
        }
        if final {
            calls[id] = nil
            inFlight[requestID] = nil
        } else {
            calls[id]?.touched = true
            // A watch that is open waits for events as long as it takes.
            if [.watch, .tokenWatch].contains(call.spec.operation) { calls[id]?.deadline = Clock.never }
        }
    }

    /// Fails everything, for good.
    mutating func close() {
        isClosed = true
        connection?.close()
        connection = nil
        for (_, call) in calls {
            var outcome = Outcome.none
            if call.spec.changes, call.losses > 0 { outcome = .unknown }
            if call.spec.changes, case .inFlight = call.phase { outcome = .unknown }
            run(call.receiver.fail(Self.closedError.with(outcome: outcome)))
        }
        calls = [:]
        waiting = []
        inFlight = [:]
    }

    /// Fails everything that is there; later calls may try again.
    mutating func failAll(_ error: ClientError) {
        for id in Array(calls.keys) { cancel(id, error) }
        waiting = []
    }

    mutating func run(_ effect: Effect?) {
        if let effect { effects.append(effect) }
    }
}
