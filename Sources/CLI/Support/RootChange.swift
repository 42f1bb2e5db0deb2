import ArgumentParser
import CofferClient
import Glibc

/// Where the secrets of the slots that are kept come from.
struct RootSecrets: ParsableArguments {
    @Option(
        name: .customLong("secret-file"),
        help: ArgumentHelp("A key file or credential of a slot that is kept; may be given again.", valueName: "path"), completion: .file())
    var files: [String] = []

    @Option(name: .customLong("passphrase-fd"), help: ArgumentHelp("Reads the passphrase of a slot from an open descriptor.", valueName: "n"))
    var passphraseFds: [Int32] = []

    @Flag(name: .customLong("drop-others"), help: "Drops the slots whose secret is not at hand, without asking.")
    var dropsOthers = false

    var areGiven: Bool { !files.isEmpty || !passphraseFds.isEmpty || dropsOthers }
}

/// Gathers the secrets of the slots, says what would be dropped, and changes the root key.
struct RootChange {
    let access: SlotAccess
    let secrets: RootSecrets
    let global: GlobalOptions

    /// - Parameter removed: a slot that is to go in any case.
    func run(removing removed: UInt32? = nil) async throws {
        let slots = try await access.list(global)
        if let removed, !slots.contains(where: { $0.id == removed }) {
            throw CommandFailure(.notFound, "not-found", "there is no slot \(removed)")
        }
        let wanted = slots.filter { $0.id != removed }
        let kept = try await gather(wanted)
        let others = wanted.filter { slot in !kept.contains { $0.id == slot.id } }
        guard kept.contains(where: { $0.kind != .recovery }) else {
            throw CommandFailure(
                .failure, "last-slot", "no slot is left whose secret is at hand: name a key file with --secret-file, or give a passphrase")
        }
        try confirm(others)
        let drawn = try await access.rekeyRoot(kept, dropped: others.map(\.id) + (removed.map { [$0] } ?? []), global)
        try report(kept.map(\.id), others, removed, drawn)
    }

    // MARK: Secrets

    private typealias Kept = (id: UInt32, kind: SlotKind, secret: SecretBytes)

    private func gather(_ slots: [SlotEntry]) async throws -> [Kept] {
        var kept: [Kept] = slots.filter { $0.kind == .recovery }.map { ($0.id, .recovery, SecretBytes([])) }
        for file in secrets.files {
            guard let found = try await slot(of: KeyFile.read(file), slots) else {
                throw CommandFailure.badInput("'\(Printable.text(file))' opens none of the slots that are to be kept")
            }
            if !kept.contains(where: { $0.id == found.id }) { kept.append(found) }
        }
        for descriptor in secrets.passphraseFds {
            let secret = try SecretInput.passphrase(descriptor: descriptor)
            let id = try await access.rehearse(.passphrase, secret: secret, global)
            if slots.contains(where: { $0.id == id }), !kept.contains(where: { $0.id == id }) { kept.append((id, .passphrase, secret)) }
        }
        for (path, candidates) in nearbyFiles(slots) where candidates.contains(where: { slot in !kept.contains { $0.id == slot.id } }) {
            // Nobody named them: one that cannot be read, or opens nothing, is as good as none.
            guard let secret = try? KeyFile.read(path), let found = try? await slot(of: secret, candidates) else { continue }
            if !kept.contains(where: { $0.id == found.id }) { kept.append(found) }
        }
        guard !global.json, isatty(STDIN_FILENO) == 1 else { return kept }
        for slot in slots where slot.kind == .passphrase && !kept.contains(where: { $0.id == slot.id }) {
            let secret = try Terminal.secret("Passphrase of \(Self.words(slot)); empty to go without")
            guard !secret.isEmpty else { continue }
            kept.append((try await access.rehearse(.passphrase, id: slot.id, secret: secret, global), .passphrase, secret))
        }
        return kept
    }

    /// Which of `slots` a key file or credential opens.
    private func slot(of secret: SecretBytes, _ slots: [SlotEntry]) async throws -> Kept? {
        for kind in [SlotKind.keyFile, .credential] where slots.contains(where: { $0.kind == kind }) {
            do {
                let id = try await access.rehearse(kind, secret: secret, global)
                if slots.contains(where: { $0.id == id }) { return (id, kind, secret) }
            } catch {
                guard FailureReport(error).code == "unlock-failed" else { throw error }
            }
        }
        return nil
    }

    /// Files that need nobody: the one that opens the store, those that labels name, and the service manager's.
    private func nearbyFiles(_ slots: [SlotEntry]) -> [(path: String, slots: [SlotEntry])] {
        var files: [(path: String, slots: [SlotEntry])] = []
        let keyFiles = slots.filter { $0.kind == .keyFile }
        if let keyFile = access.keyFile { files.append((keyFile, keyFiles)) }
        for slot in slots where slot.kind == .keyFile || slot.kind == .credential {
            if slot.label.hasPrefix("/") { files.append((slot.label, [slot])) }
        }
        let credentials = slots.filter { $0.kind == .credential }
        if let folder = Environment.variable("CREDENTIALS_DIRECTORY"), !credentials.isEmpty { files.append((folder + "/coffer.key", credentials)) }
        return files
    }

    // MARK: Words

    static func words(_ slot: SlotEntry) -> String {
        "slot \(slot.id) (\(slot.kind.word)\(slot.label.isEmpty ? "" : ", '\(Printable.text(slot.label))'"))"
    }

    private func confirm(_ others: [SlotEntry]) throws {
        guard !others.isEmpty, !secrets.dropsOthers else { return }
        let names = others.map { Self.words($0) }.joined(separator: ", ")
        Output.remark("coffer: not at hand, and so dropped: \(names)")
        guard try !global.json && Terminal.confirms("Whoever has only these can open the store no longer. Drop them?") else {
            throw CommandFailure.usage("nothing was changed; give the secrets of \(names), or --drop-others")
        }
    }

    private func report(_ kept: [UInt32], _ others: [SlotEntry], _ removed: UInt32?, _ drawn: [SlotAddResponse]) throws {
        let dropped = (others.map(\.id) + (removed.map { [$0] } ?? [])).sorted()
        guard !global.json else {
            return try Output.line(.object([
                ("kept", .array(kept.sorted().map { .number(UInt64($0)) })), ("dropped", .array(dropped.map { .number(UInt64($0)) })),
                ("recovery_keys", .array(drawn.map {
                    .object([("id", .number(UInt64($0.id))), ("recovery_key", .text($0.recoveryKey))])
                })),
            ]))
        }
        try Output.line("the store has a new root key; kept: \(Self.list(kept)); dropped: \(Self.list(dropped))")
        for key in drawn {
            try Output.line("Recovery key of slot \(key.id), shown this once; the old one is worth nothing now:\n\n  \(key.recoveryKey)\n")
        }
        try Output.line("""
            Copies and backups made before still open with the slots that they have. They hold the record keys that are in \
            use now: 'coffer rekey' replaces those.
            """)
    }

    private static func list(_ ids: [UInt32]) -> String {
        ids.isEmpty ? "none" : ids.sorted().map { "slot \($0)" }.joined(separator: ", ")
    }
}
