import CLinux
import CofferWire
import Glibc

/// Where the daemon is and how patient the client is.
public struct ClientConfiguration: Sendable {
    /// Longest path of a socket, in bytes: a limit of the system.
    public static let socketPathLimit = Int(COFFER_SOCKET_PATH_LIMIT)

    /// The daemon's Unix socket; 1 to ``socketPathLimit`` bytes.
    public var socketPath: String
    /// The tenant that the connection works in; 1 to 255 bytes. Default `main`.
    public var tenant: String
    /// Who the client says it is, for the daemon's log; 0 to 255 bytes.
    public var clientName: String
    /// How long a call that was not sent yet waits for a connection before it throws
    /// ``ClientError/Code/unreachable``. Zero: one attempt. Default 5 s. Watches wait without limit.
    public var connectTimeout: Duration
    /// How long a call waits for its answer unless it says otherwise; up to 49 days. Zero: without limit.
    /// Default 30 s. For streams (list, export, import) it is the longest wait for the next piece.
    public var requestTimeout: Duration
    /// Users that may run the daemon, besides root, the caller's own and the owner of a safe socket folder.
    public var trustedServerUIDs: Set<UInt32>
    /// The wait before the second attempt to connect; doubled for each further one, with jitter. Default 50 ms.
    public var backoffInitial: Duration
    /// The longest wait between two attempts. Default 5 s.
    public var backoffMaximum: Duration
    /// Makes the connection in place of ``socketPath``, which then only stands in messages: a tunnel to another machine, or a program that
    /// holds the daemon itself. Gives a connected stream socket, non-blocking, which becomes the client's; nobody looks at who answers.
    /// Called on the client's own thread, for each attempt.
    public var connector: (@Sendable () throws(ClientError) -> Int32)?

    /// A configuration for the socket at `socketPath`, everything else as documented with the properties.
    public init(
        socketPath: String, tenant: String = "main", clientName: String = "coffer-client",
        connectTimeout: Duration = .seconds(5), requestTimeout: Duration = .seconds(30),
        trustedServerUIDs: Set<UInt32> = [], backoffInitial: Duration = .milliseconds(50),
        backoffMaximum: Duration = .seconds(5)
    ) {
        self.socketPath = socketPath
        self.tenant = tenant
        self.clientName = clientName
        self.connectTimeout = connectTimeout
        self.requestTimeout = requestTimeout
        self.trustedServerUIDs = trustedServerUIDs
        self.backoffInitial = backoffInitial
        self.backoffMaximum = backoffMaximum
    }

    /// The configuration that the process's environment describes.
    ///
    /// The socket is `COFFER_SOCKET`; without it `/run/coffer/coffer.sock` for root and
    /// `$XDG_RUNTIME_DIR/coffer.sock` for others. The tenant is `COFFER_TENANT`, else `main`.
    /// - Throws: ``ClientError/Code/invalidArgument`` where no path follows, or one of the two is too long.
    public static func fromEnvironment() throws(ClientError) -> ClientConfiguration {
        try from(
            environment: { name in getenv(name).map { String(cString: $0) } }, effectiveUID: geteuid())
    }

    /// The pure part of ``fromEnvironment()``. A variable that is empty counts as absent.
    static func from(
        environment: (String) -> String?, effectiveUID: UInt32
    ) throws(ClientError) -> ClientConfiguration {
        func variable(_ name: String) -> String? {
            guard let value = environment(name), !value.isEmpty else { return nil }
            return value
        }
        let path: String
        if let named = variable("COFFER_SOCKET") {
            path = named
        } else if effectiveUID == 0 {
            path = "/run/coffer/coffer.sock"
        } else if let folder = variable("XDG_RUNTIME_DIR") {
            path = folder + "/coffer.sock"
        } else {
            throw ClientError(
                .invalidArgument, "no socket is known: set COFFER_SOCKET (XDG_RUNTIME_DIR is not set either)")
        }
        let configuration = ClientConfiguration(socketPath: path, tenant: variable("COFFER_TENANT") ?? "main")
        try configuration.validate()
        return configuration
    }

    /// Refuses what can never work, before anything is tried.
    /// - Throws: ``ClientError/Code/invalidArgument``.
    public func validate() throws(ClientError) {
        let length = socketPath.utf8.count
        guard length > 0, !socketPath.utf8.contains(0) else {
            throw ClientError(.invalidArgument, "the socket's path is empty or has a zero byte")
        }
        guard length <= Self.socketPathLimit else {
            throw ClientError(
                .invalidArgument,
                "the socket's path is \(length) bytes long, the system allows \(Self.socketPathLimit): \(socketPath)")
        }
        guard (1...Limits.otherName).contains(tenant.utf8.count) else {
            throw ClientError(.invalidArgument, "the tenant's name must have 1 to \(Limits.otherName) bytes")
        }
        guard clientName.utf8.count <= Limits.otherName else {
            throw ClientError(.invalidArgument, "the client's name has more than \(Limits.otherName) bytes")
        }
    }
}
