/// RT-manage's `config.yml` (compat/rtmanage.md 5.1): one line for each key (decisions 23).
enum RTManageConfiguration {
    static let defaultClientID = "app_WXrF1LSkiTtfYqiL6XtjygvX"

    /// What its documents, samples and its code give; everybody knows these (decisions 17).
    private static let samples: [String: Set<String>] = [
        "auth.password": ["admin123"],
        "auth.api_secret": ["my-api-secret-2025", "your-api-secret-here", "your_api_secret"],
    ]

    /// What the rest of an import needs to know of it.
    struct Defaults {
        /// For rows that have no client id of their own; `nil`: the provider's.
        var clientID: String?
    }

    /// - Parameter allowsSamples: values that documents give as an example are taken.
    static func read(
        _ bytes: [UInt8], allowsSamples: Bool, _ result: inout CredentialImport
    ) throws(FormatError) -> Defaults {
        let leaves = try YAMLLeaf.read(bytes)
        guard !leaves.isEmpty else { throw FormatError("the file has no keys") }
        var reader = Reader(leaves: leaves, allowsSamples: allowsSamples)
        for leaf in leaves { reader.add(leaf) }
        reader.addSchedule()
        reader.addConfiguration()
        result.settings += reader.settings
        result.rows += reader.rows
        result.configuration += reader.configuration
        return reader.defaults
    }

    private struct Reader {
        let leaves: [YAMLLeaf]
        let allowsSamples: Bool
        var settings: [CredentialImport.Setting] = []
        var rows: [LegacyRow] = []
        var configuration: [String] = []
        var defaults = Defaults()
        /// Lines below `rtmanage:`.
        private var doorLines: [String] = []

        init(leaves: [YAMLLeaf], allowsSamples: Bool) {
            self.leaves = leaves
            self.allowsSamples = allowsSamples
        }

        private func value(_ path: String) -> String? { leaves.last { $0.path == path }?.value }

        private mutating func note(_ leaf: YAMLLeaf, _ fate: CredentialImport.Setting.Fate, _ reason: String, _ value: String = "") {
            settings.append(.init(FormatError.short(leaf.path), fate, reason, value: Array(value.utf8)))
        }

        mutating func add(_ leaf: YAMLLeaf) {
            switch leaf.path {
            case "server.host", "server.port": note(leaf, .placed, "into http.rtmanage.listen")
            case "server.mode": note(leaf, .notNeeded, "Coffer has no such modes")
            case "log.level": note(leaf, .notNeeded, "Coffer has a log of its own: cofferd --log-level")
            case "log.encoding", "log.output_paths", "log.error_output_paths": note(leaf, .notNeeded, "Coffer logs to standard error")
            case "database.type", "database.database", "database.host", "database.port", "database.user", "database.password",
                "database.table_prefix", "database.max_idle_conns", "database.max_open_conns", "database.conn_max_lifetime":
                note(leaf, .notNeeded, "Coffer's store takes the place of the database; import its rows from its file, or as CSV")
            case "openai.client_id": addClientID(leaf)
            case "openai.proxy": note(leaf, .notNeeded, "RT-manage itself does not use it; each credential has a proxy of its own")
            case "openai.schedule_enabled", "openai.refresh_interval": break
            case "auth.username": addSecret(leaf, "username")
            case "auth.password": addSecret(leaf, "password")
            case "auth.api_secret": addSecret(leaf, "api_secret")
            case "auth.jwt_secret": note(leaf, .notNeeded, "Coffer signs with a random key of its own: people log in again")
            case "auth.jwt_expire_hours": addHours(leaf)
            case "auth.public_api_prefix": addPrefix(leaf)
            default: note(leaf, .refused, "line \(leaf.line): RT-manage has no such key")
            }
        }

        private mutating func addClientID(_ leaf: YAMLLeaf) {
            guard let value = leaf.value, !value.isEmpty, value != RTManageConfiguration.defaultClientID else {
                return note(leaf, .notNeeded, "the provider has it already")
            }
            defaults.clientID = value
            note(leaf, .placed, "for the rows of this import that have none; give the database in the same import")
        }

