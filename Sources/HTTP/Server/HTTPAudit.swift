import CofferAccounts

/// Where requests of HTTP doors are recorded, and whether anything may be answered at all.
public protocol HTTPAudit: Sendable {
    /// False while the audit log cannot be written: every door but the health page then refuses.
    var permits: Bool { get }
    /// Records a request before a door sees it; nobody knows yet who asks.
    /// - Returns: false where its record had to be durable first and could not be: no door may see it.
    func begin(_ act: HTTPAct) async -> Bool
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
    /// Behind proxies that are trusted.
    public var client: ClientAddress
    /// Whether it only asks.
    public var isRead: Bool
    /// 0: it is not answered yet.
    public var status: Int

    public init(door: String, route: String, principal: String = "", client: ClientAddress, isRead: Bool, status: Int = 0) {
        self.door = door
        self.route = route
        self.principal = principal
        self.client = client
        self.isRead = isRead
        self.status = status
    }
}

/// What the first line of a request says of it.
public struct HTTPRoute: Equatable, Sendable {
    /// Method and pattern, such as "DELETE /api/token/:id"; nothing that the client chose.
    public var name: String
    /// Whether a door changes nothing for it.
    public var isRead: Bool
    /// Whether the answer is part of the program and the same for everybody: there is nothing to record, and it is given also while
    /// nothing can be recorded.
    public var isPublished: Bool

    public init(_ name: String, isRead: Bool, isPublished: Bool = false) {
        self.name = name
        self.isRead = isRead
        self.isPublished = isPublished
    }

    /// Nobody has such a path: nothing comes of it.
    public static let unknown = HTTPRoute("unknown", isRead: true)
}
