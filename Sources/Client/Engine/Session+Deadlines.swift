import CofferWire

extension Session {
    static let closedError = ClientError(.disconnected, "the client was closed")

    /// The moment at which the owner must call ``tick(now:)``.
    var nextMoment: UInt64 {
        min(earliest, greetingDeadline, wantsConnection ? nextAttempt : Clock.never)
    }

    /// Ends what has waited too long.
    mutating func tick(now: UInt64) {
        if now >= greetingDeadline {
            broke(ClientError(.unreachable, "the daemon took the connection and did not answer", retry: .now), now: now)
        }
        if now >= earliest { expire(now: now) }
    }

    /// Looks at all calls: fails those whose time has come, and finds the next moment to look.
    mutating func expire(now: UInt64) {
        earliest = Clock.never
        if waiting.count > 64, waiting.count / 2 > calls.count { waiting = waiting.filter { calls[$0] != nil } }
        for (id, call) in calls {
            let isWaiting = if case .waiting = call.phase { true } else { false }
            var moment = call.deadline
            if moment != Clock.never {
                if call.spec.isStream, !isWaiting {
                    moment = streamMoment(call, now: now)
                } else if !isWaiting {
                    moment = Clock.after(moment, Self.grace)
                }
            }
            guard moment > now else {
                cancel(id, timedOut(call))
                continue
            }
            // Each call gets one attempt, however short its patience.
            if isWaiting, connection?.isOpen != true, let lastError, lastBreak >= call.started {
                let limit = connectDeadline(of: call)
                guard limit > now else {
                    cancel(id, unreachable(call, lastError))
                    continue
                }
                moment = min(moment, limit)
            }
            earliest = min(earliest, moment)
        }
    }

    /// When a call that has no connection gives up.
    func connectDeadline(of call: Call) -> UInt64 {
        if call.spec.waitsForConnection { return Clock.never }
        return Clock.after(max(call.started, disconnected), configuration.connectTimeout.nanoseconds)
    }

    /// A stream's time runs only while somebody waits for its next piece.
    private func streamMoment(_ call: Call, now: UInt64) -> UInt64 {
        Clock.after(call.receiver.waitingSince ?? now, call.spec.timeout)
    }

    // MARK: Errors

    func timedOut(_ call: Call) -> ClientError {
        var wasSent = call.losses > 0
        if case .inFlight = call.phase { wasSent = true }
        return ClientError(
            .timedOut, "no answer to \(call.spec.operation) within \(call.spec.timeout / 1_000_000) ms",
            outcome: call.spec.changes && wasSent ? .unknown : .none)
    }

    func unreachable(_ call: Call, _ cause: ClientError) -> ClientError {
        let outcome: Outcome = call.spec.changes && call.losses > 0 ? .unknown : .none
        if cause.code.serverCode != nil { return cause.with(outcome: outcome) }
        return ClientError(.unreachable, cause.message, retry: .now, outcome: outcome)
    }

    func lost(_ call: Call, _ cause: ClientError, wasSent: Bool) -> ClientError {
        let unknown = call.spec.changes && (wasSent || call.losses > 0)
        let outcome: Outcome = unknown ? .unknown : .none
        if cause.isLasting { return cause.with(outcome: outcome) }
        return ClientError(
            .disconnected, "the connection broke during \(call.spec.operation): \(cause.message)",
            retry: unknown ? .never : .now, outcome: outcome)
    }
}

extension ClientError {
    /// Whether a new connection would end in the same way.
    var isLasting: Bool {
        switch code.value {
        case .untrustedServer, .protocolViolation, .invalidArgument: true
        case .server: retry == .never
        case .unreachable, .disconnected, .timedOut: false
        }
    }
}
