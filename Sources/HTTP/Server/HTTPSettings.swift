import CofferAccounts

/// Where the doors listen and what they trust (decisions 21). A value of this type is consistent: its initialiser refuses the rest.
public struct HTTPSettings: Sendable {
    public let doors: [DoorListen]
    public let tls: TLSFiles?
    public let trustedProxies: [AddressRange]
    public let hosts: [String]
    public let health: HealthListen?
    public let limits: HTTPLimits
    /// Threads of the event loop, 1 or more.
    public let threads: Int
    /// Shared by all doors that know logins.
    public let backoff: LoginBackoff
    /// `nil`: nothing is recorded.
    public let audit: (any HTTPAudit)?
    /// Where the server counts; `/metrics` shows it.
    public let meters: HTTPMeters
    /// The doors by their addresses, the health page among them.
    let groups: [ListenGroup]

    /// - Parameters:
    ///   - trustedProxies: addresses and CIDR blocks as the configuration has them; `*` is refused.
    ///   - hosts: names that a reverse proxy or a compose service calls us, without a port.
    /// - Throws: ``HTTPSettingsError`` with the door and the key.
    public init(
        doors: [DoorListen], tls: TLSFiles? = nil, trustedProxies: [String] = [], hosts: [String] = [], health: HealthListen? = nil,
        limits: HTTPLimits = HTTPLimits(), threads: Int = 1, backoff: LoginBackoff = LoginBackoff(), audit: (any HTTPAudit)? = nil,
        meters: HTTPMeters = HTTPMeters()
    ) throws(HTTPSettingsError) {
        self.doors = doors
        self.tls = tls
        self.trustedProxies = try TrustedProxies.read(trustedProxies, key: "http.trusted_proxies")
        self.hosts = try HostRule.read(hosts, key: "http.hosts")
        self.health = health
        self.limits = limits
        self.threads = max(threads, 1)
        self.backoff = backoff
        self.audit = audit
        self.meters = meters
        var entries: [DoorEntry] = []
        for listen in doors {
            entries.append(try DoorEntry(listen, tls: tls, trustedProxies: self.trustedProxies, hosts: self.hosts))
        }
        if let health {
            let listen = DoorListen(
                door: HealthDoor(source: health.source, meters: meters), address: health.address, tls: health.tls,
                trustedProxies: health.trustedProxies, hosts: health.hosts, insecure: health.insecure)
            entries.append(try DoorEntry(listen, tls: tls, trustedProxies: self.trustedProxies, hosts: self.hosts))
        }
        groups = try ListenGroup.grouped(entries)
    }
}

/// One door and its address.
public struct DoorListen: Sendable {
    /// Whether this door speaks TLS.
    public enum TLSChoice: Hashable, Sendable {
        /// As all of `http` does.
        case inherited
        case off
        case files(TLSFiles)
    }

    public var door: any HTTPDoor
    public var address: ListenAddress
    public var tls: TLSChoice
    /// In place of `http.trusted_proxies`.
    public var trustedProxies: [String]?
    /// In place of `http.hosts`.
    public var hosts: [String]?
    /// Allows plain HTTP beyond loopback.
    public var insecure: Bool

    public init(
        door: any HTTPDoor, address: ListenAddress, tls: TLSChoice = .inherited, trustedProxies: [String]? = nil, hosts: [String]? = nil,
        insecure: Bool = false
    ) {
        self.door = door
        self.address = address
        self.tls = tls
        self.trustedProxies = trustedProxies
        self.hosts = hosts
        self.insecure = insecure
    }
}

/// The page for `http.health`.
public struct HealthListen: Sendable {
    public var address: ListenAddress
    public var source: any HealthSource
    public var tls: DoorListen.TLSChoice
    /// In place of `http.trusted_proxies`.
    public var trustedProxies: [String]?
    /// In place of `http.hosts`.
    public var hosts: [String]?
    public var insecure: Bool

    public init(
        address: ListenAddress, source: any HealthSource, tls: DoorListen.TLSChoice = .inherited, trustedProxies: [String]? = nil,
        hosts: [String]? = nil, insecure: Bool = false
    ) {
        self.address = address
        self.source = source
        self.tls = tls
        self.trustedProxies = trustedProxies
        self.hosts = hosts
        self.insecure = insecure
    }
}

/// A certificate chain and its private key, both PEM.
public struct TLSFiles: Hashable, Sendable {
    public var certificate: String
    public var key: String

    public init(certificate: String, key: String) {
        self.certificate = certificate
        self.key = key
    }
}

/// What is wrong with the settings. The text begins with the key in the configuration file: `http.newapi.listen: …`.
public struct HTTPSettingsError: Error, Equatable, Sendable, CustomStringConvertible {
    public let key: String
    public let reason: String
    public var description: String { "\(key): \(reason)" }

    init(_ key: String, _ reason: String) {
        self.key = key
        self.reason = reason
    }
}
