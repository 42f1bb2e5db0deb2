import CofferJSON

/// What the page sets and `config.json` has, without its passwords but that of the captcha (compat/tokenstool.md 2.4). A value; where it lies is
/// ``TokensToolMemory``'s.
struct SystemSettings: Equatable, Sendable {
    var proxyAPIPrefix = ""
    var autoTokenURL = "default"
    var isGetToken = false
    var containerName = "PandoraNext"
    var isolatedConversationTitle = "*"
    var bind = "127.0.0.1:8181"
    /// Seconds.
    var timeout = 600
    var publicShare = false
    var proxyURL = ""
    /// `nil`: no limit.
    var whitelist: [String]?
    var tls = TLS()
    var captcha = Captcha()
    var disableSignup = false
    var autoConversationArkose = false
    var proxyFileService = false
    var customDoHHost = ""
    var autoUpdateSession = false
    /// Days.
    var autoUpdateTime = 5
    /// Tokens of one run.
    var autoUpdateNumber = 1
    var pandoraOutURL = ""
    var oneAPIOutURL = ""
    /// What the proxy's file has and this API does not know: it goes back into the file.
    var others: [Member] = []

    struct TLS: Equatable, Sendable {
        var isEnabled = false
        var certificate = ""
        var key = ""
    }

    struct Captcha: Equatable, Sendable {
        var provider = ""
        var siteKey = ""
        var siteSecret = ""
        var siteLogin = false
        var setupLogin = false
        var oaiUsername = false
        var oaiPassword = false
        var others: [Member] = []
    }

    struct Member: Equatable, Sendable {
        var name: String
        var value: JSONValue
    }
}

/// Settings that are fields of the door of their own (`coffer door set tokenstool FIELD`).
enum SettingSecret: String, CaseIterable, Sendable {
    case loginPassword = "login_password"
    case getTokenPassword = "token_password"
    case setupPassword = "setup_password"
    case sitePassword = "site_password"
    case oneAPIToken = "one_api_token"
    /// No password: whoever is logged in reads it.
    case licenseID = "license_id"

    /// What the API and `config.json` call it.
    var wireName: String {
        switch self {
        case .loginPassword: "loginPassword"
        case .getTokenPassword: "getTokenPassword"
        case .setupPassword: "setup_password"
        case .sitePassword: "site_password"
        case .oneAPIToken: "oneAPi_intoToken"
        case .licenseID: "license_id"
        }
    }
}

extension SystemSettings {
    /// Reads `config.json`, or what ``json`` wrote. What is there and of another type than it should be counts as absent: the file was
    /// written by hand.
    init(file: JSONValue) {
        for (name, value) in file.object ?? [] where !read(name, value) { others.append(Member(name: name, value: value)) }
    }

    private mutating func read(_ name: String, _ value: JSONValue) -> Bool {
        switch name {
        case "proxy_api_prefix": proxyAPIPrefix = value.string ?? proxyAPIPrefix
        case "autoToken_url": autoTokenURL = value.string ?? autoTokenURL
        case "isGetToken": isGetToken = value.bool ?? (value.string == "true")
        case "containerName": containerName = value.string ?? containerName
        case "isolated_conv_title": isolatedConversationTitle = value.string ?? isolatedConversationTitle
        case "bind": bind = value.string ?? bind
        case "timeout": timeout = number(value) ?? timeout
        case "public_share": publicShare = value.bool ?? publicShare
        case "proxy_url": proxyURL = value.string ?? proxyURL
        case "whitelist": whitelist = value.array.map { $0.compactMap(\.string) } ?? value.string.flatMap { Whitelist.read($0) }
        case "tls":
            tls.isEnabled = value["enabled"]?.bool ?? false
            tls.certificate = value["cert_file"]?.string ?? ""
            tls.key = value["key_file"]?.string ?? ""
        case "captcha": captcha = Captcha(file: value)
        case "disable_signup": disableSignup = value.bool ?? disableSignup
        case "auto_conv_arkose": autoConversationArkose = value.bool ?? autoConversationArkose
        case "proxy_file_service": proxyFileService = value.bool ?? proxyFileService
        case "custom_doh_host": customDoHHost = value.string ?? customDoHHost
        case "auto_updateSession": autoUpdateSession = value.bool ?? (value.string == "true")
        case "auto_updateTime": autoUpdateTime = number(value) ?? autoUpdateTime
        case "auto_updateNumber": autoUpdateNumber = number(value) ?? autoUpdateNumber
        case "pandoraNext_outUrl": pandoraOutURL = value.string ?? pandoraOutURL
        case "oneAPi_outUrl": oneAPIOutURL = value.string ?? oneAPIOutURL
        case "loginUsername": break
        default: return SettingSecret.allCases.contains { $0.wireName == name }
        }
        return true
    }

    private func number(_ value: JSONValue) -> Int? { (value.integer ?? value.string.flatMap { Int64($0) }).flatMap { Int(exactly: $0) } }

    /// With the keys of `config.json`.
    var json: JSONValue { .object(fileFields) }

    var fileFields: [(String, JSONValue)] {
        [
            ("bind", .string(bind)),
            ("tls", .object([("enabled", .bool(tls.isEnabled)), ("cert_file", .string(tls.certificate)), ("key_file", .string(tls.key))])),
            ("timeout", .integer(Int64(timeout))), ("proxy_url", .string(proxyURL)), ("public_share", .bool(publicShare)),
            ("proxy_api_prefix", .string(proxyAPIPrefix)), ("isolated_conv_title", .string(isolatedConversationTitle)),
            ("whitelist", whitelist.map { .strings($0) } ?? .null),
            ("captcha", captcha.file), ("disable_signup", .bool(disableSignup)),
            ("auto_conv_arkose", .bool(autoConversationArkose)), ("proxy_file_service", .bool(proxyFileService)),
            ("custom_doh_host", .string(customDoHHost)), ("autoToken_url", .string(autoTokenURL)), ("isGetToken", .bool(isGetToken)),
            ("containerName", .string(containerName)), ("auto_updateSession", .bool(autoUpdateSession)),
            ("auto_updateTime", .integer(Int64(autoUpdateTime))), ("auto_updateNumber", .integer(Int64(autoUpdateNumber))),
            ("pandoraNext_outUrl", .string(pandoraOutURL)), ("oneAPi_outUrl", .string(oneAPIOutURL)),
        ] + others.map { ($0.name, $0.value) }
    }
}

extension SystemSettings.Captcha {
    init(file: JSONValue) {
        for (name, value) in file.object ?? [] {
            switch name {
            case "provider": provider = value.string ?? ""
            case "site_key": siteKey = value.string ?? ""
            case "site_secret": siteSecret = value.string ?? ""
            case "site_login": siteLogin = value.bool ?? false
            case "setup_login": setupLogin = value.bool ?? false
            case "oai_username": oaiUsername = value.bool ?? false
            case "oai_password": oaiPassword = value.bool ?? false
            default: others.append(SystemSettings.Member(name: name, value: value))
            }
        }
    }

    var file: JSONValue {
        .object(
            [
                ("provider", .string(provider)), ("site_key", .string(siteKey)), ("site_secret", .string(siteSecret)),
                ("site_login", .bool(siteLogin)), ("setup_login", .bool(setupLogin)), ("oai_username", .bool(oaiUsername)),
                ("oai_password", .bool(oaiPassword)),
            ] + others.map { ($0.name, $0.value) })
    }
}
