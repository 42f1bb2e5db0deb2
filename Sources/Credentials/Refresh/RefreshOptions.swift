import CofferUpstream

/// How a refresh that somebody asks for is done.
public struct RefreshOptions: Equatable, Sendable {
    /// The session is got anew by logging in, whatever tokens are there.
    public var relogin = false
    /// Also from `needs-person` and `dead`: a person takes the risk that a single-use token is presented twice.
    public var again = false
    /// Also before a cooling ends: a person does not want to wait.
    public var hastens = false
    /// Only where one of the kinds is due by now; otherwise nothing is dialled. For what happens by itself: somebody else may have been
    /// first.
    public var onlyIfDue = false
    /// Token kinds to get anew, all of them: `access`, `share`, …
    public var kinds: Set<String> = ["access"]
    /// Steps of purpose info or summary behind it; what they come to changes nothing about the refresh.
    public var optionalSteps: [String] = []

    public init(
        relogin: Bool = false, again: Bool = false, hastens: Bool = false, onlyIfDue: Bool = false, kinds: Set<String> = ["access"],
        optionalSteps: [String] = []
    ) {
        self.onlyIfDue = onlyIfDue
        self.relogin = relogin
        self.again = again
        self.hastens = hastens
        self.kinds = kinds
        self.optionalSteps = optionalSteps
    }
}

/// What a refresh came to.
public struct RefreshReport: Sendable {
    /// As it is now, with its new state.
    public var credential: Credential
    /// Of the last dial; `nil`: nothing was dialled.
    public var result: StepResult?
    public var dialled: Bool
    /// Why the tokens asked for are not there; `nil`: they are. A refresh that was dialled in vain is reported here, not thrown.
    public var error: CredentialError?
    /// Results of ``RefreshOptions/optionalSteps``, by step.
    public var optional: [String: StepResult]

    public var isRenewed: Bool { error == nil }

    public init(
        credential: Credential, result: StepResult? = nil, dialled: Bool = false, error: CredentialError? = nil,
        optional: [String: StepResult] = [:]
    ) {
        self.credential = credential
        self.result = result
        self.dialled = dialled
        self.error = error
        self.optional = optional
    }
}

/// What a liveness check came to.
public struct CheckReport: Sendable {
    public enum Verdict: String, Sendable, CaseIterable {
        case live
        /// The second definite verdict, at least ten minutes behind the first (decisions 16).
        case dead
        /// The first.
        case suspect
        /// The upstream could not be asked, made no sense, or spoke about a token that is no longer there.
        case unknown
    }

    public var verdict: Verdict
    public var credential: Credential
    /// `nil`: nothing was dialled.
    public var result: StepResult?
    /// For people; at most 200 bytes.
    public var reason: String

    public init(verdict: Verdict, credential: Credential, result: StepResult? = nil, reason: String) {
        self.verdict = verdict
        self.credential = credential
        self.result = result
        self.reason = reason
    }
}
