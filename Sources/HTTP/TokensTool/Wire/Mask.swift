/// What stands for a password in answers to whoever is logged in (compat/tokenstool.md W3): the page sends back what it was shown, and
/// then nothing changes.
enum Mask {
    /// The page asks for 8 or more letters and digits, both of them.
    static let text = "hidden0000hidden"

    static func shown(_ isSet: Bool) -> String { isSet ? text : "" }

    /// What a client sent, read: `nil` where it is to stay as it is.
    static func read(_ sent: String?) -> String? { sent == text ? nil : sent }

    /// The value of a row for the web, `user,password`, as it is shown.
    static func shown(webToken token: String, password: String) -> String {
        guard !password.isEmpty, token.hasSuffix("," + password) else { return token }
        return token.dropLast(password.count) + text
    }

    /// The reverse: the mask behind the comma stands for the password that is known.
    static func read(webToken token: String, password: String) -> String {
        guard !password.isEmpty, token.hasSuffix("," + text) else { return token }
        return token.dropLast(text.count) + password
    }
}
