/// What the door says of a failure; see ``text(_:_:)`` for the words.
///
/// | case | document, Chinese | current, Chinese | English |
/// |---|---|---|---|
/// | listFailed | 获取Token列表失败 | 数据库出错，请联系管理员 | Failed to get the token list · Database error… |
/// | searchFailed | 搜索Token失败 | 搜索令牌失败 | Failed to search tokens |
/// | pattern… | 搜索Token失败 | what is wrong with the pattern | Failed to search tokens · what is wrong |
/// | notFound | Token不存在 | record not found | Token does not exist · record not found |
/// | missingID, notAnID (show, delete) | Token不存在 | id 或 userId 为空！ · strconv.Atoi: … | Token does not exist · id or userId… |
/// | missingID in an update | 参数错误 | id 或 userId 为空！ | Invalid parameters · id or userId is empty! |
/// | invalidParameters | 参数错误 | 无效的参数 | Invalid parameters |
///
/// All others are the same in both profiles; compat/newapi.md has those of the API, the rest is ours.
enum NewAPIMessage: Equatable, Sendable {
    // Who is asking.
    case noCredentials, unknownCredential, sessionExpired, sessionRevoked
    case userHeaderMissing, userHeaderFormat, userHeaderMismatch
    case userDisabled, crossSite, loginFailed
    case tooManyAttempts(seconds: Int)

    // Tokens.
    case listFailed, searchFailed, notFound, missingID, missingIDInUpdate
    case notAnID(String)
    /// In Go's words, whatever the language.
    case decoder(String)
    case invalidParameters
    /// What the accounts refused, in their English words.
    case invalidField(String)
    case nameTooLong, negativeQuota, quotaTooLarge, notEnabledExpired, notEnabledExhausted
    case tooManyTokens(Int), tooManyItems(Int)
    case notRevealable
    case autoGroupsTooMany(Int), autoGroupTwice(String), autoGroupUnknown(String)
    case patternDoubled, patternTooMany, patternTooShort, patternOverCap

    // Keys.
    case noKey, unknownKey, keyDisabled, notBearer, addressRefused, tooManyRequests
    case groupRefused(String)
    case channelRefused

    // The store.
    case unavailable, failed, full

    func text(_ language: NewAPILanguage, _ profile: NewAPISettings.Profile) -> String {
        let words = profile == .document ? documentWords ?? commonWords : commonWords
        return language == .chinese ? words.chinese : words.english
    }

    private typealias Words = (chinese: String, english: String)

    /// Where the published document has words of its own.
    private var documentWords: Words? {
        switch self {
        case .listFailed: ("获取Token列表失败", "Failed to get the token list")
        case .searchFailed, .patternDoubled, .patternTooMany, .patternTooShort, .patternOverCap:
            ("搜索Token失败", "Failed to search tokens")
        case .notFound, .missingID, .notAnID: ("Token不存在", "Token does not exist")
        case .missingIDInUpdate, .invalidParameters: ("参数错误", "Invalid parameters")
        case .invalidField(let message): ("参数错误：\(message)", "Invalid parameters: \(message)")
        default: nil
        }
    }

    private var commonWords: Words {
        callerWords ?? tokenWords ?? keyWords ?? ("数据库出错，请联系管理员", "Database error, please contact the administrator")
    }

    private var callerWords: Words? {
        switch self {
        case .noCredentials:
            ("无权进行此操作，未登录且未提供 access token", "Unauthorized, not logged in and no access token provided")
        case .unknownCredential: ("无权进行此操作，access token 无效", "Unauthorized, invalid access token")
        case .sessionExpired: ("无权进行此操作，access token 已过期", "Unauthorized, the access token has expired")
        case .sessionRevoked: ("无权进行此操作，登录状态已失效", "Unauthorized, the session has ended")
        case .userHeaderMissing: ("无权进行此操作，未提供 New-Api-User", "Unauthorized, New-Api-User header not provided")
        case .userHeaderFormat: ("无权进行此操作，New-Api-User 格式错误", "Unauthorized, New-Api-User header format error")
        case .userHeaderMismatch:
            ("无权进行此操作，New-Api-User 与登录用户不匹配", "Unauthorized, New-Api-User does not match logged in user")
        case .userDisabled: ("用户已被封禁", "User has been banned")
        case .crossSite: ("无权进行此操作，不允许跨站请求", "Forbidden, the request comes from another site")
        case .loginFailed: ("用户名或密码错误，或用户已被封禁", "Username or password is incorrect, or user has been banned")
        case .tooManyAttempts(let seconds): ("登录失败次数过多，请在 \(seconds) 秒后重试", "Too many failed logins, try again in \(seconds) s")
        default: nil
        }
    }

