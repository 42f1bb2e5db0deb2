import Yams

/// Reads the `http` section (docs/configuration.md, "HTTP").
enum HTTPSection {
    /// - Returns: the section, and everything that is wrong with it.
    static func read(_ node: Node, path: String) -> (configuration: HTTPConfiguration, messages: [String]) {
        var result = HTTPConfiguration()
        var section = SectionReader(node, name: "http", path: path)
        result.tls = tls(&section)
        result.trustedProxies = section.texts("trusted_proxies") ?? []
        result.hosts = section.texts("hosts") ?? []
        result.health = door("health", in: &section) { _ in }
        result.admin = door("admin", in: &section) { _ in }
        var newapi = HTTPConfiguration.NewAPI()
        if let listener = door("newapi", in: &section, { read(&newapi, from: &$0) }) {
            newapi.listener = listener
            result.newapi = newapi
        }
        var ragflow = HTTPConfiguration.RAGFlow()
        if let listener = door("ragflow", in: &section, { read(&ragflow, from: &$0) }) {
            ragflow.listener = listener
            result.ragflow = ragflow
        }
        var rtmanage = HTTPConfiguration.RTManage()
        if let listener = door("rtmanage", in: &section, { read(&rtmanage, from: &$0) }) {
            rtmanage.listener = listener
            result.rtmanage = rtmanage
        }
        var tokenstool = HTTPConfiguration.TokensTool()
        if let listener = door("tokenstool", in: &section, { read(&tokenstool, from: &$0) }) {
            tokenstool.listener = listener
            result.tokenstool = tokenstool
        }
        var tokenstatuscheck = HTTPConfiguration.TokenStatusCheck()
        if let listener = door("tokenstatuscheck", in: &section, { read(&tokenstatuscheck, from: &$0) }) {
            tokenstatuscheck.listener = listener
            result.tokenstatuscheck = tokenstatuscheck
        }
        section.finish()
        return (result, section.messages)
    }

    private static func door(
        _ name: String, in section: inout SectionReader, _ rest: (inout SectionReader) -> Void
    ) -> HTTPConfiguration.Listener? {
        guard let (node, line) = section.node(name) else { return nil }
        var door = SectionReader(node, name: "http.\(name)", path: section.path)
        var listener = HTTPConfiguration.Listener()
        if let listen = door.text("listen", atMost: 300) {
            listener.listen = listen
            listener.line = door.line("listen")
        } else if door.messages.isEmpty {
            door.fail(line, "listen", "is missing: say where this door listens, such as \"127.0.0.1:3000\"")
        }
        listener.tls = tls(&door)
        listener.trustedProxies = door.texts("trusted_proxies")
        listener.hosts = door.texts("hosts")
        listener.insecure = door.bool("insecure") ?? false
        rest(&door)
        door.finish()
        section.take(door.messages)
        return listener
    }

    private static func tls(_ section: inout SectionReader) -> HTTPConfiguration.TLSFiles? {
        guard let (node, line) = section.node("tls") else { return nil }
        var files = SectionReader(node, name: "\(section.name).tls", path: section.path)
        let certificate = files.absolutePath("certificate")
        let key = files.absolutePath("key")
        files.finish()
        section.take(files.messages)
        guard let certificate, let key else {
            if files.messages.isEmpty { section.fail(line, "tls", "needs both 'certificate' and 'key'") }
            return nil
        }
        return HTTPConfiguration.TLSFiles(certificate: certificate, key: key)
    }

    private static func read(_ door: inout HTTPConfiguration.NewAPI, from section: inout SectionReader) {
        if let value = section.choice("profile", HTTPConfiguration.Profile.self) { door.profile = value }
        if let value = section.bool("require_new_api_user") { door.requireNewApiUser = value }
        if let value = section.bool("legacy_status") { door.legacyStatus = value }
        if let value = section.texts("models") { door.models = value }
        if let value = groups(&section) { door.groups = value }
        if let value = section.number("quota_per_unit", 1...1_000_000_000_000) { door.quotaPerUnit = value }
        if let value = section.decimal("price", 0...1_000_000) { door.price = value }
        if let value = section.text("system_name", atMost: 255) { door.systemName = value }
        if let value = section.text("server_address", atMost: 1_024) { door.serverAddress = value }
        if let value = section.number("max_tokens", 1...1_000_000) { door.maxTokens = Int(value) }
        if let value = section.number("session_days", 1...3_650) { door.sessionDays = Int(value) }
        if let value = section.bool("rate_limits") { door.rateLimits = value }
    }

    /// `groups: { vip: { ratio: 1.5, description: "faster" } }`
    private static func groups(_ section: inout SectionReader) -> [HTTPConfiguration.Group]? {
        guard let (node, line) = section.node("groups") else { return nil }
        guard let mapping = node.mapping, mapping.count > 0, mapping.count <= 1_000 else {
            section.fail(line, "groups", "must be a mapping of names to a ratio and a description")
            return nil
        }
        var groups: [HTTPConfiguration.Group] = []
        for (keyNode, valueNode) in mapping {
            guard let name = keyNode.scalar?.string, !name.isEmpty, name.utf8.count <= 255 else {
                section.fail(keyNode.mark?.line ?? line, "groups", "has a name that is empty or longer than 255 bytes")
                continue
            }
            var group = SectionReader(valueNode, name: "\(section.name).groups.\(name)", path: section.path)
            let ratio = group.decimal("ratio", 0...1_000_000) ?? 1
            let description = group.text("description", atMost: 1_024) ?? name
            group.finish()
            section.take(group.messages)
            groups.append(HTTPConfiguration.Group(name: name, ratio: ratio, description: description))
        }
        return groups
    }

    private static func read(_ door: inout HTTPConfiguration.RAGFlow, from section: inout SectionReader) {
        if let value = section.choice("profile", HTTPConfiguration.Profile.self) { door.profile = value }
        if let value = section.bool("legacy_status") { door.legacyStatus = value }
        if let value = section.absolutePath("login_key") { door.loginKey = value }
        if let value = section.bool("registration") { door.registration = value }
        if let value = section.number("session_days", 1...3_650) { door.sessionDays = Int(value) }
        if let value = section.bool("api_keys_manage_keys") { door.apiKeysManageKeys = value }
        if let value = section.number("token_length", 32...43) {
            if value == 32 || value == 43 { door.tokenLength = Int(value) } else {
                section.fail(section.line("token_length"), "token_length", "must be 32 or 43")
            }
        }
        if let value = section.text("version", atMost: 64) { door.version = value }
    }
}