        private mutating func addSecret(_ leaf: YAMLLeaf, _ field: String) {
            guard let value = leaf.value, !value.isEmpty else {
                return note(leaf, .refused, "it is empty: set one with 'coffer door set rtmanage \(field)'")
            }
            guard !leaf.isList else { return note(leaf, .refused, "it is not a text") }
            guard allowsSamples || samples[leaf.path]?.contains(value) != true else {
                return note(
                    leaf, .refused, "it is a sample value that everybody knows: set one with 'coffer door set rtmanage \(field)'")
            }
            note(leaf, .taken(field: field), "", value)
        }

        private mutating func addHours(_ leaf: YAMLLeaf) {
            guard let hours = leaf.value.flatMap({ Int($0) }), (1...8_760).contains(hours) else {
                return note(leaf, .refused, "it is not 1 to 8760 hours")
            }
            doorLines.append("jwt_expire_hours: \(hours)")
            note(leaf, .placed, "into http.rtmanage.jwt_expire_hours")
        }

        private mutating func addPrefix(_ leaf: YAMLLeaf) {
            let allowed: (UInt8) -> Bool = { $0.isASCIILetter || $0.isDigit || "/-_.~".utf8.contains($0) }
            guard let prefix = leaf.value, prefix.hasPrefix("/"), prefix.utf8.count > 1, prefix.utf8.count <= 128,
                prefix.utf8.allSatisfy(allowed)
            else { return note(leaf, .refused, "it is no path that begins with '/'") }
            guard !["/internalweb", "/health"].contains(prefix) else { return note(leaf, .refused, "the door has another use for this path") }
            doorLines.append("public_api_prefix: \"\(prefix)\"")
            note(leaf, .placed, "into http.rtmanage.public_api_prefix")
        }

        /// Both keys together: every so many days, where it is switched on.
        mutating func addSchedule() {
            guard let leaf = leaves.last(where: { $0.path == "openai.schedule_enabled" || $0.path == "openai.refresh_interval" })
            else { return }
            let isOn = ["true", "1", "yes", "on"].contains(value("openai.schedule_enabled")?.lowercased() ?? "false")
            let interval = value("openai.refresh_interval") ?? "2"
            guard isOn else {
                for leaf in leaves where leaf.path.hasPrefix("openai.schedule") || leaf.path.hasPrefix("openai.refresh") {
                    note(leaf, .notNeeded, "the timer is off; Coffer refreshes each credential before its token expires")
                }
                return
            }
            guard let days = Int(interval), (1...365).contains(days) else {
                return settings.append(.init("openai.refresh_interval", .refused, "it is not 1 to 365 days"))
            }
            rows.append(RTManageSystemConfigs.schedule(days: days, origin: "config.yml line \(leaf.line)"))
            for leaf in leaves where leaf.path == "openai.schedule_enabled" || leaf.path == "openai.refresh_interval" {
                note(leaf, .placed, "the schedule 'rtmanage', every \(days) days")
            }
        }

        mutating func addConfiguration() {
            if leaves.contains(where: { $0.path == "server.host" || $0.path == "server.port" }) { addListen() }
            guard !doorLines.isEmpty else { return }
            configuration = ["rtmanage:"] + doorLines.map { "  " + $0 }
        }

        private mutating func addListen() {
            let host = value("server.host") ?? "0.0.0.0"
            let isPlain: (UInt8) -> Bool = { $0.isASCIILetter || $0.isDigit || ".:-[]".utf8.contains($0) }
            guard !host.isEmpty, host.utf8.allSatisfy(isPlain), let port = Int(value("server.port") ?? "8080"), (1...65_535).contains(port)
            else { return settings.append(.init("server.port", .refused, "host and port make no address")) }
            let address = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
            doorLines.insert("listen: \"\(address):\(port)\"", at: 0)
        }
    }
}
