import CofferAccounts
import CofferAdmin
import CofferCredentials
import CofferHTTP
import CofferStore
import Logging

/// Makes the HTTP doors of the configuration (decisions 21).
struct HTTPDoors {
    let configuration: HTTPConfiguration
    let accounts: Accounts
    let credentials: Credentials
    let store: Store
    let authority: any AdminAuthority
    let gate: any AdminGate
    /// Of the socket.
    let requests: RequestMeter
    let health: any HealthSource
    let backups: any BackupVerifying
    let audit: any HTTPAudit
    let logger: Logger
    /// Of the process: older systems' variables are taken over (decisions 17).
    let environment: [String: String]

    /// - Returns: `nil` where nothing is configured.
    /// - Throws: ``ConfigurationErrors`` with the key of what is wrong.
    func server() throws(ConfigurationErrors) -> HTTPServer? {
        let store = store
        let backoff = LoginBackoff()
        let meters = HTTPMeters()
        let facts = AdminAPI.Facts(version: DaemonVersion.number, doors: configuration.listeners)
        let authorization = try legacyAuthorization()
        return try HTTPPlan(
            configuration: configuration,
            admin: {
                AdminAPI(
                    accounts: accounts, credentials: credentials, authority: authority, gate: gate, backoff: backoff, health: health, backups: backups,
                    activity: DaemonActivity(http: meters, socket: requests, credentials: credentials), facts: facts, logger: logger)
            },
            newapi: { settings in
                NewAPIDoor(
                    accounts: accounts, settings: settings, backoff: backoff, logger: logger, version: DaemonVersion.number,
                    signingKey: { () throws(StoreError) in try store.signingKey("newapi__") })
            },
            ragflow: { settings in
                RAGFlowDoor(
                    accounts: accounts, settings: settings, backoff: backoff, logger: logger,
                    signingKey: { () throws(StoreError) in try store.signingKey("ragflow_") })
            },
            rtmanage: { settings in
                RTManageDoor(
                    accounts: accounts, credentials: credentials, settings: settings, backoff: backoff, logger: logger,
                    signingKey: { () throws(StoreError) in try store.signingKey("rtmanage") })
            },
            tokenstool: { settings in
                TokensToolDoor(
                    accounts: accounts, credentials: credentials, settings: settings, backoff: backoff, logger: logger,
                    signingKey: { () throws(StoreError) in try store.signingKey("tokenstl") })
            },
            tokenstatuscheck: { given in
                var settings = given
                settings.legacyAuthorization = authorization
                return TokenStatusCheckDoor(accounts: accounts, credentials: credentials, settings: settings, logger: logger)
            },
            health: health, backoff: backoff, audit: audit, meters: meters
        ).server(logger: logger)
    }

    /// The secret of TokenStatusCheck's callers out of the original's environment variable; `nil`: the variable is not needed.
    /// - Throws: where the door is configured and has no secret at all: `Bearer ` alone would open it.
    private func legacyAuthorization() throws(ConfigurationErrors) -> SecretBuffer? {
        guard configuration.tokenstatuscheck != nil else { return nil }
        let found = environment.first { $0.key.lowercased() == Self.authorizationVariable && !$0.value.isEmpty }
        let value = found.map { SecretBuffer(Array($0.value.utf8)) }
        // Locked, nobody can say; the door itself answers nothing without a secret.
        guard !accounts.isLocked else { return value.flatMap { SampleValues.contains($0) ? nil : $0 } }
        if accounts.doors.value(TokenStatusCheckDoor.name, TokenStatusCheckDoor.secretField) != nil {
            if value != nil { logger.notice("UserAuthorization of the environment is ignored: the store has the door's secret") }
            return nil
        }
        guard let value else {
            throw ConfigurationErrors(messages: [
                "http.tokenstatuscheck: its callers' secret is not set: start without this door, run "
                    + "'coffer door set tokenstatuscheck user_authorization', or give it as UserAuthorization in the environment"
            ])
        }
        guard !SampleValues.contains(value) else {
            throw ConfigurationErrors(messages: ["UserAuthorization in the environment is a sample that everybody knows"])
        }
        return value
    }

