import ArgumentParser
import CofferClient

struct Unlock: Verb {
    static let configuration = CommandConfiguration(
        commandName: "unlock",
        abstract: "Opens the locked store with the secret of one of its slots.",
        discussion: """
            Without options the terminal asks for the passphrase. --recovery takes the recovery key instead; dashes, blanks \
            and case do not matter. Failed attempts make the next ones wait.

            EXAMPLES
              coffer unlock
              coffer unlock --key-file /media/key/store.key
              coffer unlock --passphrase-fd 3 3< passphrase
              coffer unlock --recovery
            """)

    @OptionGroup var noSecrets: NoSecretsHere

    @Option(help: ArgumentHelp("Opens with a key file.", valueName: "path"), completion: .file())
    var keyFile: String?

    @Option(help: ArgumentHelp("Reads the passphrase (with --recovery: the recovery key) from an open descriptor.", valueName: "n"))
    var passphraseFd: Int32?

    @Flag(help: "Opens with the recovery key.")
    var recovery = false

    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    func validate() throws {
        if keyFile != nil, recovery || passphraseFd != nil {
            throw ValidationError("--key-file excludes --passphrase-fd and --recovery")
        }
    }

    func run() async throws {
        let client = try global.client()
        if let keyFile {
            try await open(client, keyFile)
        } else {
            let secret = if let passphraseFd {
                try SecretInput.passphrase(descriptor: passphraseFd)
            } else {
                try SecretInput.passphrase(Terminal.secret(recovery ? "Recovery key" : "Passphrase"))
            }
            try await client.unlock(recovery ? .recovery : .passphrase, secret: secret)
        }
        try global.json ? Output.line(.object([("locked", .bool(false))])) : Output.line("the store is open")
    }

    /// With the key file, or with the one beside it that an interrupted rotation left; that one is put into place.
    private func open(_ client: CofferClient, _ keyFile: String) async throws {
        do {
            try await client.unlock(.keyFile, secret: KeyFile.read(keyFile))
        } catch {
            guard FailureReport(error).code == "unlock-failed", let rotation = try? KeyFileRotation(keyFile), rotation.isLeftOver,
                let key = try? KeyFile.read(rotation.draft), (try? await client.unlock(.keyFile, secret: key)) != nil
            else { throw error }
            try rotation.finish()
            Output.remark("coffer: '\(Printable.text(keyFile))' was replaced by the key of a rotation that had been interrupted")
        }
    }
}
