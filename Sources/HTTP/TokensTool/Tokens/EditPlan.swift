/// What an edit of a token comes to (compat/tokenstool.md 1.3, requiredToken). Pure.
struct EditPlan: Equatable, Sendable {
    /// What is asked of the upstream before anything is saved; where it fails, nothing is.
    enum Dial: Equatable, Sendable {
        case nothing
        /// The token that was given is exchanged for an access token, and that is shared.
        case exchange
        /// A token is got by logging in, then as `exchange`.
        case login
    }

    /// The row as it is, as far as it matters.
    struct Present: Sendable {
        var token: String
        var isForAPI: Bool
        var usesRefreshToken: Bool
        /// The password of the login, and its name.
        var username: String
        var userPassword: String
    }

    var dial: Dial
    /// For the API afterwards.
    var isForAPI: Bool
    /// Of what kind the token is that is dialled with or asked for.
    var usesRefreshToken: Bool
    /// The value to keep where nothing was got by logging in.
    var token: String
    /// Whether the token's time becomes now.
    var isNewValue: Bool
    /// From the API to the web alone.
    var isSwitchedOff = false

    init(_ present: Present, _ body: TokenBody) {
        let username = body.username ?? present.username
        let userPassword = body.userPassword ?? present.userPassword
        let wantsAPI = body.setPoolToken ?? false
        let wantsRefresh = body.useRefreshToken ?? false
        isForAPI = wantsAPI
        usesRefreshToken = wantsRefresh
        if present.isForAPI, !wantsAPI {
            dial = .nothing
            token = username + "," + userPassword
            isNewValue = true
            isSwitchedOff = true
            return
        }
        // Absent is unchanged; empty is a value, and one that no upstream takes.
        let given = body.token.map { Mask.read(webToken: $0, password: present.userPassword) } ?? present.token
        let pair = username + "," + userPassword
        token = given
        if given != present.token {
            // A login for the web is no token that could be exchanged: the original tries, and so never takes a changed password.
            let isPair = !wantsAPI && (given == pair || given == username + "," + Mask.text)
            token = isPair ? pair : given
            dial = isPair ? .nothing : .exchange
            isNewValue = true
        } else if !present.isForAPI, wantsAPI || wantsRefresh != present.usesRefreshToken {
            token = present.token
            dial = wantsAPI ? .login : .nothing
            isNewValue = wantsAPI
        } else if wantsRefresh != present.usesRefreshToken {
            token = present.token
            dial = .login
            isNewValue = true
        } else {
            token = present.token
            dial = .nothing
            isNewValue = false
        }
    }
}
