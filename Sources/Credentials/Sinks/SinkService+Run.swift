import CofferAccounts
import CofferStore
import CofferUpstream
import Dispatch
import Logging
import Synchronization

extension SinkService {
    private static let logger = Logger(label: "coffer.sinks")

    /// Renders a sink now, disabled or not, runs its action even where the file is the same, and waits for the end of both.
    /// - Returns: the sink; ``SinkState/error`` says what went wrong.
    /// - Throws: `notFound`, `denied`, `locked`.
    public func run(
        _ number: UInt64, where isAllowed: @escaping Permission<Sink> = { _ in true }
    ) async throws(CredentialError) -> Sink {
        try context.directory.requireReady()
        guard isAllowed(try existing(number)) else { throw .notAllowed }
        try context.requireInEarnest()
        let now = context.now
        let result: Result<Sink, CredentialError> = await withCheckedContinuation { continuation in
            let isStopped = desk.withLock { desk in
                guard !desk.isStopped else { return true }
                var work = desk.work[number] ?? SinkWork()
                work.debounce.force(at: now)
                work.wantsAction = true
                work.waiters.append { continuation.resume(returning: $0) }
                desk.work[number] = work
                return false
            }
            if isStopped {
                continuation.resume(returning: .failure(CredentialError(.failed, "", "the daemon stops")))
            } else {
                timer.nudge()
            }
        }
        return try result.get()
    }

    // MARK: A beat, on the sinks' thread

    /// - Returns: milliseconds until something is due; `nil`: nothing is.
    func beat() -> UInt64? {
        guard !context.directory.isLocked else { return nil }
        noteChanges(context.now)
        let sinks = list()
        let now = context.now
        for sink in sinks {
            let begins = desk.withLock { desk -> SinkWork? in
                guard !desk.isStopped, let work = desk.work[sink.number], !work.isBusy, let due = work.debounce.due, due <= now else {
                    return nil
                }
                desk.work[sink.number]?.debounce.begin()
                desk.work[sink.number]?.wantsAction = false
                // A change of a disabled one is of no interest until somebody asks.
                guard sink.isEnabled || !work.waiters.isEmpty else { return nil }
                desk.work[sink.number]?.isBusy = true
                // Whoever asks from now on waits for the next run: this one may have read already.
                desk.work[sink.number]?.waiters = []
                return work
            }
            if let begins { run(sink, wantsAction: begins.wantsAction, begins.waiters) }
        }
        dropGone(Set(sinks.map(\.number)))
        let later = context.now
        return desk.withLock { desk in desk.work.values.filter { !$0.isBusy }.compactMap(\.debounce.due).min() }
            .map { $0 > later ? $0 - later : 0 }
    }

    private func noteChanges(_ now: UInt64) {
        let changes = desk.withLock { desk in
            defer { desk.changes = SinkChanges() }
            return desk.changes
        }
        guard !changes.isEmpty else { return }
        for sink in list() where sink.isEnabled {
            let shown = desk.withLock { $0.work[sink.number]?.shown }
            guard concerns(sink, changes, shown) else { continue }
            desk.withLock { $0.work[sink.number, default: SinkWork()].debounce.change(at: now) }
        }
    }

    private func concerns(_ sink: Sink, _ changes: SinkChanges, _ shown: Set<UInt64>?) -> Bool {
        guard let shown, !changes.isEverything, !changes.sinks.contains(sink.number) else { return true }
        if case .renderer = sink.content { return !changes.credentials.isEmpty || !changes.states.isEmpty }
        if changes.credentials.contains(where: { shown.contains($0) }) { return true }
        let members = sink.target.pool.isEmpty ? nil : self.members(sink.tenant, sink.target.pool)
        return changes.credentials.union(changes.states).contains { number in
            let isShown = context.directory.credential(number).map { Self.isShown($0, by: sink, members) } ?? false
            return isShown != shown.contains(number)
        }
    }

    private func dropGone(_ there: Set<UInt64>) {
        let waiters = desk.withLock { desk in
            var waiters: [SinkDesk.Waiter] = []
            for number in desk.work.keys where !there.contains(number) && desk.work[number]?.isBusy == false {
                waiters += desk.work[number]?.takeWaiters() ?? []
                desk.work[number] = nil
            }
            return waiters
        }
        for waiter in waiters { waiter(.failure(CredentialError(.notFound, "sink", "the sink was deleted"))) }
    }

    // MARK: One run

    private func run(_ sink: Sink, wantsAction: Bool, _ waiters: [SinkDesk.Waiter]) {
        var state = sink.state
        do throws(CredentialError) {
            try write(sink, &state)
        } catch {
            end(sink, state, error: error, waiters)
            return
        }
        guard sink.action != .nothing, state.isActionDue || wantsAction else {
            end(sink, state, error: nil, waiters)
            return
        }
        let file = state
        perform(sink.action) { error in
            var state = file
            if error == nil {
                state.isActionDue = false
                state.lastAction = self.context.now
            } else {
                state.isActionDue = true
            }
            self.end(sink, state, error: error, waiters)
        }
    }

