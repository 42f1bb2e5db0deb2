import CofferUpstream

/// How a refresh ended, for those who waited.
struct RefreshEnd: Sendable {
    /// `nil`: what was wanted is there, durably.
    var error: CredentialError?
    /// Of the last dial.
    var result: StepResult?
    var dialled = false
    /// Unix milliseconds at which the rest must be tried again, because a grace time runs out; 0: never by itself.
    var resumesAt: UInt64 = 0
}
