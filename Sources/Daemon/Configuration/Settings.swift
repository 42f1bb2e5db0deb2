import CofferStore
import Configuration
import Glibc

/// What the daemon runs with. From flags, else from the environment, else from the file, else the defaults.
public struct Settings: Sendable, Equatable {
    public var store: String
    public var socket: String
    /// Whether the socket's folder may be made: only the default one.
    public var makesSocketFolder: Bool
    /// Permission bits of the socket.
    public var socketMode: UInt32 = 0o666
    public var keyFile: String
    /// The configuration file that was read; "" none is named and none is at the default place.
    var configuration = ""
    /// Threads that serve connections.
    public var loops = 1
    /// Bytes; 0: as much as the map.
    public var quota = 0
    /// Bytes of address space.
    public var mapSize = 1 << 40
    /// Bytes of sealed records that all loops together keep in memory; 0: none.
    public var indexSize = 320 << 20
    public var logRevisions = 65_536
    /// Generations of the store that stay beside the present one after a restore.
    public var keepGenerations = 0
    /// A store that is older than it was is taken at this revision; only a flag says so, and only for one start.
    public var acceptRollback: UInt64?
    /// A restored copy is tried out: nothing happens by itself, nothing leaves the daemon; only a flag says so, and only for one start.
    public var rehearsal = false
    public var connectionsPerUID = 1_024
    public var logLevel = "info"
    /// The HTTP doors; only the file has them.
    var http = HTTPConfiguration()
    /// What calls to upstreams may reach; only the file has it.
    var upstream = UpstreamConfiguration()
    /// When record keys give way, and how fast; only the file has it.
    var rekey = RekeyOptions()
    /// The backups that the daemon takes by itself; only the file has it.
    var backups = BackupConfiguration()
    /// When the store is scrubbed; only the file has it.
    var scrub = ScrubConfiguration()
    /// The audit log; only the file has it.
    var audit = AuditConfiguration()

    /// Where the audit log lies.
    var auditFolder: String { audit.folder.isEmpty ? store + "/audit" : audit.folder }

    /// The three places, and the defaults for everything else.
    init(store: String, socket: String, keyFile: String) {
        self.store = store
        self.socket = socket
        self.keyFile = keyFile
        makesSocketFolder = false
    }

    /// Reads everything and reports everything that is wrong at once.
    /// - Parameters:
    ///   - flags: by their names in the file (`key_file`).
    ///   - environment: of the process.
    public static func load(flags: [String: String], configuration: String?, environment: [String: String]) throws(ConfigurationErrors) -> Settings {
        let places = DefaultPlaces(environment: environment)
        var messages: [String] = []
        var file = ConfigurationFile()
        let named = configuration ?? environment["COFFER_CONFIG"]
        if let path = named ?? places.configuration {
            do throws(ConfigurationErrors) { file = try ConfigurationFile.read(path, required: named != nil) } catch { messages += error.messages }
        }
        for key in SettingKey.allCases {
            if let value = flags[key.rawValue], let objection = key.objection(to: value) { messages.append("\(key.flag) \(objection)") }
            if let value = environment[key.environmentName], let objection = key.objection(to: value) {
                messages.append("\(key.environmentName) \(objection)")
            }
        }
        var http = file.http
        if var door = http.tokenstatuscheck {
            messages += HTTPSection.take(environment, into: &door)
            http.tokenstatuscheck = door
        }
        guard messages.isEmpty else { throw ConfigurationErrors(messages: messages) }
        let reader = ConfigReader(providers: [
            InMemoryProvider(name: "flags", values: Self.values(flags.map { ($0.key, $0.value) })),
            EnvironmentVariablesProvider(environmentVariables: environment),
            InMemoryProvider(name: "file", values: Self.values(file.values.map { ($0.key.rawValue, $0.value) })),
        ])
        var settings = try Settings(reader, places: places)
        settings.configuration = named ?? places.configuration ?? ""
        settings.http = http
        settings.upstream = file.upstream
        settings.rekey = file.rekey
        settings.backups = file.backups
        settings.audit = file.audit
        guard settings.backups.folder != settings.store, !SystemPath.isInside(settings.backups.folder, folder: settings.store) else {
            throw ConfigurationErrors(messages: [
                "'backups.folder' \(settings.backups.folder) must not lie in the store's folder: what happens to one would happen to both"
            ])
        }
        settings.scrub = file.scrub
        return settings
    }

