/// When a credential is refreshed by itself, or why it is not.
public struct NextRefresh: Equatable, Sendable {
    /// Unix milliseconds; `nil`: it is not planned.
    public var due: UInt64?
    /// For people.
    public var why: String

    public init(due: UInt64?, why: String) {
        self.due = due
        self.why = why
    }
}

/// What the rule "before expiry" has in front of it, of all tenants.
public struct RefreshOutlook: Equatable, Sendable {
    /// Credentials that are planned.
    public var count: Int
    /// Those whose time has come and that wait for their turn, or run.
    public var running: Int
    /// The next one; `nil`: none is planned.
    public var next: (credential: UInt64, due: UInt64)? {
        nextCredential.map { ($0, nextDue) }
    }

    var nextCredential: UInt64?
    var nextDue: UInt64 = 0

    init(count: Int, running: Int, next: (credential: UInt64, due: UInt64)?) {
        self.count = count
        self.running = running
        nextCredential = next?.credential
        nextDue = next?.due ?? 0
    }
}
