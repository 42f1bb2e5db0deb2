import Foundation

/// How much in how much time. 0: no limit. One quota unit counts as one token.
public struct Windows: Equatable, Sendable {
    public var requestsPerMinute: UInt32
    /// Quota units per calendar day of `timeZone`, 0 to 500,000,000,000,000; so the month.
    public var tokensPerDay: Int64
    public var tokensPerMonth: Int64
    /// An IANA name such as `Europe/Berlin`.
    public var timeZone: String
    /// Open reservations at once.
    public var inFlight: UInt32

    public static let none = Windows()

    public init(
        requestsPerMinute: UInt32 = 0, tokensPerDay: Int64 = 0, tokensPerMonth: Int64 = 0, timeZone: String = "UTC", inFlight: UInt32 = 0
    ) {
        self.requestsPerMinute = requestsPerMinute
        self.tokensPerDay = tokensPerDay
        self.tokensPerMonth = tokensPerMonth
        self.timeZone = timeZone
        self.inFlight = inFlight
    }

    var limitsTokens: Bool { tokensPerDay > 0 || tokensPerMonth > 0 }
    var limitsAnything: Bool { limitsTokens || requestsPerMinute > 0 || inFlight > 0 }

    func check() throws(AccountError) {
        guard (0...APIKeyLimits.quota).contains(tokensPerDay) else { throw .outOfRange("tokens_per_day") }
        guard (0...APIKeyLimits.quota).contains(tokensPerMonth) else { throw .outOfRange("tokens_per_month") }
        guard timeZone.utf8.count <= APIKeyLimits.shortText, TimeZone(identifier: timeZone) != nil else {
            throw AccountError(.invalidArgument, "time_zone", "the time zone is not known on this machine")
        }
    }
}
