import CofferAccounts

/// What of the settings is refused: what could be pasted somewhere where it does harm (compat/tokenstool.md W8, W9), and what could not work.
enum SettingsChecks {
    /// Bytes of one text.
    static let maximumText = 4_096

    /// - Parameter before: what is as it was is not looked at again; what was imported may stay.
    /// - Returns: what is wrong; `nil`: nothing.
    static func objection(_ settings: SystemSettings, before: SystemSettings) -> String? {
        func isNew<Value: Equatable>(_ path: KeyPath<SystemSettings, Value>) -> Bool { settings[keyPath: path] != before[keyPath: path] }
        if isNew(\.containerName), !settings.containerName.isEmpty, !ContainerName.isValid(settings.containerName) {
            return "containerName"
        }
        if isNew(\.bind), settings.bindPort == nil { return "bing: IP:PORT" }
        if isNew(\.proxyAPIPrefix), !isPrefix(settings.proxyAPIPrefix) { return "proxy_api_prefix" }
        if isNew(\.autoTokenURL), settings.autoTokenURL != "default", !isURL(settings.autoTokenURL) { return "autoToken_url" }
        if isNew(\.pandoraOutURL), !settings.pandoraOutURL.isEmpty, !isURL(settings.pandoraOutURL) { return "pandoraNext_outUrl" }
        if isNew(\.oneAPIOutURL), !settings.oneAPIOutURL.isEmpty, !isURL(settings.oneAPIOutURL) { return "oneAPi_outUrl" }
        if isNew(\.timeout), !(1...86_400).contains(settings.timeout) { return "timeout: 1 - 86400" }
        if (settings.whitelist ?? []).count > Whitelist.maximum { return "whitelist" }
        let texts = [
            settings.isolatedConversationTitle, settings.proxyURL, settings.tls.certificate, settings.tls.key, settings.captcha.provider,
            settings.captcha.siteKey, settings.captcha.siteSecret, settings.customDoHHost,
        ]
        return texts.contains { $0.utf8.count > maximumText } ? "a text is longer than \(maximumText) bytes" : nil
    }

    /// The fields whose address is plain HTTP beyond this machine: passwords and tokens go there readable.
    static func inClear(_ settings: SystemSettings) -> [String] {
        [("autoToken_url", settings.autoTokenURL), ("pandoraNext_outUrl", settings.pandoraOutURL), ("oneAPi_outUrl", settings.oneAPIOutURL)]
            .filter { isInClear($0.1) }.map(\.0)
    }

    private static func isInClear(_ url: String) -> Bool {
        guard url.hasPrefix("http://") else { return false }
        let authority = url.dropFirst(7).prefix { $0 != "/" && $0 != "?" }
        let host = authority.hasPrefix("[") ? authority.dropFirst().prefix { $0 != "]" } : authority.prefix { $0 != ":" }
        return host != "localhost" && ClientAddress(host)?.isLoopback != true
    }

    static func isURL(_ text: String) -> Bool { UpstreamURLCheck.isValid(text) }

    /// Letters, digits and what paths have without being escaped.
    static func isPrefix(_ text: String) -> Bool {
        text.utf8.count <= 256 && !text.contains("..")
            && text.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || "-._~/".utf8.contains(byte)
            }
    }
}

/// Whether a text is an http or https URL of a host, without user, blank or fragment. Which addresses may be called, the upstream rules say.
enum UpstreamURLCheck {
    static func isValid(_ text: String) -> Bool {
        guard text.utf8.count <= 2_048, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return false }
        guard let rest = ["http://", "https://"].lazy.compactMap({ text.hasPrefix($0) ? text.dropFirst($0.count) : nil }).first else {
            return false
        }
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        return !authority.isEmpty && authority.first != ":" && !rest.contains { "@#\\\"'`$;|&<>".contains($0) }
    }
}
