import CofferJSON

/// A token as clients send it; passwords that are the mask are read as absent.
struct TokenBody: Sendable {
    /// The largest value that is taken, as a credential's own.
    static let maximumSecret = 65_536

    var name: String?
    var token: String?
    var username: String?
    var userPassword: String?
    var shared: Bool
    var autoShared: Bool
    var showUserInfo: Bool
    var plus: Bool
    /// `nil`: not said.
    var setPoolToken: Bool?
    var useRefreshToken: Bool?
    var password: String?

    init(_ fields: BodyFields) throws(TokensToolFailure) {
        name = try fields.text("name")
        token = try fields.text("token")
        username = try fields.text("username")
        userPassword = Mask.read(try fields.text("userPassword"))
        shared = try fields.bool("shared") ?? false
        // Clients from before it existed mean what they say of `shared`.
        autoShared = try fields.bool("auto_shared") ?? shared
        showUserInfo = try fields.bool("show_user_info") ?? false
        plus = try fields.bool("plus") ?? false
        setPoolToken = try fields.bool("setPoolToken")
        useRefreshToken = try fields.bool("useRefreshToken")
        password = Mask.read(try fields.text("password"))
        // Only looked at: whatever they say, these come from the store. What is no text or boolean is refused all the same.
        for name in ["access_token", "share_token", "updateTime"] { _ = try fields.text(name) }
        _ = try fields.bool("checkSession")
    }

    /// The flags as the credential keeps them.
    var attributes: [String: String] {
        [
            TokenNames.shared: word(shared), TokenNames.autoShared: word(autoShared), TokenNames.showUserInfo: word(showUserInfo),
            TokenNames.plus: word(plus), TokenNames.setPoolToken: word(setPoolToken ?? false),
            TokenNames.useRefreshToken: word(useRefreshToken ?? false),
        ]
    }

    private func word(_ value: Bool) -> String { value ? "true" : "false" }
}
