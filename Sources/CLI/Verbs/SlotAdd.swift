import ArgumentParser
import CofferClient

struct SlotAdd: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Adds a slot.",
        subcommands: [AddKeyFile.self, AddPassphrase.self, AddCredential.self, AddRecovery.self])

    /// What all kinds share.
    struct Options: ParsableArguments {
        @OptionGroup var noSecrets: NoSecretsHere

        @Option(help: ArgumentHelp("A label for people.", valueName: "text"))
        var label = ""

        @OptionGroup var access: SlotAccess

        /// Draws 32 bytes, writes them to a new file and adds the slot; the file goes again where that fails.
        func addWithFile(_ kind: SlotKind, _ path: String, _ global: GlobalOptions) async throws {
            let key = try KeyFile.draw()
            try KeyFile.create(path, key)
            let answer: SlotAddResponse
            do {
                answer = try await access.add(kind, label: label, secret: key, global)
            } catch let error as ClientError where error.outcome == .unknown {
                Interrupts.finished(path)
                Output.remark("coffer: '\(Printable.text(path))' was kept, since the slot may have been added: see 'coffer slot list'")
                throw error
            } catch {
                KeyFile.discard(path)
                throw error
            }
            Interrupts.finished(path)
            try Self.report(answer, kind, path, global)
        }

        static func report(_ answer: SlotAddResponse, _ kind: SlotKind, _ path: String?, _ global: GlobalOptions) throws {
            guard !global.json else {
                var fields: [(String, JSON)] = [("id", .number(UInt64(answer.id))), ("kind", .text(kind.word))]
                if let path { fields.append(("path", .text(path))) }
                if !answer.recoveryKey.isEmpty { fields.append(("recovery_key", .text(answer.recoveryKey))) }
                return try Output.line(.object(fields))
            }
            try Output.line("slot \(answer.id): \(kind.word)")
            if let path { try Output.line("Its secret lies in \(Printable.text(path)). Whoever reads it can open the store: keep a copy apart.") }
            if !answer.recoveryKey.isEmpty {
                try Output.line("Recovery key, shown this once:\n\n  \(answer.recoveryKey)\n\nWrite it down and keep it apart.")
            }
        }
    }
}

struct AddKeyFile: Verb {
    static let configuration = CommandConfiguration(
        commandName: "key-file",
        abstract: "Adds a key file: draws it, writes it with mode 0600 and adds its slot.",
        discussion: """
            EXAMPLES
              coffer slot add key-file --path /media/usb/coffer.key --label usb
              coffer slot add key-file --path new.key --store /srv/coffer --key-file key
            """)

    @Option(help: ArgumentHelp("The new key file; it must not be there.", valueName: "path"), completion: .file())
    var path: String

    @OptionGroup var options: SlotAdd.Options
    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    func run() async throws { try await options.addWithFile(.keyFile, path, global) }
}

struct AddCredential: Verb {
    static let configuration = CommandConfiguration(
        commandName: "credential",
        abstract: "Adds a credential for the service manager: draws 32 bytes, writes and adds them.",
        discussion: """
            The file is made like a key file. Seal it for the service under the name coffer.key, then delete it.

            EXAMPLES
              coffer slot add credential --path plain.key
              systemd-creds encrypt --name=coffer.key plain.key coffer.key
            """)

    @Option(help: ArgumentHelp("The new file; it must not be there.", valueName: "path"), completion: .file())
    var path: String

    @OptionGroup var options: SlotAdd.Options
    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    func run() async throws { try await options.addWithFile(.credential, path, global) }
}

struct AddPassphrase: Verb {
    static let configuration = CommandConfiguration(
        commandName: "passphrase",
        abstract: "Adds a passphrase: asks for it twice, or reads it from a descriptor.",
        discussion: """
            EXAMPLES
              coffer slot add passphrase --label operators
              coffer slot add passphrase --passphrase-fd 3 3< passphrase
            """)

    @Option(help: ArgumentHelp("Reads the passphrase from an open descriptor.", valueName: "n"))
    var passphraseFd: Int32?

    @OptionGroup var options: SlotAdd.Options
    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    func run() async throws {
        let secret = if let passphraseFd {
            try SecretInput.passphrase(descriptor: passphraseFd)
        } else {
            try SecretInput.passphrase(Terminal.newSecret("New passphrase"))
        }
        let answer = try await options.access.add(.passphrase, label: options.label, secret: secret, global)
        try SlotAdd.Options.report(answer, .passphrase, nil, global)
    }
}

struct AddRecovery: Verb {
    static let configuration = CommandConfiguration(
        commandName: "recovery",
        abstract: "Adds a recovery key, which is drawn for you and printed this once.",
        discussion: "EXAMPLES\n  coffer slot add recovery --label safe")

    @OptionGroup var options: SlotAdd.Options
    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    func run() async throws {
        let answer = try await options.access.add(.recovery, label: options.label, secret: SecretBytes([]), global)
        try SlotAdd.Options.report(answer, .recovery, nil, global)
    }
}
