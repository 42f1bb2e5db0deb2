import CofferJSON

/// A token as clients send it; what is absent is `nil`, as is a password that is the mask.
struct TokenBody: Sendable {
    /// The largest value that is taken, as a credential's own.
    static let maximumSecret = 65_536

    var name: String?
    var token: String?
    var username: String?
    var userPassword: String?
    var shared: Bool?
    var autoShared: Bool?
    var showUserInfo: Bool?
    var plus: Bool?
    var setPoolToken: Bool?
    var useRefreshToken: Bool?
    var password: String?

    init(_ fields: BodyFields) throws(TokensToolFailure) {
        name = try fields.text("name")
        token = try fields.text("token")
        username = try fields.text("username")
        userPassword = Mask.read(try fields.text("userPassword"))
        shared = try fields.bool("shared")
        // Clients from before it existed mean what they say of `shared`.
        autoShared = try fields.bool("auto_shared") ?? shared
        showUserInfo = try fields.bool("show_user_info")
        plus = try fields.bool("plus")
        setPoolToken = try fields.bool("setPoolToken")
        useRefreshToken = try fields.bool("useRefreshToken")
        password = Mask.read(try fields.text("password"))
        // Only looked at: whatever they say, these come from the store. What is no text or boolean is refused all the same.
        for name in ["access_token", "share_token", "updateTime"] { _ = try fields.text(name) }
        _ = try fields.bool("checkSession")
    }

    /// The flags as the credential keeps them; those that were not said are left out.
    var flags: [String: String] {
        let flags: [(String, Bool?)] = [
            (TokenNames.shared, shared), (TokenNames.autoShared, autoShared), (TokenNames.showUserInfo, showUserInfo),
            (TokenNames.plus, plus), (TokenNames.setPoolToken, setPoolToken), (TokenNames.useRefreshToken, useRefreshToken),
        ]
        return Dictionary(uniqueKeysWithValues: flags.compactMap { name, flag in flag.map { (name, $0 ? "true" : "false") } })
    }

    /// Why it cannot be kept; `nil`: it can.
    var objection: String? {
        for (value, what) in [(token, "token"), (username, "username"), (userPassword, "userPassword"), (password, "password")] {
            if let value, value.utf8.count > Self.maximumSecret { return "\(what) is longer than \(Self.maximumSecret) bytes" }
        }
        return nil
    }
}
