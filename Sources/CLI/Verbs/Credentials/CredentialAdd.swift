import ArgumentParser
import CofferClient
import CofferRecords

struct CredentialAdd: Verb {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Makes a credential. Nothing is asked of its service yet.",
        discussion: """
            Which secrets and parameters there are says the provider: 'coffer provider show NAME'. Tokens (refresh, session, access, \
            share), the login (username, password), client_secret and proxy are secrets.

            EXAMPLES
              coffer credential add ci --provider oauth2 --param token_url=https://id.example.org/token --client-id web --secret refresh
              printf '%s\\n' "$refresh" "$proxy" | coffer credential add ada --provider openai --secret refresh --secret proxy
              coffer credential add bob --provider pandora --secret-file password=/run/keys/bob --tag nightly
              coffer credential add eve --provider openai --json-secrets < eve.json
            """, aliases: ["create"])

    @Argument(help: "The new credential's name.")
    var name: String

    @OptionGroup var noSecrets: NoSecretsHere

    @Option(help: ArgumentHelp("What it is an identity of: oauth2, openai, pandora, …", valueName: "name"))
    var provider: String

    @OptionGroup var details: CredentialDetails
    @OptionGroup var secrets: CredentialSecrets

    @Flag(help: "Neither handed out nor refreshed before it is enabled.")
    var disabled = false

    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    var subject: String? { name }

    func run() async throws {
        let fields = try [("name", name), ("provider", provider), ("enabled", disabled ? "false" : nil)] + details.fields()
        try await RecordShape.credential.create(fields, secret: try secrets.read(), global)
    }
}

struct CredentialUpdate: Verb {
    static let configuration = CommandConfiguration(
        commandName: "update",
        abstract: "Changes a credential; what is not given stays.",
        discussion: """
            A new token or login ends needs-person and dead. --param and --attribute take a name away with NAME= and nothing behind it.

            EXAMPLES
              coffer credential update ci --secret refresh
              coffer credential update ci --tag nightly --param scope= --remove-secret proxy
            """)

    @OptionGroup var credential: CredentialCommand.Name
    @OptionGroup var noSecrets: NoSecretsHere

    @Option(help: ArgumentHelp("The new name.", valueName: "name"))
    var name: String?

    @Option(help: ArgumentHelp("Another provider.", valueName: "name"))
    var provider: String?

    @OptionGroup var details: CredentialDetails
    @OptionGroup var secrets: CredentialSecrets

    @Option(help: ArgumentHelp("Takes a secret or a token away; repeat it.", valueName: "field"))
    var removeSecret: [String] = []

    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    var subject: String? { credential.name }

    func validate() throws {
        if !removeSecret.isEmpty, secrets.jsonSecrets { throw ValidationError("in --json-secrets null takes a secret away") }
    }

    func run() async throws {
        try await RecordShape.credential.update(
            credential.name, [("name", name), ("provider", provider)] + details.fields(removing: true),
            secret: try secrets.read(removing: removeSecret), global)
    }
}

/// What add and update share.
struct CredentialDetails: ParsableArguments {
    @Option(help: ArgumentHelp("A parameter of the provider that is no secret; repeat it.", valueName: "name=value"))
    var param: [String] = []

    @Option(help: ArgumentHelp("The OAuth client; '': the provider's own.", valueName: "id"))
    var clientID: String?

    @Option(help: ArgumentHelp("The e-mail address.", valueName: "address"))
    var email: String?

    @Option(help: ArgumentHelp("A tag; repeat it. Replaces all tags; '' alone: none.", valueName: "tag"))
    var tag: [String] = []

    @Option(help: ArgumentHelp("A note for people.", valueName: "text"))
    var memo: String?

    @Option(help: ArgumentHelp("What a door for an older system keeps with it; repeat it.", valueName: "name=value"))
    var attribute: [String] = []

    @Option(help: ArgumentHelp("When a token that is given ends: access=2027-01-31T12:00:00Z, access=1h; repeat it.", valueName: "kind=time"))
    var expires: [String] = []

    func validate() throws { _ = try fields() }

    /// - Parameter removing: an empty value takes a name away.
    func fields(removing: Bool = false) throws -> [(String, String?)] {
        var expiries: [(key: String, value: String?)] = []
        for (kind, text) in try NamedValue.pairs(expires, "--expires") {
            guard let moment = text == "unknown" ? 0 : Moment.future(text) else {
                throw ValidationError("--expires takes KIND=TIME, such as access=1h, or access=unknown")
            }
            expiries.append((kind, String(moment)))
        }
        return [
            ("client_id", clientID), ("email", email), ("tags", try AccountArgument.lines(tag, "--tag")), ("memo", memo),
            ("parameters", try NamedValue.map(param, "--param", removing: removing)),
            ("attributes", try NamedValue.map(attribute, "--attribute", removing: removing)),
            ("expiries", expiries.isEmpty ? nil : NamedValue.text(expiries)),
        ]
    }
}
