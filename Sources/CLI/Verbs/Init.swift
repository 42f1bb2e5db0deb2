import ArgumentParser
import CofferClient
import CofferStore
import Glibc

struct Init: Verb {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Makes a new store and the key file that opens it.",
        discussion: """
            The key file is drawn, 64 hexadecimal digits with mode 0600, and must lie outside of the store: a copy of the store \
            without it is worth nothing to a thief, and the store without it is lost to you. A key file or store that is \
            there is refused and left as it is.

            EXAMPLES
              coffer init
              coffer init --passphrase --recovery
              coffer init --store /srv/coffer --key-file /etc/coffer/store.key
            """)

    @OptionGroup var noSecrets: NoSecretsHere

    @Option(help: ArgumentHelp("The store's folder (root: /var/lib/coffer; else ~/.local/share/coffer).", valueName: "folder"), completion: .directory)
    var store: String?

    @Option(help: ArgumentHelp("The new key file (root: /etc/coffer/store.key; else ~/.config/coffer/store.key).", valueName: "path"), completion: .file())
    var keyFile: String?

    @Flag(help: "Also adds a passphrase; asks for it twice.")
    var passphrase = false

    @Option(help: ArgumentHelp("Also adds a passphrase; reads it from an open descriptor.", valueName: "n"))
    var passphraseFd: Int32?

    @Flag(help: "Also adds a recovery key and prints it this once.")
    var recovery = false

    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    func run() async throws {
        guard store?.isEmpty != true, keyFile?.isEmpty != true else { throw ValidationError("a path is empty") }
        let store = Path.resolved(try store ?? Path.defaultStore())
        let keyFile = Path.resolved(folderOf: try keyFile ?? Path.defaultKeyFile())
        try refuse(store, keyFile)
        // All that can be asked for is asked for before anything is made.
        var secret: SecretBytes?
        if let passphraseFd {
            secret = try SecretInput.passphrase(descriptor: passphraseFd)
        } else if passphrase {
            secret = try SecretInput.passphrase(Terminal.newSecret("New passphrase"))
        }
        let key = try KeyFile.draw()
        try Path.makeFolders(Path.folder(of: keyFile))
        try Path.makeFolders(Path.folder(of: store))
        try KeyFile.create(keyFile, key)
        do {
            try Store.create(at: store, slot: .keyFile(SlotAccess.buffer(key), label: "key file"))
        } catch {
            KeyFile.discard(keyFile)
            throw error
        }
        Interrupts.finished(keyFile)
        let recoveryKey = try addSlots(store, keyFile, secret)
        try report(store, keyFile, recoveryKey)
    }

    private func refuse(_ store: String, _ keyFile: String) throws {
        guard !Path.isInside(keyFile, folder: store) else {
            throw CommandFailure.usage("the key file must lie outside of the store's folder: whoever copies one would have both")
        }
        var status = stat()
        guard lstat(keyFile, &status) != 0 else {
            throw CommandFailure.cannotCreate("the key file '\(Printable.text(keyFile))' is there already; nothing was changed")
        }
        guard !Store.exists(at: store) else {
            throw CommandFailure.cannotCreate("there is a store in '\(Printable.text(store))' already; nothing was changed")
        }
    }

    private func addSlots(_ store: String, _ keyFile: String, _ passphrase: SecretBytes?) throws -> String? {
        guard passphrase != nil || recovery else { return nil }
        do {
            // Of what it is born with a store has no record.
            let opened = try Store.open(at: store, options: .examining)
            defer { opened.close() }
            try opened.unlock(.keyFile(SlotAccess.buffer(KeyFile.read(keyFile))))
            if let passphrase { _ = try opened.addSlot(.passphrase(SlotAccess.buffer(passphrase), label: "passphrase")) }
            return recovery ? try opened.addSlot(.recovery(label: "recovery key")).recoveryKey : nil
        } catch {
            Output.remark("coffer: the store and its key file '\(Printable.text(keyFile))' were made, but not all slots")
            throw error
        }
    }

    private func report(_ store: String, _ keyFile: String, _ recoveryKey: String?) throws {
        if global.json {
            return try Output.line(.object([
                ("store", .text(store)), ("key_file", .text(keyFile)), ("recovery_key", .optional(recoveryKey)),
            ]))
        }
        try Output.line("""
            The store is in \(Printable.text(store)).
            Its key file is \(Printable.text(keyFile)). Back it up, apart from the store: without it\
            \(passphrase || passphraseFd != nil || recovery ? " and the other slots" : "") the store cannot be opened.
            """)
        if let recoveryKey { try Output.line("Recovery key, shown this once:\n\n  \(recoveryKey)\n\nWrite it down and keep it apart.") }
    }
}
