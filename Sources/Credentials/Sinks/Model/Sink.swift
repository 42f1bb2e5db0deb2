import CofferStore

/// A file that is rendered from the store whenever what it shows changes, and what happens then.
///
/// The file is readable by its nature (decisions 19): mode 0600, the daemon's own.
public struct Sink: Equatable, Sendable {
    /// Given once, never again.
    public let number: UInt64
    public let tenant: TenantID
    /// Unique among the sinks of its tenant.
    public var name: DocumentName
    public var isEnabled: Bool
    public var content: SinkContent
    /// Absolute; its folder must be there and be writable by the daemon's user or root only.
    public var path: String
    /// The credentials that it shows.
    public var target: CredentialFilter
    public var action: SinkAction
    /// What doors for older systems keep with it.
    public var attributes: [String: String]
    /// Unix milliseconds.
    public var created: UInt64
    public var updated: UInt64
    /// The revision that changed its settings last.
    public var revision: UInt64
    public var state: SinkState

    public init(
        number: UInt64, tenant: TenantID, name: DocumentName, isEnabled: Bool = true, content: SinkContent, path: String,
        target: CredentialFilter, action: SinkAction = .nothing, attributes: [String: String] = [:], created: UInt64, updated: UInt64,
        revision: UInt64 = 0, state: SinkState = SinkState()
    ) {
        self.number = number
        self.tenant = tenant
        self.name = name
        self.isEnabled = isEnabled
        self.content = content
        self.path = path
        self.target = target
        self.action = action
        self.attributes = attributes
        self.created = created
        self.updated = updated
        self.revision = revision
        self.state = state
    }
}

public enum SinkContent: Equatable, Sendable {
    case template(SinkTemplate)
    /// What a door has registered under this name (``SinkService/register(_:)``).
    case renderer(String)
}

/// What happens when the file has changed.
public enum SinkAction: Equatable, Sendable {
    case nothing
    /// An HTTP call without a body; 2xx is success. No redirects, addresses as for every upstream.
    /// - timeout: milliseconds, 1,000 to 120,000.
    case call(method: Method, url: String, timeout: UInt32)
    /// A signal to the process whose number stands in the file.
    case signal(Signal, pidFile: String)

    public enum Method: String, Sendable, CaseIterable {
        case post = "POST"
        case get = "GET"
    }

    public enum Signal: String, Sendable, CaseIterable {
        case hangup = "HUP"
        case user1 = "USR1"
        case user2 = "USR2"
    }
}

/// How a sink's runs went. In a record of its own.
public struct SinkState: Equatable, Sendable {
    /// Last run in which there was something to do, or that a person asked for. Unix milliseconds; 0: never.
    public var lastRun: UInt64 = 0
    /// Last time that the file was written.
    public var lastWrite: UInt64 = 0
    /// Bytes of the file.
    public var size: UInt64 = 0
    /// Of what was written last; 32 bytes, or none.
    var digest: [UInt8] = []
    /// Of what was about to be written: after a crash it is not known which of both lies there, and either is ours.
    var begunDigest: [UInt8] = []
    /// Whether what was written last still waits for its action.
    public var isActionDue = false
    /// Last time that the action succeeded.
    public var lastAction: UInt64 = 0
    /// Why it does not stand as it should; "" it does. At most 200 bytes; never content.
    public var error = ""
    /// Failures in a row.
    public var failures: UInt16 = 0
    /// Name of the file that keeps what somebody else had written; "" nobody had.
    public var kept = ""
    /// Unix milliseconds.
    public var keptTime: UInt64 = 0

    public init() {}
}
