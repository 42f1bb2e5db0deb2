/// The words of the API, punctuation included (compat/tokenstool.md 1). Its clients look for some of them.
enum TokensToolMessage {
    static let unavailable = "服务暂时不可用，请稍后重试"

    // The public paths.
    static let notOpen = "Not_Open"
    static let wrongPassword = "Not_Login"
    static let noSuchToken = "未找到该tokenName！"
    static let noShareToken = "该tokenName没有存放Shared_Token"
    static let noAccessToken = "该tokenName没有存放Access_Token"
    static let noPoolToken = "该tokensTool没有正确生成相应名称的pool_Token"
    static let poolTokenFailed = "获取pool_token出现问题！"

    // What stands where a token is not.
    static let neverMade = "未开启pool_token无法生成"
    static let switchedOff = "未开启API开关无法生成"

    // Logging in.
    static func wrongLogin(left: Int) -> String { "账号密码错误，请检查文件是否配置正确，还有\(left)次机会！" }
    static func blocked(_ address: String) -> String { "ip为\(address)的用户你已被封禁！！！" }
    static let notLoggedIn = "NOT_LOGIN"
    static let loggedIn = "YES_LOGIN"

    // Tokens.
    static let added = "添加成功！"
    static let addLoginFailed = "添加失败,检查你的账号密码是否正确或刷新token网址有误！"
    static func addExchangeFailed(isRefresh: Bool) -> String {
        "添加失败！请确保自己填写的token为正确的" + (isRefresh ? "refresh_token" : "session_token")
    }
    static let addFailed = "添加失败！"
    static let edited = "修改成功！"
    static let editUnknown = "节点未找到或不是对象！"
    static let editLoginFailed = "修改失败，请确保你的账号密码是否正确且proxy的url配置是否正确，或者余额不足"
    static func editExchangeFailed(isRefresh: Bool) -> String {
        isRefresh
            ? "添加失败！请填写正确的refresh_token或关闭使用refresh_token后重新尝试"
            : "修改失败！请填写正确的session_token或开启使用refresh_token后重新尝试"
    }
    static let editShareFailed = "access_token转share_token失败！"
    static let editFailed = "修改失败！"
    static let deletedAndRevoked = "删除并销毁share_token成功！"
    static let deleted = "删除成功！"
    static let deleteUnknown = "token未找到！"
    static let deleteFailed = "删除失败"
    static func deletedMany(_ good: Int, _ bad: Int) -> String { "删除成功：\(good)，失败：\(bad)" }
    static let generateFailed = "生成access_token和share_token失败,请请确保填写token为session或refresh_token！"
    static let refreshed = "刷新成功！"
    static let refreshFailed = "刷新失败,请尝重新刷新或检查proxy的url填写是否正确！"
    static func refreshedMany(_ good: Int, _ bad: Int) -> String { "刷新成功：\(good)，失败：\(bad)" }
    static func regenerated(_ good: Int, _ bad: Int) -> String { "自动生成Token成功：\(good)<br>session或refresh过期：\(bad)" }
    static let regenerateFailed = "生成access_token和share_token失败"
    static let regenerateRestFailed = "<br>但是自动更新pool_token和oneApi里的share_token失败"
    static func channelsRefreshed(_ good: Int, _ unchanged: Int, _ bad: Int) -> String {
        "<br>share_tokens in oneApi刷新成功/未过期：\(good)/\(unchanged)，失败：\(bad)"
    }

    // Pools.
    static let poolAdded = "pool_token数据添加成功"
    static let poolMembersFailed = "pool_token数据添加失败，请先按全部选择并生成，并确保url配对正确！"
    static let poolAddChannelFailed = "pool_token添加进one-api失败！"
    static let poolEdited = "pool_token数据修改成功"
    static let poolEditChannelFailed = "pool_token修改进one-api失败！"
    static let poolUnknown = "节点未找到！"
    static let poolDeleteChannelFailed = "删除oneApi中的poolToken失败！"
    static let poolRefreshed = "刷新pool_token成功"
    static let poolRefreshFailed = "没有找到该pool_token或share_token过期,刷新失败！"
    static let poolRenewedInChannel = "pool_token更换成功"
    static let poolRenewedWithNewChannel = "未在oneapi找到相应的渠道，已为你自动添加并更换成功！"
    static let poolRevokeFailed = "注销poolToken失败"
    static let poolRenewChannelFailed = "pool_token更换失败"
    static let newChannelFailed = "未在oneapi找到相应的渠道，已为你自动添加并修改失败！"
    static let poolRenewFailed = "更换失败！"
    static func poolsRenewed(_ good: Int, _ bad: Int) -> String { "更换成功：\(good)，失败：\(bad)" }
    /// ASCII colons before a full-width comma, unlike all the others.
    static func allPoolsRefreshed(_ good: Int, _ bad: Int) -> String { "<br>pool_token刷新成功:\(good)，失败:\(bad)" }
    static let poolAlive = "pool_token正常，请放心使用！"
    static let poolExpired = "pool_token过期，请重新刷新，修改成功！"
    static let poolExpiredUnknown = "pool_token过期，请重新刷新！"
    static let poolAddressWrong = "请检查PandoraNext公网地址是否填写正确！"
    static let poolVerifyFailed = "poolToken失效或请求网址失效，请刷新或检查请求网址!"
    static func poolsVerified(_ good: Int, _ bad: Int) -> String { "检验请求成功：\(good)，失败：\(bad)" }
    static func allPoolsVerified(_ good: Int, _ bad: Int) -> String { "poolToken验证成功：\(good)，失败：\(bad)" }
    static let allPoolsVerifyFailed = "请确保PandoraNext正常启动且tokensTool填写PandoraNext访问地址正确！"

    // Channels of one-api.
    static let channelAdded = "share_token数据添加成功"
    static let channelAddUpstreamFailed = "share_token添加进one-api失败！"
    static let channelAddFailed = "share_token添加失败！"
    static let channelEdited = "share_token数据修改成功"
    static let channelEditedAsNew = "未在oneapi找到相应的渠道，已为你自动添加并修改成功！"
    static let channelEditFailed = "share_token数据修改失败"
    static let channelDeleteUpstreamFailed = "删除oneApi中的shareToken失败！"

    // Settings, schedule, quota.
    static let settingsChanged = "修改config.json成功，快去重启PandoraNext吧!"
    static let settingsFailed = "修改config.json失败"
    static let taskChanged = "修改定时任务和url成功！"
    static let taskRefused = "修改自动更新任务和网页失败！"
    static let taskFailed = "修改定时任务和url失败！"
    static let quotaRefused = "查询PandoraNext余额失败，请检查ip绑定是否成功!"
    static let quotaFailed = "查询PandoraNext余额失败!"

    // The container.
    static let restarted = "重启PandoraNext镜像成功"
    static let restartFailed = "重启PandoraNext镜像失败！"
    static let stopped = "暂停PandoraNext镜像成功"
    static let stopFailed = "暂停PandoraNext镜像失败"
    static let started = "开启PandoraNext镜像成功"
    static let startFailed = "开启PandoraNext镜像失败！"
    static func isNotStopped(_ name: String) -> String { "容器 \(name) 未停止,不能重复启动" }
    static let reloaded = "重置PandoraNext服务成功！"
    static let reloadFailed = "无法重载PandoraNext服务"
    static let badBind = "bind填写有误，无法提取port"
}