    private static func values(_ pairs: [(String, String)]) -> [AbsoluteConfigKey: ConfigValue] {
        Dictionary(pairs.map { (AbsoluteConfigKey(["coffer", $0.0]), ConfigValue(.string($0.1), isSecret: false)) }, uniquingKeysWith: { $1 })
    }

    private init(_ reader: ConfigReader, places: DefaultPlaces) throws(ConfigurationErrors) {
        func text(_ key: SettingKey) -> String? { reader.string(forKey: ConfigKey(["coffer", key.rawValue])) }
        guard let store = text(.store) ?? places.store else { throw Self.missing(.store, "neither $XDG_DATA_HOME nor $HOME is set") }
        guard let keyFile = text(.keyFile) ?? places.keyFile else { throw Self.missing(.keyFile, "neither $XDG_CONFIG_HOME nor $HOME is set") }
        guard let socket = text(.socket) ?? places.socket else { throw Self.missing(.socket, "$XDG_RUNTIME_DIR is not set") }
        self.store = store
        self.keyFile = keyFile
        self.socket = socket
        makesSocketFolder = socket == places.socket
        if let value = text(.socketMode) { socketMode = SettingValue.mode(value) ?? socketMode }
        if let value = text(.loops) { loops = SettingValue.number(value, 1...64) ?? loops }
        if let value = text(.quota) { quota = SettingValue.size(value, 0...(1 << 50)) ?? quota }
        if let value = text(.mapSize) { mapSize = SettingValue.size(value, (1 << 20)...(1 << 46)) ?? mapSize }
        if let value = text(.indexSize) { indexSize = SettingValue.size(value, 0...(1 << 40)) ?? indexSize }
        if let value = text(.logRevisions) { logRevisions = Int(value) ?? logRevisions }
        if let value = text(.keepGenerations) { keepGenerations = Int(value) ?? keepGenerations }
        if let value = text(.connectionsPerUID) { connectionsPerUID = Int(value) ?? connectionsPerUID }
        if let value = text(.logLevel) { logLevel = value }
        guard !SystemPath.isInside(keyFile, folder: store) else {
            throw ConfigurationErrors(messages: ["the key file \(keyFile) must not lie in the store's folder: who copies one would have both"])
        }
    }

    private static func missing(_ key: SettingKey, _ reason: String) -> ConfigurationErrors {
        ConfigurationErrors(messages: ["\(key.flag) is needed: \(reason)"])
    }
}

/// Where things lie when nobody says otherwise (decisions 26).
struct DefaultPlaces {
    var store: String?
    var socket: String?
    var keyFile: String?
    var configuration: String?

    init(environment: [String: String], uid: UInt32 = geteuid()) {
        if uid == 0 {
            store = "/var/lib/coffer"
            socket = "/run/coffer/coffer.sock"
            keyFile = "/etc/coffer/store.key"
            configuration = "/etc/coffer/coffer.yaml"
        } else {
            let home = environment["HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
            let data = environment["XDG_DATA_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? home.map { $0 + "/.local/share" }
            let settings = environment["XDG_CONFIG_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? home.map { $0 + "/.config" }
            store = data.map { $0 + "/coffer" }
            keyFile = settings.map { $0 + "/coffer/store.key" }
            configuration = settings.map { $0 + "/coffer/coffer.yaml" }
            socket = environment["XDG_RUNTIME_DIR"].flatMap { $0.hasPrefix("/") ? $0 + "/coffer.sock" : nil }
        }
    }
}

enum SystemPath {
    /// Whether `path` lies below `folder`, by their names.
    static func isInside(_ path: String, folder: String) -> Bool {
        let parts = path.split(separator: "/").filter { $0 != "." }
        let above = folder.split(separator: "/").filter { $0 != "." }
        return parts.count > above.count && Array(parts[..<above.count]) == Array(above)
    }

    /// The same with links and `..` resolved, as far as the folders exist.
    static func isReallyInside(_ path: String, folder: String) -> Bool {
        isInside(resolved(Self.folder(of: path)) + "/x", folder: resolved(folder))
    }

    private static func resolved(_ path: String) -> String {
        var missing: [Substring] = []
        var present = path
        while true {
            if let real = realpath(present, nil) {
                defer { free(real) }
                return ([String(cString: real)] + missing.reversed().map(String.init)).joined(separator: "/")
            }
            guard let slash = present.lastIndex(of: "/"), slash != present.startIndex else { return path }
            missing.append(present[present.index(after: slash)...])
            present = String(present[..<slash])
        }
    }

    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }
}
