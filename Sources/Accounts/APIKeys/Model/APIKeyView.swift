/// What a key spent and has left, at this moment. Quota units.
public struct APIKeyState: Equatable, Sendable {
    public var unlimited: Bool
    /// Of an unlimited key it counts down freely, below zero too.
    public var remaining: Int64
    public var used: Int64
    /// In open reservations; not in `remaining`.
    public var reserved: Int64
    /// What crashes of the daemon took along (formats.md 11).
    public var forfeited: Int64
    /// Unix milliseconds of the last charge; 0: never.
    public var accessed: UInt64
    /// Open reservations.
    public var inFlight: UInt32
    /// Of the running day and month in the key's time zone.
    public var dayUsed: Int64
    public var monthUsed: Int64
}

/// A key together with its state.
public struct APIKeyView: Equatable, Sendable {
    public var key: APIKey
    public var state: APIKeyState
}
