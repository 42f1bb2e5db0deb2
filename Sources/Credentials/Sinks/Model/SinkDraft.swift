import CofferStore

/// What a new sink is made of.
public struct SinkDraft: Sendable {
    public var tenant: TenantID
    public var name: DocumentName
    public var isEnabled = true
    public var content: SinkContent
    public var path: String
    public var target: CredentialFilter = .all
    public var action: SinkAction = .nothing
    public var attributes: [String: String] = [:]

    public init(tenant: TenantID, name: DocumentName, content: SinkContent, path: String) {
        self.tenant = tenant
        self.name = name
        self.content = content
        self.path = path
    }
}

/// What changes of a sink; what is absent stays. The file of an old path stays where it is.
public struct SinkChange: Sendable {
    public var name: DocumentName?
    public var isEnabled: Bool?
    public var content: SinkContent?
    public var path: String?
    public var target: CredentialFilter?
    public var action: SinkAction?
    public var attributes: [String: String?] = [:]

    public init() {}
}