    /// Renders, and writes where the file is not that already.
    private func write(_ sink: Sink, _ state: inout SinkState) throws(CredentialError) {
        let content = try rendered(sink)
        let file = try file(of: sink)
        let digest = SinkFile.digest(content)
        let present = try file.present(content, ours: [state.digest, state.begunDigest])
        if case .same = present {
            if state.digest != digest { (state.digest, state.size) = (digest, UInt64(content.count)) }
            return
        }
        // Whatever happens from here on: what lies there is known to be ours, and its action is not forgotten.
        state.begunDigest = digest
        state.isActionDue = sink.action != .nothing
        try save(sink.number, state)
        let now = context.now
        if case .foreign(let bytes) = present {
            let name = try file.keep(bytes, now: now)
            (state.kept, state.keptTime) = (name, now)
            Self.logger.warning(
                "a sink's file was changed by somebody else; what it held is kept beside it",
                metadata: ["sink": "\(sink.name.description)", "path": "\(sink.path)", "kept": "\(name)"])
        }
        try file.replace(with: content)
        (state.digest, state.begunDigest) = (digest, [])
        (state.lastWrite, state.size) = (now, UInt64(content.count))
    }

    private func rendered(_ sink: Sink) throws(CredentialError) -> SecretBuffer {
        // A pool that got another name or went is no pool without members: the file stays what it was.
        guard sink.target.pool.isEmpty || members(sink.tenant, sink.target.pool) != nil else {
            throw CredentialError(.notFound, "target", "there is no pool of this name")
        }
        let shown = shown(by: sink)
        // Before the tokens are read: what changes meanwhile is a change anew.
        desk.withLock { $0.work[sink.number]?.shown = Set(shown.map(\.number)) }
        switch sink.content {
        case .template(let template):
            let element = try SinkElement(template)
            let context = context
            return try SinkRendering(template: template, element: element).render(shown) { (number, kind) throws(CredentialError) in
                try context.token(of: number, kind: kind)
            }
        case .renderer(let name):
            guard let renderer = renderer(name) else {
                throw CredentialError(.failed, "renderer", "no door of this daemon knows the renderer '\(name)'")
            }
            return try renderer.render(sink)
        }
    }

    /// - Parameter completion: on the sinks' thread, at once or later.
    private func perform(_ action: SinkAction, completion: @escaping @Sendable (CredentialError?) -> Void) {
        let queue = timer.queue
        switch action {
        case .nothing: completion(nil)
        case .signal(let signal, let file):
            do throws(CredentialError) {
                try SignalAction(signal, pidFile: file).perform()
                completion(nil)
            } catch {
                completion(error)
            }
        case .call(let method, let url, let timeout):
            do throws(CredentialError) {
                let call = try SinkAction.prepared(method, url, timeout, context.options.addresses)
                context.transport.send(call) { result in
                    let error = result.verdict == .ok ? nil : CredentialError(.upstream, "url", "the call failed: \(result.reason)")
                    queue.async { completion(error) }
                }
            } catch {
                completion(error)
            }
        }
    }

    /// On the sinks' thread.
    private func end(_ sink: Sink, _ ended: SinkState, error: CredentialError?, _ waiters: [SinkDesk.Waiter]) {
        var state = ended
        let now = context.now
        state.error = error.map { CredentialState.bounded($0.description) } ?? ""
        state.failures = error == nil ? 0 : sink.state.failures &+ (sink.state.failures == .max ? 0 : 1)
        let isStopped = desk.withLock { $0.isStopped }
        if !isStopped, state != sink.state || !waiters.isEmpty {
            state.lastRun = now
            // What cannot be written is found out again: the file itself is as it is.
            do throws(CredentialError) { try save(sink.number, state) } catch {
                Self.logger.warning(
                    "a sink's state could not be saved", metadata: ["sink": "\(sink.name.description)", "why": "\(error.message)"])
            }
        }
        if let error, sink.state.failures == 0 {
            Self.logger.warning("a sink failed", metadata: ["sink": "\(sink.name.description)", "why": "\(error.description)"])
        }
        let failures = state.failures
        desk.withLock { desk in
            desk.work[sink.number]?.isBusy = false
            // One that is disabled is not tried again by itself.
            if sink.isEnabled || failures == 0 { desk.work[sink.number]?.debounce.end(at: now, failures: failures) }
        }
        let result: Result<Sink, CredentialError> = find(sink.number).map { .success($0) }
            ?? .failure(CredentialError(.notFound, "sink", "the sink was deleted"))
        for waiter in waiters { waiter(result) }
        timer.nudge()
    }
}
