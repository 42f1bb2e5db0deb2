/// How a credential stands. Written by the refresh machine alone, in a record of its own.
public struct CredentialState: Equatable, Sendable {
    public enum Phase: UInt8, Sendable, CaseIterable {
        /// Nothing is wrong: fresh or due, as its tokens' times say.
        case idle = 0
        /// A refresh has been claimed, durably; nothing was sent yet.
        case claimed = 1
        /// It may have been sent.
        case dialled = 2
        /// The last attempt failed without a verdict, or was refused for now; not again before `until`.
        case cooling = 3
        /// Nothing happens by itself until a person acts.
        case needsPerson = 4
        /// The upstream said that it is over.
        case dead = 5
    }

    /// One change of the phase.
    public struct Transition: Equatable, Sendable {
        /// Unix milliseconds.
        public var time: UInt64
        public var from: Phase
        public var to: Phase
        /// At most 200 bytes; never a secret.
        public var why: String

        public init(time: UInt64, from: Phase, to: Phase, why: String) {
            self.time = time
            self.from = from
            self.to = to
            self.why = why
        }
    }

    public static let historyLength = 16

    public var phase: Phase = .idle
    /// Unix milliseconds.
    public var since: UInt64 = 0
    /// End of cooling, Unix milliseconds.
    public var until: UInt64 = 0
    /// Why it is cooling, dead or in need of a person; at most 200 bytes.
    public var reason = ""
    /// Failures in a row.
    public var failures: UInt16 = 0
    /// Last success, Unix milliseconds; 0: never.
    public var lastRefresh: UInt64 = 0
    /// Last liveness check that came to a verdict, Unix milliseconds; 0: never.
    public var lastCheck: UInt64 = 0
    /// When a check first said dead, without being contradicted since; 0: never (decisions 16 wants two, ten minutes apart).
    public var suspectSince: UInt64 = 0
    /// When the upstream refused the login, Unix milliseconds; 0: it did not, or a new one was given since. Nobody logs in by himself again.
    public var loginRefused: UInt64 = 0
    /// Number of the last claim; grows for ever.
    public var fence: UInt64 = 0
    /// Fingerprint of a token that was presented and whose answer was lost: it is not presented again unless a person says so. Empty: none.
    public internal(set) var doubtful: [UInt8] = []
    /// What the last attempt came to, for people; at most 200 bytes.
    public var result = ""
    public var resultTime: UInt64 = 0
    /// The last attempts' changes of phase, the newest last.
    public var history: [Transition] = []

    public init() {}

    /// Whether something stands against it that a new token or login ends.
    var isTroubled: Bool { phase != .idle || suspectSince != 0 || failures != 0 || loginRefused != 0 }

    /// Whether other settings may be what was missing: it failed for no reason that lies in a token or a login. A token of which nobody
    /// knows whether it is used up stays where it is.
    var endsWithSettings: Bool {
        switch phase {
        case .cooling: failures != 0
        case .needsPerson: doubtful.isEmpty && loginRefused == 0
        case .idle, .claimed, .dialled, .dead: false
        }
    }

    /// Changes the phase and keeps the change in the history.
    public mutating func move(to phase: Phase, at time: UInt64, why: String) {
        if phase != self.phase {
            history.append(Transition(time: time, from: self.phase, to: phase, why: Self.bounded(why)))
            if history.count > Self.historyLength { history.removeFirst(history.count - Self.historyLength) }
            since = time
        }
        self.phase = phase
        if phase != .cooling { until = 0 }
        reason = phase == .idle || phase == .claimed || phase == .dialled ? "" : Self.bounded(why)
    }

    /// At most 200 bytes, cut between characters.
    public static func bounded(_ text: String) -> String {
        var text = text
        while text.utf8.count > 200 { text.removeLast() }
        return text
    }
}

extension CredentialState.Phase {
    /// As people and programs read it.
    public var word: String {
        switch self {
        case .idle: "idle"
        case .claimed: "claimed"
        case .dialled: "dialled"
        case .cooling: "cooling"
        case .needsPerson: "needs-person"
        case .dead: "dead"
        }
    }
}

extension Credential {
    /// One word for how it stands: `fresh`, `due`, `claimed`, `dialled`, `cooling`, `needs-person`, `dead`, `suspect`, `disabled`, or
    /// `empty` where no access token was ever got.
    /// - Parameter lead: seconds before its expiry at which a token is due.
    public func word(now: UInt64, lead: UInt32 = 0) -> String {
        if !isEnabled { return "disabled" }
        guard state.phase == .idle else { return state.phase.word }
        if state.suspectSince != 0 { return "suspect" }
        guard let access = fact("access") else { return "empty" }
        return access.isDue(at: now, lead: lead) ? "due" : "fresh"
    }
}
