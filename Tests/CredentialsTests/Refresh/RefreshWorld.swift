import CofferUpstream

@testable import CofferCredentials

/// A store, a process that can be killed, an upstream with its tokens, and a person. Small and obvious: it judges the machine.
struct RefreshWorld {
    let replay: Replay
    private var random: LinearRandom
    private(set) var broken = ""
    private(set) var renewals = 0

    // What lies in the store.
    private var durable = RefreshMachine(state: CredentialState(), journal: nil)
    private var stored: UInt8 = 1
    private var now: UInt64 = 1_000_000

    // What the process knows.
    private enum Position { case idle, claimed(UInt64), dialled(UInt64), answered(UInt64, Answer) }
    private struct Answer {
        var facts: RefreshAnswer
        var token: UInt8?
    }
    private var position = Position.idle
    private var isNew = true
    private var older: [(UInt64, Answer)] = []

    // What the upstream knows.
    private var valid: UInt8 = 1
    private var last: UInt8 = 1
    /// When each token was first taken as used, and whether the answer to it was lost.
    private var used: [UInt8: UInt64] = [:]
    /// Tokens that a person allowed to go out once more.
    private var allowed: Set<UInt8> = []
    /// Whether the person has seen that something is wrong.
    private var isTold = false

    init(replay: Replay, seed: UInt64) {
        self.replay = replay
        random = LinearRandom(seed)
    }

    mutating func step() {
        switch random.below(20) {
        case 0: now += random.below(4) == 0 ? 3_600_000 : random.below(20_000)
        case 1: kill()
        case 2 where random.below(3) == 0: giveToken()
        case 3 where random.below(8) == 0: revive()
        case 4: if let (fence, answer) = older.last { deliver(fence, answer, isLate: true) }
        default: goOn()
        }
        check()
    }

    // MARK: The process

    private mutating func goOn() {
        switch position {
        case .idle: want()
        case .claimed(let fence): turn(fence)
        case .dialled(let fence): dial(fence)
        case .answered(let fence, let answer): deliver(fence, answer, isLate: false)
        }
    }

    private mutating func want() {
        var machine = durable
        if isNew, machine.journal != nil || [.claimed, .dialled].contains(machine.state.phase) {
            if case .settle = machine.take(.restarted, at: now) {
                if commit(machine) { isNew = false }
                return
            }
        }
        let again = random.below(30) == 0
        let attempt = RefreshAttempt(
            step: "refresh", consumes: "refresh", fingerprint: [stored], replay: replay, task: RefreshTask(kinds: ["access"]))
        switch machine.take(.wanted(attempt, RefreshForce(again: again, hastens: again), reason: "test"), at: now) {
        case .claim:
            guard commit(machine) else { return }
            isNew = false
            if again { allowed.insert(stored) }
            position = .claimed(machine.state.fence)
        case .settle: if commit(machine) { isNew = false }
        case .refuse: break
        case .send, .plan: broken = "a wish was answered with a dial"
        }
    }

    private mutating func turn(_ fence: UInt64) {
        var machine = durable
        if random.below(10) == 0 {
            _ = machine.take(.withdrawn(fence: fence, reason: "test", failed: random.below(2) == 0, jitter: 0), at: now)
            if commit(machine) { position = .idle }
            return
        }
        switch machine.take(.turn(fence: fence, fingerprint: [stored]), at: now) {
        case .send:
            guard commit(machine) else {
                // The process knows that nothing was sent, whatever became of the commit; it says so before anything else.
                if case .claimed = position { position = .answered(fence, unsent()) }
                return
            }
            position = .dialled(fence)
            // The request follows its commit at once, unless the process is killed between the two.
            if random.below(10) == 0 { kill() } else { dial(fence) }
        case .plan: position = .idle
        default: broken = "a turn was answered with something else"
        }
    }

    private func unsent() -> Answer {
        Answer(facts: RefreshAnswer(verdict: .down, reason: "unsent", wasSent: false, isUnused: true, stored: [stored]))
    }

