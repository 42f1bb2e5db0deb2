import ArgumentParser
import CofferClient

struct SlotRotate: Verb {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Gives a slot a new secret; the old one opens this store no longer.",
        discussion: """
            Of a key file or credential a new one is drawn, written beside the old file and put in its place once the slot has \
            it; interrupted at any moment, the file or the new one beside it (PATH.new) opens the store, and the daemon takes \
            the right one. A passphrase is asked for twice. A recovery key is drawn and printed this once. Copies and backups \
            that were made before still open with the old secret.

            EXAMPLES
              coffer slot rotate 1 --path /etc/coffer/store.key
              coffer slot rotate 2
              coffer slot rotate 1 --path key --store /srv/coffer --key-file key
            """)

    @Argument(help: "The slot's number, as slot list shows it.")
    var id: UInt32

    @Option(
        help: ArgumentHelp("The file of a key file or credential; without, the slot's label where that is a path.", valueName: "path"),
        completion: .file())
    var path: String?

    @Option(help: ArgumentHelp("Reads the new passphrase from an open descriptor.", valueName: "n"))
    var passphraseFd: Int32?

    @OptionGroup var access: SlotAccess
    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    var subject: String? { "slot \(id)" }

    func run() async throws {
        guard let slot = try await access.list(global).first(where: { $0.id == id }) else {
            throw CommandFailure(.notFound, "not-found", "there is no slot \(id)")
        }
        if path != nil, slot.kind != .keyFile, slot.kind != .credential {
            throw CommandFailure.usage("slot \(id) is a \(slot.kind.word): it has no file")
        }
        if passphraseFd != nil, slot.kind != .passphrase { throw CommandFailure.usage("slot \(id) is a \(slot.kind.word), no passphrase") }
        switch slot.kind {
        case .keyFile, .credential: try await rotateFile(slot)
        case .passphrase:
            let secret = if let passphraseFd {
                try SecretInput.passphrase(descriptor: passphraseFd)
            } else {
                try SecretInput.passphrase(Terminal.newSecret("New passphrase of slot \(id)"))
            }
            try report(await access.rotate(id, .passphrase, secret: secret, global), slot, nil)
        case .recovery: try report(await access.rotate(id, .recovery, secret: SecretBytes([]), global), slot, nil)
        }
    }

    private func rotateFile(_ slot: SlotEntry) async throws {
        guard let file = path ?? (slot.label.hasPrefix("/") ? slot.label : nil) else {
            throw CommandFailure.usage("name the slot's file with --path")
        }
        let rotation = try KeyFileRotation(file)
        if rotation.isLeftOver, try await finishes(rotation, slot) { return }
        let key = try rotation.prepare()
        let answer: SlotAddResponse
        do {
            answer = try await access.rotate(id, slot.kind, secret: key, global)
        } catch let error as ClientError where error.outcome == .unknown {
            Output.remark(
                "coffer: '\(Printable.text(rotation.draft))' was kept, since it may open the slot by now: run the command again to find out")
            throw error
        } catch {
            rotation.discard()
            throw error
        }
        try rotation.finish()
        try report(answer, slot, file)
    }

    /// Whether an earlier rotation was interrupted behind the change of the slot; then it is brought to its end.
    private func finishes(_ rotation: KeyFileRotation, _ slot: SlotEntry) async throws -> Bool {
        guard let key = try? KeyFile.read(rotation.draft) else {
            throw CommandFailure.cannotCreate("'\(Printable.text(rotation.draft))' is in the way, and is no key file")
        }
        do {
            _ = try await access.rehearse(slot.kind, id: slot.id, secret: key, global)
        } catch {
            guard FailureReport(error).code == "unlock-failed" else { throw error }
            rotation.discard()
            return false
        }
        try rotation.finish()
        Output.remark("coffer: an interrupted rotation was brought to its end; run the command again for another new secret")
        try report(SlotAddResponse(id: slot.id, recoveryKey: ""), slot, rotation.path)
        return true
    }

    private func report(_ answer: SlotAddResponse, _ slot: SlotEntry, _ path: String?) throws {
        guard !global.json else {
            var fields: [(String, JSON)] = [("id", .number(UInt64(slot.id))), ("kind", .text(slot.kind.word)), ("rotated", .bool(true))]
            if let path { fields.append(("path", .text(path))) }
            if !answer.recoveryKey.isEmpty { fields.append(("recovery_key", .text(answer.recoveryKey))) }
            return try Output.line(.object(fields))
        }
        try Output.line("slot \(slot.id): \(slot.kind.word), with a new secret")
        if let path { try Output.line("It lies in \(Printable.text(path)).") }
        if slot.kind == .credential { try Output.line("Seal it anew for the service, under the name coffer.key.") }
        if !answer.recoveryKey.isEmpty {
            try Output.line("Recovery key, shown this once:\n\n  \(answer.recoveryKey)\n\nWrite it down and keep it apart; the old one is worth nothing now.")
        }
        try Output.line("Copies and backups made before still open with the old secret.")
    }
}

struct SlotRehearse: Verb {
    static let configuration = CommandConfiguration(
        commandName: "rehearse",
        abstract: "Proves that a secret opens a slot, and changes nothing.",
        discussion: """
            Works with an open and a locked daemon, and with --store on a stopped store, without its key file. Without options \
            the terminal asks for a passphrase. Wrong secrets make the next attempts wait, as with unlock.

            EXAMPLES
              coffer slot rehearse --path /media/usb/coffer.key
              coffer slot rehearse 4 --recovery
              coffer slot rehearse --store /srv/coffer --path key
            """)

    @Argument(help: "The slot that is to open; without, any of the secret's kind.")
    var id: UInt32?

    @OptionGroup var secret: RehearsedSecret
    @OptionGroup var access: SlotAccess
    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    var subject: String? { id.map { "slot \($0)" } }

    func run() async throws {
        if id == 0 { throw CommandFailure(.notFound, "not-found", "there is no slot 0") }
        let (kind, bytes) = try secret.take()
        let opened = try await access.rehearse(kind, id: id ?? 0, secret: bytes, global)
        if global.json {
            return try Output.line(.object([("id", .number(UInt64(opened))), ("kind", .text(kind.word)), ("opens", .bool(true))]))
        }
        try Output.line("slot \(opened) opens with this \(kind.word.replacing("-", with: " "))")
    }
}

/// The secret that is tried.
struct RehearsedSecret: ParsableArguments {
    @Option(help: ArgumentHelp("Tries a key file (with --credential: a credential).", valueName: "path"), completion: .file())
    var path: String?

    @Flag(help: "The file is a credential of the service manager.")
    var credential = false

    @Option(help: ArgumentHelp("Reads the passphrase (with --recovery: the recovery key) from an open descriptor.", valueName: "n"))
    var passphraseFd: Int32?

    @Flag(help: "Tries a recovery key.")
    var recovery = false

    func validate() throws {
        if path != nil, recovery || passphraseFd != nil { throw ValidationError("--path excludes --passphrase-fd and --recovery") }
        if credential, path == nil { throw ValidationError("--credential goes with --path") }
    }

    func take() throws -> (SlotKind, SecretBytes) {
        if let path { return (credential ? .credential : .keyFile, try KeyFile.read(path)) }
        let secret = if let passphraseFd {
            try SecretInput.passphrase(descriptor: passphraseFd)
        } else {
            try SecretInput.passphrase(Terminal.secret(recovery ? "Recovery key" : "Passphrase"))
        }
        return (recovery ? .recovery : .passphrase, secret)
    }
}
