import ArgumentParser
import CofferAge
import CofferClient
import Glibc

struct BackupKeygen: Verb {
    static let configuration = CommandConfiguration(
        commandName: "keygen",
        abstract: "Makes an identity, which opens backups, and prints its recipient, which they are made for.",
        discussion: """
            Backups are made for the recipient, which is no secret and may lie on every machine. Whoever has the identity can open them: \
            keep it apart from the store and from the backups. With --output it goes to a new file of mode 0600, and the recipient \
            stands alone on standard output. Without, it goes to standard output, unless that is a terminal, and the recipient to \
            standard error; --output - prints it on a terminal too. age takes the file as it is.

            EXAMPLES
              coffer backup keygen --output backup.identity
              coffer backup keygen | ssh safe 'umask 077; cat > backup.identity'
            """)

    @OptionGroup var noSecrets: NoSecretsHere

    @Option(name: [.short, .long], help: ArgumentHelp("The new file; it must not be there. -: standard output.", valueName: "path"),
        completion: .file())
    var output: String?

    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    func run() async throws {
        guard output != "" else { throw ValidationError("a path is empty") }
        if output == nil, Output.isTerminal {
            throw CommandFailure.usage("the identity is not printed on a terminal: give --output FILE, or --output - where that is meant")
        }
        let identity = try AgeIdentity.random()
        if let output, output != "-" {
            try NewSecretFile.create(output, Self.file(identity))
            Interrupts.finished(output)
            if global.json {
                return try Output.line(.object([("recipient", .text("\(identity.recipient)")), ("path", .text(output))]))
            }
            return try Output.line("\(identity.recipient)")
        }
        if global.json {
            let text = identity.withText { SecretBytes(copying: $0) }
            return try Output.line(.object([("recipient", .text("\(identity.recipient)")), ("identity", .secretText(text))]))
        }
        warnAboutReaders()
        try Self.file(identity).withUnsafeBytes { try Output.write($0) }
        Output.remark("Recipient: \(identity.recipient)")
    }

    /// As `age-keygen` writes it.
    private static func file(_ identity: AgeIdentity) -> SecretBytes {
        let head = Array("# created: \(Moment.text(Moment.now() / 1_000 * 1_000))\n# public key: \(identity.recipient)\n".utf8)
        return identity.withText { text in
            SecretBytes(unsafeUninitializedCapacity: head.count + text.count + 1) { buffer in
                buffer.copyBytes(from: head)
                UnsafeMutableRawBufferPointer(rebasing: buffer[head.count...]).copyBytes(from: text)
                buffer[head.count + text.count] = UInt8(ascii: "\n")
                return buffer.count
            }
        }
    }

    /// A redirection makes the file as the caller's umask says, before this command runs.
    private func warnAboutReaders() {
        var status = stat()
        guard fstat(STDOUT_FILENO, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_mode & 0o077 != 0 else { return }
        Output.remark("coffer: others may read the file that the identity goes to; --output makes it with mode 0600")
    }
}
