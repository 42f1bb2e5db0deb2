/// `config.json` and `share.json` of TokensTool (compat/tokenstool.md 2.3, 2.4), key by key.
enum TokensToolSettings {
    /// Secrets, each a sealed field of the door, by the keys of the file.
    private static let secrets: [String: String] = [
        "loginUsername": "login_username", "loginPassword": "login_password", "getTokenPassword": "token_password",
        "setup_password": "setup_password", "site_password": "site_password", "license_id": "license_id",
        "oneAPi_intoToken": "one_api_token",
    ]

    /// What documents give as a value; everybody knows these (decisions 17).
    private static let samples: Set<String> = ["123456"]

    /// - Returns: where the proxy is, with its prefix; `nil`: the file does not say.
    static func read(_ bytes: [UInt8], allowsSamples: Bool, _ result: inout CredentialImport) throws(FormatError) -> String? {
        guard bytes.contains(where: { $0 > 0x20 }) else { return nil }
        guard let members = try JSONTree.read(bytes).members else { throw FormatError(line: 1, "an object ('{') must begin here") }
        var kept: [JSONTree.Member] = []
        for member in members {
            if let field = secrets[member.key] {
                result.settings.append(secret(member, field, allowsSamples))
            } else {
                // Also what only the proxy knows: it goes back into the file that is written for it.
                kept.append(member)
                result.settings.append(.init(FormatError.short(member.key), .placed, "into the door's settings"))
            }
        }
        guard !kept.isEmpty else { return nil }
        var value: [UInt8] = []
        JSONTree.object(kept).append(to: &value)
        result.settings.append(.init("(all that are placed)", .taken(field: "settings"), "one value", value: value))
        return base(.object(kept))
    }

    /// compat/tokenstool.md 3: `default` is the proxy of this machine, at the port of `bind`.
    private static func base(_ settings: JSONTree) -> String? {
        func text(_ key: String) -> String { if case .text(let text)? = settings[key] { String(decoding: text, as: UTF8.self) } else { "" } }
        var url = text("autoToken_url")
        if url.isEmpty || url == "default" {
            let parts = text("bind").split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, let port = UInt16(parts[1]), port != 0 else { return nil }
            let prefix = text("proxy_api_prefix")
            url = "http://127.0.0.1:\(port)" + (prefix.isEmpty ? "" : "/" + prefix)
        }
        while url.hasSuffix("/") { url.removeLast() }
        guard url.hasPrefix("http://") || url.hasPrefix("https://") else { return nil }
        return url
    }

    static func read(shareChannels bytes: [UInt8], _ result: inout CredentialImport) throws(FormatError) {
        guard bytes.contains(where: { $0 > 0x20 }) else { return }
        let tree = try JSONTree.read(bytes)
        guard let members = tree.members else { throw FormatError(line: 1, "an object ('{') must begin here") }
        guard !members.isEmpty else { return }
        for member in members where member.value.members == nil {
            throw FormatError(line: member.line, "the share channel '\(FormatError.short(member.key))' is no object")
        }
        var value: [UInt8] = []
        tree.append(to: &value)
        result.settings.append(.init(
            "share.json", .taken(field: "share_channels"), "\(members.count) share channels", value: value))
    }

    private static func secret(_ member: JSONTree.Member, _ field: String, _ allowsSamples: Bool) -> CredentialImport.Setting {
        switch member.value {
        case .text(let value) where value.isEmpty: .init(member.key, .notNeeded, "it is empty")
        case .null: .init(member.key, .notNeeded, "it is null")
        case .text(let value) where !allowsSamples && samples.contains(String(decoding: value, as: UTF8.self)):
            .init(member.key, .refused, "it is a sample value that everybody knows: set one with 'coffer door set tokenstool \(field)'")
        case .text(let value): .init(member.key, .taken(field: field), "", value: value)
        default: .init(member.key, .refused, "it is not a text")
        }
    }
}

extension JSONTree {
    /// Appends the text, the keys in their order.
    func append(to output: inout [UInt8]) {
        switch self {
        case .null: output += Array("null".utf8)
        case .bool(let value): output += Array((value ? "true" : "false").utf8)
        case .number(let digits): output += digits
        case .text(let text): text.withUnsafeBytes { QuotedText.append($0, to: &output) }
        case .list(let items):
            output.append(UInt8(ascii: "["))
            for (index, item) in items.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                item.append(to: &output)
            }
            output.append(UInt8(ascii: "]"))
        case .object(let members):
            output.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                JSONTree.text(Array(member.key.utf8)).append(to: &output)
                output.append(UInt8(ascii: ":"))
                member.value.append(to: &output)
            }
            output.append(UInt8(ascii: "}"))
        }
    }
}