    private static let authorizationVariable = "userauthorization"

    /// The names of older systems' variables that are set for a door that is configured; for `coffer doctor`.
    static func legacyVariables(_ configuration: HTTPConfiguration, _ environment: [String: String]) -> [String] {
        guard configuration.tokenstatuscheck != nil else { return [] }
        let known = Set([authorizationVariable] + TokenStatusCheckProvider.allCases.map { $0.variable.lowercased() })
        return environment.filter { known.contains($0.key.lowercased()) && !$0.value.isEmpty }.map(\.key).sorted()
    }

    /// Everything that can be said of the configuration without a store: addresses, proxies, hosts, key files, paths that collide.
    /// - Throws: ``ConfigurationErrors``.
    static func check(_ configuration: HTTPConfiguration) throws(ConfigurationErrors) {
        _ = try HTTPPlan(
            configuration: configuration, admin: { ClosedDoor(id: "admin", claims: AdminAPI.paths) },
            newapi: { _ in ClosedDoor(id: "newapi", claims: NewAPIDoor.paths) },
            ragflow: { _ in ClosedDoor(id: "ragflow", claims: RAGFlowDoor.paths) },
            rtmanage: { ClosedDoor(id: "rtmanage", claims: RTManageDoor.paths($0)) },
            tokenstool: { ClosedDoor(id: "tokenstool", claims: TokensToolDoor.paths($0)) },
            tokenstatuscheck: { _ in ClosedDoor(id: "tokenstatuscheck", claims: TokenStatusCheckDoor.paths) },
            health: NothingToTell(), backoff: LoginBackoff()
        ).server(logger: Logger(label: "check"))
    }
}

/// From the configuration to the server's settings, whoever makes the doors.
private struct HTTPPlan {
    let configuration: HTTPConfiguration
    let admin: () -> any HTTPDoor
    let newapi: (NewAPISettings) -> any HTTPDoor
    let ragflow: (RAGFlowSettings) -> any HTTPDoor
    let rtmanage: (RTManageSettings) -> any HTTPDoor
    let tokenstool: (TokensToolSettings) -> any HTTPDoor
    let tokenstatuscheck: (TokenStatusCheckSettings) -> any HTTPDoor
    let health: any HealthSource
    let backoff: LoginBackoff
    var audit: (any HTTPAudit)?
    var meters = HTTPMeters()

    func server(logger: Logger) throws(ConfigurationErrors) -> HTTPServer? {
        guard !configuration.isEmpty else { return nil }
        do {
            return try HTTPServer(settings: try settings(), logger: logger)
        } catch let error as ConfigurationErrors {
            throw error
        } catch {
            throw ConfigurationErrors(messages: ["\(error)"])
        }
    }

    private func settings() throws -> HTTPSettings {
        var doors: [DoorListen] = []
        if let listener = configuration.admin { doors.append(try listen(admin(), listener)) }
        if let door = configuration.newapi { doors.append(try listen(newapi(NewAPISettings(door)), door.listener)) }
        if let door = configuration.ragflow { doors.append(try listen(ragflow(try RAGFlowSettings(door)), door.listener)) }
        if let door = configuration.rtmanage { doors.append(try listen(rtmanage(RTManageSettings(door)), door.listener)) }
        if let door = configuration.tokenstool { doors.append(try listen(tokenstool(TokensToolSettings(door)), door.listener)) }
        if let door = configuration.tokenstatuscheck {
            doors.append(try listen(tokenstatuscheck(TokenStatusCheckSettings(door)), door.listener))
        }
        return try HTTPSettings(
            doors: doors, tls: configuration.tls.map(Self.files), trustedProxies: configuration.trustedProxies, hosts: configuration.hosts,
            health: try configuration.health.map { listener in
                HealthListen(
                    address: try address("health", listener), source: health, tls: Self.choice(listener),
                    trustedProxies: listener.trustedProxies, hosts: listener.hosts, insecure: listener.insecure)
            },
            backoff: backoff, audit: audit, meters: meters)
    }

