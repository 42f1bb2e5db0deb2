import CofferHTTP
import CofferUpstream
import Yams

// The doors whose tokens are other people's.
extension HTTPSection {
    static func read(_ door: inout HTTPConfiguration.RTManage, from section: inout SectionReader) {
        if let value = section.text("public_api_prefix", atMost: 255) {
            if let objection = RTManageSettings.objection(toPrefix: value) {
                section.fail(section.line("public_api_prefix"), "public_api_prefix", objection)
            } else {
                door.publicPrefix = value
            }
        }
        if let value = section.number("jwt_expire_hours", 1...87_600) { door.jwtExpireHours = Int(value) }
        if let value = section.bool("api_secret_is_admin") { door.apiSecretIsAdmin = value }
        if let value = section.texts("cors") { door.cors = checkedOrigins(value, "cors", &section) }
        if let value = section.text("client_id", atMost: 1_024) { door.clientID = value }
        if let value = section.bool("info_on_batch") { door.infoOnBatch = value }
    }

    /// As browsers send them: a scheme, a host, perhaps a port, and nothing behind it.
    static func checkedOrigins(_ origins: [String], _ key: String, _ section: inout SectionReader) -> [String] {
        for origin in origins where origin != "*" {
            let parts = origin.split(separator: "/", omittingEmptySubsequences: false)
            let isOrigin = parts.count == 3 && ["http:", "https:"].contains(parts[0]) && parts[1].isEmpty && !parts[2].isEmpty
            guard isOrigin, origin == origin.lowercased() else {
                section.fail(section.line(key), key, "must list origins such as https://pages.example.com, or '*'")
                return []
            }
        }
        return origins
    }

    static func read(_ door: inout HTTPConfiguration.TokenStatusCheck, from section: inout SectionReader) {
        if let value = section.absolutePath("data") { door.data = value }
        if let value = section.number("cache_minutes", 0...1_440) { door.cacheMinutes = Int(value) }
        if let value = section.number("account_gap", 0...60) { door.accountGap = Int(value) }
        if let value = section.number("total_seconds", 1...3_600) { door.totalSeconds = Int(value) }
        guard let (node, line) = section.node("urls") else { return }
        guard node.mapping != nil else { return section.fail(line, "urls", "must be a mapping of providers to URLs") }
        var urls = SectionReader(node, name: "\(section.name).urls", path: section.path)
        for provider in TokenStatusCheckProvider.allCases {
            guard let url = urls.text(provider.rawValue, atMost: 2_048) else { continue }
            if let objection = TokenStatusCheckProvider.objection(to: url) {
                urls.fail(urls.line(provider.rawValue), provider.rawValue, objection)
            } else {
                door.urls[provider.rawValue] = url
            }
        }
        urls.finish()
        section.take(urls.messages)
    }

    /// What the original's own environment variables add: URLs of providers that the file does not name (decisions 17).
    /// - Returns: what is wrong with them.
    static func take(_ environment: [String: String], into door: inout HTTPConfiguration.TokenStatusCheck) -> [String] {
        var messages: [String] = []
        for provider in TokenStatusCheckProvider.allCases where door.urls[provider.rawValue] == nil {
            // The original's framework makes no difference between capital and small letters here.
            let found = environment.first { $0.key.lowercased() == provider.variable.lowercased() && !$0.value.isEmpty }
            guard let found else { continue }
            if let objection = TokenStatusCheckProvider.objection(to: found.value) {
                messages.append("\(found.key) \(objection)")
            } else {
                door.urls[provider.rawValue] = found.value
            }
        }
        return messages
    }
}