    private var tokenWords: Words? {
        switch self {
        case .searchFailed: ("搜索令牌失败", "Failed to search tokens")
        case .notFound: ("record not found", "record not found")
        case .missingID, .missingIDInUpdate: ("id 或 userId 为空！", "id or userId is empty!")
        case .notAnID(let message), .decoder(let message): (message, message)
        case .invalidParameters: ("无效的参数", "Invalid parameters")
        case .invalidField(let message): ("无效的参数：\(message)", "Invalid parameters: \(message)")
        case .nameTooLong: ("令牌名称过长", "Token name is too long")
        case .negativeQuota: ("额度值不能为负数", "Quota value cannot be negative")
        case .quotaTooLarge:
            ("额度值超出有效范围，最大值为 \(NewAPIBounds.quota)", "Quota value exceeds valid range, maximum is \(NewAPIBounds.quota)")
        case .notEnabledExpired:
            (
                "令牌已过期，无法启用，请先修改令牌过期时间，或者设置为永不过期",
                "Token has expired and cannot be enabled. Please modify the expiration time or set it to never expire"
            )
        case .notEnabledExhausted:
            (
                "令牌可用额度已用尽，无法启用，请先修改令牌剩余额度，或者设置为无限额度",
                "Token quota is exhausted and cannot be enabled. Please modify the remaining quota or set it to unlimited"
            )
        case .tooManyTokens(let limit): ("已达到最大令牌数量限制 (\(limit))", "Maximum number of tokens reached (\(limit))")
        case .tooManyItems(let limit): ("批量请求数量过多，最多 \(limit) 条", "Too many items in batch request, maximum is \(limit)")
        case .notRevealable: ("该令牌的密钥不可查看", "The key of this token cannot be shown")
        case .autoGroupsTooMany(let limit): ("每个令牌最多可选择 \(limit) 个自动分组", "A token can select at most \(limit) Auto groups")
        case .autoGroupTwice(let group): ("自动分组 \(group) 重复", "Auto group \(group) is duplicated")
        case .autoGroupUnknown(let group): ("自动分组 \(group) 不可用或无权使用", "Auto group \(group) is unavailable or unauthorized")
        case .patternDoubled: ("搜索模式中不允许包含连续的 % 通配符", "The search pattern must not have two % in a row")
        case .patternTooMany: ("搜索模式中最多允许包含 2 个 % 通配符", "The search pattern may have at most 2 %")
        case .patternTooShort: ("使用模糊搜索时，关键词长度至少为 2 个字符", "A search pattern with % needs at least 2 other characters")
        case .patternOverCap:
            ("令牌数量超过上限，仅允许精确搜索，请勿使用 % 通配符", "There are too many tokens for a search with %")
        default: nil
        }
    }

    private var keyWords: Words? {
        switch self {
        case .noKey: ("未提供令牌", "Token not provided")
        case .unknownKey: ("无效的令牌", "Invalid token")
        case .keyDisabled: ("该令牌状态不可用", "The token is not available")
        case .notBearer: ("Invalid Bearer token", "Invalid Bearer token")
        case .addressRefused: ("您的 IP 不在令牌允许访问的列表中", "Your IP is not in the list that the token allows")
        case .tooManyRequests: ("请求过于频繁，请稍后重试", "Too many requests, try again later")
        case .groupRefused(let group): ("无权访问 \(group) 分组", "The group \(group) may not be used")
        case .channelRefused: ("普通用户不支持指定渠道", "Users without an administrator's role may not choose a channel")
        case .unavailable: ("服务暂时不可用，请稍后重试", "The service is not available at the moment, try again later")
        case .full: ("存储空间不足", "The store is full")
        default: nil
        }
    }
}