    private func listen(_ door: any HTTPDoor, _ listener: HTTPConfiguration.Listener) throws -> DoorListen {
        DoorListen(
            door: door, address: try address(door.id, listener), tls: Self.choice(listener), trustedProxies: listener.trustedProxies,
            hosts: listener.hosts, insecure: listener.insecure)
    }

    private func address(_ door: String, _ listener: HTTPConfiguration.Listener) throws(ConfigurationErrors) -> ListenAddress {
        guard let address = ListenAddress(listener.listen) else {
            throw ConfigurationErrors(messages: [
                "line \(listener.line): http.\(door).listen: '\(Name.printable(listener.listen.utf8))' is no address and port, such as 127.0.0.1:3000"
            ])
        }
        return address
    }

    private static func choice(_ listener: HTTPConfiguration.Listener) -> DoorListen.TLSChoice {
        listener.tls.map { .files(files($0)) } ?? .inherited
    }

    private static func files(_ files: HTTPConfiguration.TLSFiles) -> TLSFiles {
        TLSFiles(certificate: files.certificate, key: files.key)
    }
}

/// Stands for a door where only its paths matter; it never listens.
private struct ClosedDoor: HTTPDoor {
    let id: String
    let claims: [PathClaim]

    func route(method: String, path: String) -> HTTPRoute { .unknown }

    func answer(_ call: HTTPCall) async -> HTTPReply { refusal(.draining, method: call.method, path: call.path) }

    func refusal(_ refusal: HTTPRefusal, method: String, path: String) -> HTTPReply {
        .text(refusal.status, refusal.message, route: "closed")
    }
}

private struct NothingToTell: HealthSource {
    func health() async -> [(name: String, problem: String?)] { [] }
    func metrics() async -> [Metric] { [] }
}

extension HTTPConfiguration {
    /// The doors that are on, for whoever operates them.
    fileprivate var listeners: [AdminAPI.Facts.Door] {
        let named: [(String, Listener?)] = [
            ("admin", admin), ("newapi", newapi?.listener), ("ragflow", ragflow?.listener), ("rtmanage", rtmanage?.listener),
            ("tokenstool", tokenstool?.listener), ("tokenstatuscheck", tokenstatuscheck?.listener), ("health", health),
        ]
        return named.compactMap { id, listener in
            listener.map { AdminAPI.Facts.Door(id: id, listen: $0.listen, isTLS: ($0.tls ?? tls) != nil) }
        }
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

extension RTManageSettings {
    init(_ door: HTTPConfiguration.RTManage) {
        self.init()
        publicPrefix = door.publicPrefix
        jwtExpireHours = door.jwtExpireHours
        apiSecretIsAdmin = door.apiSecretIsAdmin
        cors = door.cors
        if !door.clientID.isEmpty { clientID = door.clientID }
        infoOnBatch = door.infoOnBatch
    }
}

extension TokensToolSettings {
    init(_ door: HTTPConfiguration.TokensTool) {
        self.init()
        profile = door.profile == .current ? .current : .document
        web = door.web
        prefix = door.prefix
        containers = door.containers.map { Containers(mode: $0.mode == .docker ? .docker : .releases, socket: $0.socket, names: $0.names) }
        regenerateAt = door.regenerateAt
        timeZone = door.timeZone
        sessionDays = door.sessionDays
        hotReload = door.hotReload
        queryPassword = door.queryPassword
        origins = door.origins
    }
}

extension TokenStatusCheckSettings {
    init(_ door: HTTPConfiguration.TokenStatusCheck) {
        self.init()
        data = door.data
        urls = door.urls
        cacheMinutes = door.cacheMinutes
        accountGap = door.accountGap
        totalSeconds = door.totalSeconds
    }
}
