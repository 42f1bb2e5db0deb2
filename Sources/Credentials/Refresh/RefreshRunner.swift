import CofferStore
import CofferUpstream

/// One refresh of one credential from its claim to its end. Runs in a task of its own that no asker's time-out or cancel reaches.
///
/// The only place that presents a token which could be used up: every refresh comes by here.
struct RefreshRunner: Sendable {
    let engine: RefreshEngine
    let number: UInt64

    /// Dials of one refresh: the longest way has four steps, a dead session makes it begin anew.
    private static let most = 12

    private var planning: RefreshPlanning {
        RefreshPlanning(context: engine.context, providers: engine.providers, number: number)
    }

    func run() async -> RefreshEnd {
        var end = RefreshEnd()
        do throws(CredentialError) {
            let last = try await dials(&end)
            end.error = last.error
            end.resumesAt = last.resumesAt
        } catch { end.error = error }
        return end
    }

    private func dials(_ end: inout RefreshEnd) async throws(CredentialError) -> RefreshEnd {
        var fence: UInt64 = 0
        var isAgain = false
        for _ in 0..<Self.most {
            let turn = try await enter(fence)
            let sent: Sent
            do throws(CredentialError) {
                if fence == 0 || isAgain {
                    switch try await claim(isAgain) {
                    case .over(let over):
                        leave(turn)
                        return over
                    case .claimed(let claimed): fence = claimed
                    }
                    isAgain = false
                }
                sent = try await dial(fence, turn)
            } catch {
                leave(turn)
                throw error
            }
            leave(turn)
            switch sent {
            case .over(let over): return over
            case .again: isAgain = true
            case .answered(let journal, let result):
                end.dialled = true
                end.result = result
                switch await save(journal, result) {
                case .next(let next): fence = next
                case .over(let over): return over
                }
            }
        }
        return try await withdraw(fence, "the way to a token has too many steps")
    }

    // MARK: The provider's turn

    private struct Turn {
        var provider: String
        var ticket: UInt64
    }

    private func enter(_ fence: UInt64) async throws(CredentialError) -> Turn {
        let name = engine.context.directory.credential(number)?.provider ?? ""
        let provider = engine.providers.find(name)
        do throws(CredentialError) {
            return Turn(
                provider: name,
                ticket: try await engine.turns.enter(name, concurrency: provider?.concurrency ?? 1, gap: provider?.gap ?? 0))
        } catch {
            if fence != 0 { _ = try await withdraw(fence, error.message) }
            throw error
        }
    }

    private func leave(_ turn: Turn) { engine.turns.leave(turn.provider, turn.ticket) }

    // MARK: Steps

    private func claim(_ isAgain: Bool) async throws(CredentialError) -> RefreshPlanning.Begun {
        let (planning, registry) = (planning, engine.registry)
        return try await engine.writer.write(number) { () throws(CredentialError) in
            guard var wish = registry.plan(planning.number), registry.isOpen else { throw RefreshRegistry.stopping }
            if isAgain { wish.need = .rest }
            return try planning.begin(wish)
        }
    }

    private enum Sent {
        case answered(RefreshJournal, StepResult)
        case again
        case over(RefreshEnd)
    }

    private func dial(_ fence: UInt64, _ turn: Turn) async throws(CredentialError) -> Sent {
        let planning = planning
        let registry = engine.registry
        let decided: RefreshPlanning.Turn
        do throws(CredentialError) {
            decided = try await engine.writer.write(number) { () throws(CredentialError) in
                guard registry.isOpen else { throw RefreshRegistry.stopping }
                return try planning.turn(fence)
            }
        } catch {
            // Whether or not the commit is there: nothing was sent, and the store must say so before anybody dials again.
            _ = try await withdraw(fence, error.message)
            throw error
        }
        switch decided {
        case .over(let over): return .over(over)
        case .again: return .again
        case .send(let call, let journal):
            engine.turns.started(turn.provider, turn.ticket)
            let result = RefreshSaving.checked(await engine.context.transport.send(call), of: call.step)
            engine.count(dial: turn.provider, result.verdict)
            return .answered(journal, result)
        }
    }

    /// Keeps the answer until it is durable: nobody is told before, and nothing is dialled meanwhile.
    private func save(_ journal: RefreshJournal, _ result: StepResult) async -> RefreshSaving.Saved {
        // Stopped: a call that was broken off says nothing. Its journal is judged at the next start.
        if engine.isAbandoned, result.verdict == .down, result.wasSent { return .over(RefreshEnd(error: RefreshRegistry.stopping)) }
        let (planning, registry) = (planning, engine.registry)
        var pauses = SavingPauses()
        defer { if pauses.count > 0 { engine.unsaved(-1) } }
        while true {
            let isBare = pauses.isBare
            do throws(CredentialError) {
                return try await engine.writer.write(number) { () throws(CredentialError) in
                    // Wishes that joined in between count: their kinds were covered.
                    let wish = registry.plan(planning.number)
                        ?? RefreshWish(kinds: journal.attempt.task.kinds, need: .rest, principal: "coffer")
                    return try RefreshSaving(planning: planning, journal: journal, result: result, wish: wish, isBare: isBare).plan()
                }
            } catch {
                if error.code == .notFound { return .over(RefreshEnd(error: error)) }
                if pauses.count == 0 { engine.unsaved(1) }
                if engine.isAbandoned { return .over(RefreshEnd(error: error)) }
                await engine.context.options.alarm.wait(pauses.next(error))
            }
        }
    }

    /// Nothing was sent: written until it is durable, for a claim that stays would look like a dial that may have been sent.
    private func withdraw(_ fence: UInt64, _ reason: String) async throws(CredentialError) -> RefreshEnd {
        let planning = planning
        var pauses = SavingPauses()
        while true {
            do throws(CredentialError) {
                return try await engine.writer.write(number) { () throws(CredentialError) in try planning.withdraw(fence, reason: reason) }
            } catch {
                if error.code == .notFound || engine.isAbandoned || !engine.registry.isOpen { throw error }
                await engine.context.options.alarm.wait(pauses.next(error))
            }
        }
    }
}

/// How long to wait before a commit is tried again.
struct SavingPauses: Sendable {
    private(set) var count = 0
    /// What is only kept for people is left out: the store refused the commit for what is in it.
    private(set) var isBare = false

    /// Milliseconds: 100, doubled up to half a minute.
    mutating func next(_ error: CredentialError) -> UInt64 {
        if error.code == .invalidArgument || error.code == .conflict { isBare = true }
        let pause = min(100 << UInt64(min(count, 9)), 30_000)
        count += 1
        return UInt64(pause)
    }
}
