/// Where requests of HTTP doors are recorded, and whether anything may be answered at all.
public protocol HTTPAudit: Sendable {
    /// False while the audit log cannot be written: every door but the health page then refuses.
    var permits: Bool { get }
    /// Records a request that a door has answered.
    /// - Returns: false where its record had to be durable first and could not be: the answer must not leave.
    func record(_ act: HTTPAct) async -> Bool
}

/// A request and what came of it; never its path, query, headers or body.
public struct HTTPAct: Sendable {
    public var door: String
    /// The route's pattern, such as "DELETE /api/token/:id".
    public var route: String
    /// "login:alice"; "" where nobody is known.
    public var principal: String
    /// Of the client, behind proxies that are trusted.
    public var address: String
    /// Whether it only asks.
    public var isRead: Bool
    public var status: Int
}
