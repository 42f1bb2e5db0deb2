import CofferCredentials
import CofferHTTP
import Yams

extension HTTPSection {
    /// `http.tokenstool` (docs/configuration.md).
    static func read(_ door: inout HTTPConfiguration.TokensTool, from section: inout SectionReader) {
        if let value = section.choice("profile", HTTPConfiguration.Profile.self) { door.profile = value }
        if let value = section.absolutePath("web") { door.web = value }
        if let value = section.text("prefix", atMost: 255) {
            if isPrefix(value) { door.prefix = value } else {
                section.fail(section.line("prefix"), "prefix", "must look like /tokensTool: letters, digits, '-', '_' and '/', none at its end")
            }
        }
        if let value = section.text("regenerate_at", atMost: 5) {
            if value.isEmpty || (try? TimeOfDay(value)) != nil { door.regenerateAt = value } else {
                section.fail(section.line("regenerate_at"), "regenerate_at", "must be a time from 00:00 to 23:59, or empty for never")
            }
        }
        if let value = section.text("time_zone", atMost: 255) {
            if TokensToolSettings.isTimeZone(value) { door.timeZone = value } else {
                section.fail(section.line("time_zone"), "time_zone", "must be the name of a time zone, such as Asia/Shanghai")
            }
        }
        if let value = section.number("session_days", 1...3_650) { door.sessionDays = Int(value) }
        if let value = section.bool("hot_reload") { door.hotReload = value }
        if let value = section.bool("query_password") { door.queryPassword = value }
        if let value = section.texts("origins") { door.origins = checkedOrigins(value, "origins", &section) }
        if let value = containers(&section) { door.containers = value }
    }

    private static func isPrefix(_ text: String) -> Bool {
        text.isEmpty
            || (text.hasPrefix("/") && !text.hasSuffix("/") && !text.contains("//")
                && text.utf8.allSatisfy { byte in
                    (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || "-_/".utf8.contains(byte)
                })
    }

    /// `containers: { mode: docker, socket: /var/run/docker.sock, names: [PandoraNext] }`
    private static func containers(_ section: inout SectionReader) -> HTTPConfiguration.TokensTool.Containers? {
        guard let (node, _) = section.node("containers") else { return nil }
        var inner = SectionReader(node, name: "\(section.name).containers", path: section.path)
        var containers = HTTPConfiguration.TokensTool.Containers()
        if let value = inner.choice("mode", HTTPConfiguration.TokensTool.Containers.Mode.self) { containers.mode = value }
        if let value = inner.absolutePath("socket") { containers.socket = value }
        if let value = inner.texts("names") {
            if let wrong = value.first(where: { !TokensToolSettings.isContainerName($0) }) {
                inner.fail(inner.line("names"), "names", "has '\(wrong.prefix(60))', which is no container's name")
            } else {
                containers.names = value
            }
        }
        inner.finish()
        section.take(inner.messages)
        return containers
    }
}
