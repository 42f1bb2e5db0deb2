import ArgumentParser
import CofferClient
import CofferRecords

struct UserCreate: Verb {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Makes a user.",
        discussion: """
            The password is one line of standard input, or, where that is a terminal, asked for twice. With --no-password nobody \
            can log in as the user before it is set with passwd. With --tenant the user is at home there.

            EXAMPLES
              coffer user create ada --role admin --email ada@example.org
              openssl rand -base64 18 | tee password | coffer user create robot --role common --wallet 500000
              coffer user create bob --role common --no-password --tenant research
            """)

    @Argument(help: "The new user's name.")
    var name: String

    @OptionGroup var noSecrets: NoSecretsHere

    @Option(help: ArgumentHelp("root, admin or common.", valueName: "role"))
    var role: UserRole

    @OptionGroup var details: UserDetails

    @Flag(help: "Sets no password.")
    var noPassword = false

    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    var subject: String? { name }

    func run() async throws {
        let fields = try [("name", name), ("role", role.rawValue), ("home", global.tenant)] + details.fields()
        let password = noPassword ? nil : try UserPassword.read(name)
        try await RecordShape.user.create(fields, secret: password, global)
    }
}

struct UserUpdate: Verb {
    static let configuration = CommandConfiguration(
        commandName: "update",
        abstract: "Changes what is known of a user.",
        discussion: """
            EXAMPLES
              coffer user update ada --email ada@example.org --role admin
              coffer user update ada --wallet unlimited
            """)

    @OptionGroup var user: UserCommand.Name
    @OptionGroup var noSecrets: NoSecretsHere

    @Option(help: ArgumentHelp("The new name.", valueName: "name"))
    var name: String?

    @Option(help: ArgumentHelp("root, admin or common.", valueName: "role"))
    var role: UserRole?

    @OptionGroup var details: UserDetails
    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    var subject: String? { user.name }

    func run() async throws {
        try await RecordShape.user.update(user.name, [("name", name), ("role", role?.rawValue)] + details.fields(), global)
    }
}

/// What create and update share.
struct UserDetails: ParsableArguments {
    @Option(help: ArgumentHelp("The e-mail address; '': none.", valueName: "address"))
    var email: String?

    @Option(help: ArgumentHelp("The name for people.", valueName: "text"))
    var displayName: String?

    @Option(help: ArgumentHelp("The group that decides on prices and models.", valueName: "group"))
    var group: String?

    @Option(help: ArgumentHelp("Quota units that its API keys may spend together, or unlimited.", valueName: "n"))
    var wallet: String?

    func validate() throws { _ = try fields() }

    func fields() throws -> [(String, String?)] {
        [("email", email), ("display_name", displayName), ("group", group), ("wallet", try AccountArgument.wallet(wallet))]
    }
}

struct UserPassword: Verb {
    static let configuration = CommandConfiguration(
        commandName: "passwd",
        abstract: "Sets a user's password; its sessions end.",
        discussion: """
            The password is one line of standard input, or, where that is a terminal, asked for twice.

            EXAMPLES
              coffer user passwd ada
              coffer user passwd robot < password
            """)

    /// Longest password (protocol.md).
    private static let limit = 1_024

    @OptionGroup var user: UserCommand.Name
    @OptionGroup var noSecrets: NoSecretsHere
    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    var subject: String? { user.name }

    func run() async throws {
        let password = try Self.read(user.name)
        try await RecordShape.user.update(user.name, [], secret: password, done: "password set", global)
    }

    static func read(_ name: String) throws -> SecretBytes {
        try SecretInput.line("the password", prompt: "New password of \(Printable.text(name))", twice: true, limit: limit)
    }
}
