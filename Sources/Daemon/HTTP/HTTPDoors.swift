import CofferAccounts
import CofferHTTP
import CofferStore
import Logging

/// Makes the HTTP doors of the configuration (decisions 21).
struct HTTPDoors {
    let configuration: HTTPConfiguration
    let accounts: Accounts
    let store: Store
    let authority: any AdminAuthority
    let health: any HealthSource
    let logger: Logger

    /// - Returns: `nil` where nothing is configured.
    /// - Throws: ``ConfigurationErrors`` with the key of what is wrong.
    func server() throws(ConfigurationErrors) -> HTTPServer? {
        guard !configuration.isEmpty else { return nil }
        do {
            let settings = try settings()
            return try HTTPServer(settings: settings, logger: logger)
        } catch let error as ConfigurationErrors {
            throw error
        } catch {
            throw ConfigurationErrors(messages: ["\(error)"])
        }
    }

    private func settings() throws -> HTTPSettings {
        let backoff = LoginBackoff()
        let store = store
        let signingKey: @Sendable (StaticString) throws(StoreError) -> SecretBuffer = { (context) throws(StoreError) in
            try store.signingKey(context)
        }
        var doors: [DoorListen] = []
        if let listener = configuration.admin {
            doors.append(try listen(AdminDoor(accounts: accounts, authority: authority), listener))
        }
        if let newapi = configuration.newapi {
            let door = NewAPIDoor(
                accounts: accounts, settings: NewAPISettings(newapi), backoff: backoff, logger: logger, version: DaemonVersion.number,
                signingKey: { () throws(StoreError) in try signingKey("newapi__") })
            doors.append(try listen(door, newapi.listener))
        }
        if let ragflow = configuration.ragflow {
            let door = RAGFlowDoor(
                accounts: accounts, settings: try RAGFlowSettings(ragflow), backoff: backoff, logger: logger,
                signingKey: { () throws(StoreError) in try signingKey("ragflow_") })
            doors.append(try listen(door, ragflow.listener))
        }
        return try HTTPSettings(
            doors: doors, tls: configuration.tls.map(Self.files), trustedProxies: configuration.trustedProxies, hosts: configuration.hosts,
            health: try configuration.health.map { listener in
                HealthListen(address: try address("health", listener), source: health, insecure: listener.insecure)
            },
            backoff: backoff)
    }

    private func listen(_ door: any HTTPDoor, _ listener: HTTPConfiguration.Listener) throws -> DoorListen {
        DoorListen(
            door: door, address: try address(door.id, listener), tls: listener.tls.map { .files(Self.files($0)) } ?? .inherited,
            trustedProxies: listener.trustedProxies, hosts: listener.hosts, insecure: listener.insecure)
    }

    private func address(_ door: String, _ listener: HTTPConfiguration.Listener) throws(ConfigurationErrors) -> ListenAddress {
        guard let address = ListenAddress(listener.listen) else {
            throw ConfigurationErrors(messages: [
                "line \(listener.line): http.\(door).listen: '\(Name.printable(listener.listen.utf8))' is no address and port, such as 127.0.0.1:3000"
            ])
        }
        return address
    }

    private static func files(_ files: HTTPConfiguration.TLSFiles) -> TLSFiles {
        TLSFiles(certificate: files.certificate, key: files.key)
    }
}

extension NewAPISettings {
    init(_ door: HTTPConfiguration.NewAPI) {
        self.init()
        profile = door.profile == .current ? .current : .document
        requireNewApiUser = door.requireNewApiUser
        legacyStatus = door.legacyStatus
        models = door.models
        groups = door.groups.map { Group(name: $0.name, ratio: $0.ratio, description: $0.description) }
        quotaPerUnit = door.quotaPerUnit
        price = door.price
        systemName = door.systemName
        serverAddress = door.serverAddress
        maxTokens = door.maxTokens
        sessionDays = door.sessionDays
        rateLimits = door.rateLimits
    }
}

extension RAGFlowSettings {
    /// - Throws: where the login key cannot be read.
    init(_ door: HTTPConfiguration.RAGFlow) throws {
        self.init()
        profile = door.profile == .current ? .current : .document
        legacyStatus = door.legacyStatus
        registration = door.registration
        sessionDays = door.sessionDays
        apiKeysManageKeys = door.apiKeysManageKeys
        tokenLength = door.tokenLength
        version = door.version
        if !door.loginKey.isEmpty { loginKey = try Self.loadLoginKey(door.loginKey) }
    }
}
