import CofferJSON

/// The settings as the page sends and is shown them (compat/tokenstool.md 2.4).
struct SettingsBody: Sendable {
    /// The settings after the change.
    var settings: SystemSettings
    /// `nil` where it stays.
    var loginUsername: String?
    /// Those that change; an empty one is taken away.
    var secrets: [SettingSecret: String] = [:]

    /// Fields that are absent or null stay; an empty text is a value.
    init(_ fields: BodyFields, present: SystemSettings) throws(TokensToolFailure) {
        settings = present
        // What the original needs, it needs.
        guard fields.isThere("loginUsername"), fields.isThere("loginPassword"), let tls = try fields.fields("tls"),
            let captcha = try fields.fields("validation")
        else { throw .refused(TokensToolMessage.settingsFailed) }
        loginUsername = try fields.text("loginUsername")
        // The token for one-api is `controllerTask`'s.
        for secret in SettingSecret.allCases where secret != .oneAPIToken {
            if let value = Mask.read(try fields.text(secret.wireName)) { secrets[secret] = value }
        }
        try Self.set(&settings.proxyAPIPrefix, try fields.text("proxy_api_prefix"))
        try Self.set(&settings.autoTokenURL, try fields.text("autoToken_url"))
        try Self.set(&settings.isGetToken, try fields.bool("isGetToken"))
        try Self.set(&settings.containerName, try fields.text("containerName"))
        try Self.set(&settings.isolatedConversationTitle, try fields.text("isolated_conv_title"))
        try Self.set(&settings.bind, try fields.text("bing"))
        try Self.set(&settings.timeout, try fields.integer("timeout"))
        try Self.set(&settings.publicShare, try fields.bool("public_share"))
        try Self.set(&settings.proxyURL, try fields.text("proxy_url"))
        // Null is a value here: no limit. Absent is not.
        if fields.value["whitelist"] != nil { settings.whitelist = try fields.text("whitelist").flatMap { Whitelist.read($0) } }
        try Self.set(&settings.disableSignup, try fields.bool("disable_signup"))
        try Self.set(&settings.autoConversationArkose, try fields.bool("auto_conv_arkose"))
        try Self.set(&settings.proxyFileService, try fields.bool("proxy_file_service"))
        try Self.set(&settings.customDoHHost, try fields.text("custom_doh_host"))
        try Self.set(&settings.tls.isEnabled, try tls.bool("enabled"))
        try Self.set(&settings.tls.certificate, try tls.text("cert_file"))
        try Self.set(&settings.tls.key, try tls.text("key_file"))
        try Self.set(&settings.captcha.provider, try captcha.text("provider"))
        try Self.set(&settings.captcha.siteKey, try captcha.text("site_key"))
        try Self.set(&settings.captcha.siteSecret, Mask.read(try captcha.text("site_secret")))
        try Self.set(&settings.captcha.siteLogin, try captcha.bool("site_login"))
        try Self.set(&settings.captcha.setupLogin, try captcha.bool("setup_login"))
        try Self.set(&settings.captcha.oaiUsername, try captcha.bool("oai_username"))
        try Self.set(&settings.captcha.oaiPassword, try captcha.bool("oai_password"))
    }

    private static func set<Value>(_ target: inout Value, _ value: Value?) throws(TokensToolFailure) {
        if let value { target = value }
    }

    /// - Parameters:
    ///   - loginUsername: as it is in the store.
    ///   - isSet: the secrets that have a value.
    static func shown(_ settings: SystemSettings, loginUsername: String, isSet: Set<SettingSecret>, licenseID: String) -> JSONValue {
        func mask(_ secret: SettingSecret) -> JSONValue { .string(Mask.shown(isSet.contains(secret))) }
        let captcha = settings.captcha
        return .object([
            ("loginUsername", .string(loginUsername)), ("loginPassword", mask(.loginPassword)),
            ("proxy_api_prefix", .string(settings.proxyAPIPrefix)), ("autoToken_url", .string(settings.autoTokenURL)),
            ("setup_password", mask(.setupPassword)), ("site_password", mask(.sitePassword)), ("license_id", .string(licenseID)),
            ("isGetToken", .bool(settings.isGetToken)), ("getTokenPassword", mask(.getTokenPassword)),
            ("containerName", .string(settings.containerName)), ("isolated_conv_title", .string(settings.isolatedConversationTitle)),
            ("bing", .string(settings.bind)), ("timeout", .integer(Int64(settings.timeout))), ("public_share", .bool(settings.publicShare)),
            ("proxy_url", .string(settings.proxyURL)), ("whitelist", Whitelist.shown(settings.whitelist)),
            (
                "tls",
                .object([
                    ("enabled", .bool(settings.tls.isEnabled)), ("cert_file", .string(settings.tls.certificate)),
                    ("key_file", .string(settings.tls.key)),
                ])
            ),
            (
                "validation",
                .object([
                    ("provider", .string(captcha.provider)), ("site_key", .string(captcha.siteKey)),
                    ("site_secret", .string(Mask.shown(!captcha.siteSecret.isEmpty))),
                    ("site_login", .bool(captcha.siteLogin)), ("setup_login", .bool(captcha.setupLogin)),
                    ("oai_username", .bool(captcha.oaiUsername)), ("oai_password", .bool(captcha.oaiPassword)),
                ])
            ),
            ("disable_signup", .bool(settings.disableSignup)), ("auto_conv_arkose", .bool(settings.autoConversationArkose)),
            ("proxy_file_service", .bool(settings.proxyFileService)), ("custom_doh_host", .string(settings.customDoHHost)),
            ("auto_updateSession", .bool(settings.autoUpdateSession)), ("auto_updateTime", .integer(Int64(settings.autoUpdateTime))),
            ("auto_updateNumber", .integer(Int64(settings.autoUpdateNumber))), ("pandoraNext_outUrl", .string(settings.pandoraOutURL)),
            ("oneAPi_outUrl", .string(settings.oneAPIOutURL)), ("oneAPi_intoToken", mask(.oneAPIToken)), ("configPosition", .null),
        ])
    }
}
