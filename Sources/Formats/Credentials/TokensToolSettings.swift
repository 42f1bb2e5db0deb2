/// `config.json` and `share.json` of TokensTool (compat/tokenstool.md 2.3, 2.4), key by key.
enum TokensToolSettings {
    /// Secrets, each a sealed field of the door, by the keys of the file.
    private static let secrets: [String: String] = [
        "loginUsername": "login_username", "loginPassword": "login_password", "getTokenPassword": "token_password",
        "setup_password": "setup_password", "site_password": "site_password", "license_id": "license_id",
        "oneAPi_intoToken": "one_api_token",
    ]

    /// The file's keys for the others. They go into the door's settings as they are.
    private static let plain: Set<String> = [
        "proxy_api_prefix", "autoToken_url", "isGetToken", "containerName", "isolated_conv_title", "bind", "timeout", "public_share",
        "proxy_url", "whitelist", "tls", "captcha", "disable_signup", "auto_conv_arkose", "proxy_file_service", "custom_doh_host",
        "auto_updateSession", "auto_updateTime", "auto_updateNumber", "pandoraNext_outUrl", "oneAPi_outUrl",
    ]

    /// What documents give as a value; everybody knows these (decisions 17).
    private static let samples: Set<String> = ["123456"]

    static func read(_ bytes: [UInt8], allowsSamples: Bool, _ result: inout CredentialImport) throws(FormatError) {
        guard let members = try JSONTree.read(bytes).members else { throw FormatError(line: 1, "an object ('{') must begin here") }
        var kept: [JSONTree.Member] = []
        for member in members {
            if let field = secrets[member.key] {
                result.settings.append(secret(member, field, allowsSamples))
            } else if plain.contains(member.key) {
                kept.append(member)
                result.settings.append(.init(member.key, .placed, "into the door's settings"))
            } else {
                result.settings.append(.init(
                    FormatError.short(member.key), .notNeeded, "neither TokensTool's page nor Coffer has a place for it"))
            }
        }
        guard !kept.isEmpty else { return }
        var value: [UInt8] = []
        JSONTree.object(kept).append(to: &value)
        result.settings.append(.init("(all that are placed)", .taken(field: "settings"), "one value", value: value))
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
