import ArgumentParser

struct BackupCat: Verb {
    static let configuration = CommandConfiguration(
        commandName: "cat",
        abstract: "Opens an age file, a backup or any other, and writes what is in it to standard output.",
        discussion: """
            Binary and armored files for X25519 recipients or with a passphrase are read. What is written is authentic to the last \
            byte, but that the file was whole is known only at its end: behind a failure (exit code 65, or 5 where nothing opens it) \
            discard what came.

            EXAMPLES
              coffer backup cat nightly.age --identity backup.identity | jq .
              coffer backup cat letter.age --passphrase
              ssh host cat nightly.age | coffer backup cat - --identity backup.identity
            """)

    @Argument(help: "The age file; -: standard input.", completion: .file())
    var file: String

    @OptionGroup var noSecrets: NoSecretsHere
    @OptionGroup var access: AgeUnlockOptions
    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    func run() async throws {
        let source = try AgeSource(file)
        try source.decrypt(access.unlock(inputIsTaken: source.isStandardInput)) { try Output.write($0) }
    }
}