    private mutating func dial(_ fence: UInt64) {
        guard let token = durable.journal?.attempt.fingerprint.first else { return }
        var answer = unsent()
        if random.below(6) == 0 {
            position = .answered(fence, answer)
            return
        }
        present(token)
        switch random.below(8) {
        case 0:
            answer.facts = RefreshAnswer(verdict: .limited(retryAfter: 1_000), reason: "later", wasSent: true, isUnused: true, stored: [])
        case 1, 2:
            // Taken, and the answer lost; or lost on the way there.
            if random.below(2) == 0 { take(token) }
            if used[token] == nil { used[token] = now }
            answer.facts = RefreshAnswer(verdict: .down, reason: "lost", wasSent: true, isUnused: false, stored: [])
        default:
            if let next = take(token) {
                let isCut = random.below(6) == 0
                answer.token = next
                answer.facts = RefreshAnswer(
                    verdict: isCut ? .down : .ok, reason: "", wasSent: true, isUnused: false,
                    gives: isCut ? ["refresh"] : ["refresh", "access"], stored: [])
            } else {
                answer.facts = RefreshAnswer(verdict: .dead, reason: "dead", wasSent: true, isUnused: true, stored: [])
            }
        }
        position = .answered(fence, answer)
    }

    private mutating func deliver(_ fence: UInt64, _ given: Answer, isLate: Bool) {
        var answer = given
        var machine = durable
        answer.facts.stored = [stored]
        let presented = machine.journal?.attempt.fingerprint.first
        let action: RefreshMachine.Action
        if !answer.facts.wasSent, machine.journal?.stage != .dialled {
            action = machine.take(.withdrawn(fence: fence, reason: "unsent", failed: false, jitter: 0), at: now)
        } else {
            action = machine.take(.answered(fence: fence, answer.facts, jitter: 0), at: now)
        }
        if isLate {
            if machine != durable { broken = "a doubled answer changed something: \(action)" }
            return
        }
        if action == .settle(.dead), stored == valid, replay == .never { broken = "a token that lives was called dead" }
        let isOurs = action != .settle(.superseded)
        guard commit(machine) else { return }
        // Saved in the same commit; what a person has put there in between stays.
        if let token = answer.token, isOurs, presented == stored { stored = token }
        if action == .settle(.renewed) { renewals += 1 }
        older.append((fence, answer))
        if older.count > 3 { older.removeFirst() }
        position = .idle
    }

    private mutating func commit(_ machine: RefreshMachine) -> Bool {
        switch random.below(12) {
        case 0: return false
        case 1:
            // Killed before the commit.
            kill()
            return false
        default:
            durable = machine
            return true
        }
    }

    private mutating func kill() {
        position = .idle
        older = []
        isNew = true
    }

    // MARK: The upstream

    private mutating func present(_ token: UInt8) {
        if allowed.remove(token) != nil { used[token] = nil }
        guard let first = used[token] else { return }
        switch replay {
        case .never: broken = "token \(token) was presented again"
        case .grace(let seconds): if now - first >= UInt64(seconds) * 1_000 { broken = "token \(token) was presented after its grace time" }
        case .safe: break
        }
    }

    /// Uses a token up.
    /// - Returns: the next one; `nil`: it is not valid.
    @discardableResult
    private mutating func take(_ token: UInt8) -> UInt8? {
        if used[token] == nil { used[token] = now }
        if token != valid {
            // Within the grace time the same answer is given again.
            if case .grace = replay, token == valid &- 1 { return valid }
            return replay == .safe ? valid : nil
        }
        last = last &+ 1
        used[last] = nil
        valid = last
        return valid
    }

    // MARK: The person

    private mutating func giveToken() {
        // The service refuses it while an answer is on its way.
        guard durable.state.phase != .dialled else { return }
        last = last &+ 1
        valid = last
        used[last] = nil
        stored = last
        durable.state.move(to: .idle, at: now, why: "a person")
        durable.state.failures = 0
    }

    private mutating func revive() {
        guard durable.state.phase == .needsPerson || durable.state.phase == .dead else { return }
        durable.state.move(to: .idle, at: now, why: "a person")
        durable.state.doubtful = []
        allowed.insert(stored)
    }

    // MARK: What must hold

    private mutating func check() {
        guard broken.isEmpty else { return }
        let phase = durable.state.phase
        if (phase == .dialled) != (durable.journal?.stage == .dialled) { broken = "state and journal differ: \(phase)" }
        if phase == .idle, durable.journal?.stage == .claimed, durable.state.history.last?.why != "a person" {
            broken = "a claim without a claimant"
        }
        // The living token is in the store, on its way, or somebody is told.
        if phase == .needsPerson || phase == .dead { isTold = true }
        if stored == valid { isTold = false }
        guard !isTold, stored != valid, phase == .idle || phase == .cooling, replay == .never else { return }
        if case .idle = position { broken = "the living token is lost, and nobody is told" }
    }
}

/// A generator that gives the same for a seed.
struct LinearRandom {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }
    mutating func below(_ bound: UInt64) -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state % bound
    }
}
