import CofferStore
import Testing

@testable import CofferAccounts

/// The hashes were made with Python: `crypt`, `werkzeug`'s method by `hashlib.scrypt`.
@Suite struct ForeignPasswordTests {
    static let bcrypt = "$2b$04$abcdefghijklmnopqrstuuCi15uRb1eH7NAlJ/TgeJertyknQpYn2"
    /// Of base64("abc").
    static let werkzeug = "scrypt:32768:8:1$SaltSaltSaltSalt$"
        + "ca6c47d4163b7c4c96aca1a40fbe376cd69d33667ae6fd378c2f634b26b27178"
        + "4953a32fdcb73873437dbb70c0d37ce8908b49a608a42511641383ce35a692a6"

    @Test(arguments: [(ForeignPasswordScheme.bcrypt, bcrypt), (.werkzeug, werkzeug)])
    func isReplacedAtTheFirstLogin(_ scheme: ForeignPasswordScheme, _ hash: String) async throws {
        let fixture = try AccountsFixture()
        let users = fixture.accounts.users
        let user = try await fixture.user("a")
        let brought = try await users.setForeignPassword(user.number, scheme: scheme, hash: hash, by: "import")
        #expect(!brought.mustSetPassword)
        #expect(await refusal { _ = try await users.check(password: secret("abd"), of: user) } == "loginFailed")
        #expect(await refusal { _ = try await users.check(password: secret("abc\u{0}d"), of: user) } == "loginFailed")
        #expect(bytes(try fixture.document(.passwords, "1"))?[1] != StoredPassword.Scheme.argon2id.rawValue)
        _ = try await users.check(password: secret("abc"), of: user)
        #expect(bytes(try fixture.document(.passwords, "1"))?[1] == StoredPassword.Scheme.argon2id.rawValue)
        _ = try await users.check(password: secret("abc"), of: user)
        #expect(await refusal { _ = try await users.check(password: secret("abd"), of: user) } == "loginFailed")
    }

    @Test(arguments: [
        (ForeignPasswordScheme.bcrypt, ""), (.bcrypt, "$2b$31$abcdefghijklmnopqrstuuCi15uRb1eH7NAlJ/TgeJertyknQpYn2"),
        (.bcrypt, "$1$abc$def"), (.bcrypt, String(bcrypt.dropLast())), (.werkzeug, bcrypt), (.bcrypt, werkzeug),
        (.werkzeug, "pbkdf2:sha256:1000000$salt$00"), (.werkzeug, "scrypt:32767:8:1$salt$" + String(repeating: "0", count: 128)),
        (.werkzeug, "scrypt:131072:16:1$salt$" + String(repeating: "0", count: 128)),
        (.werkzeug, "scrypt:32768:8:1$salt$" + String(repeating: "x", count: 128)),
    ]) func whatCannotBeCheckedMustBeSet(_ scheme: ForeignPasswordScheme, _ hash: String) async throws {
        let fixture = try AccountsFixture()
        let users = fixture.accounts.users
        let user = try await fixture.user("a", password: "before")
        let brought = try await users.setForeignPassword(user.number, scheme: scheme, hash: hash, by: "import")
        #expect(brought.mustSetPassword)
        #expect(try fixture.document(.passwords, "1") == nil)
        #expect(await refusal { _ = try await users.check(password: secret("before"), of: user) } == "loginFailed")
        try await users.setPassword(user.number, secret("after"), by: "test")
        #expect(users.find(user.number)?.mustSetPassword == false)
    }
}
