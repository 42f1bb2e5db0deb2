import ArgumentParser
import CofferAge
import CofferAudit
import CofferClient
import CofferStore

struct BackupCreate: Verb {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Writes a backup of the whole store, encrypted, while the daemon goes on.",
        discussion: """
            The backup shows the store as it is at one moment. It holds everything: secrets with their versions, accounts, API keys, \
            credentials, pools, policies, schedules. It appears under its name whole or not at all, with mode 0600, and is always \
            encrypted: to recipients, whose identities open it, or with a passphrase. With --store the daemon must be stopped.

            EXAMPLES
              coffer backup create --to nightly.age --recipient age1…
              coffer backup create --to nightly.age --recipients-file /etc/coffer/backup.recipients --force
              coffer backup create --to safe.age --passphrase
              coffer backup create --to old.age --recipient age1… --store /srv/coffer --key-file key
            """)

    @Option(name: [.customLong("to"), .customShort("t")], help: ArgumentHelp("The new file.", valueName: "path"), completion: .file())
    var to: String

    @Flag(help: "Replaces a file that is there.")
    var force = false

    @OptionGroup var lock: AgeLockOptions
    @OptionGroup var noSecrets: NoSecretsHere
    @OptionGroup var access: SlotAccess
    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    var subject: String? { to }

    func run() async throws {
        guard !to.isEmpty else { throw ValidationError("the path is empty") }
        // Before anybody is asked for a passphrase.
        let file = try OutputFile(to, mayReplace: force)
        let writer = BackupWriter(file, try AgeEncryptor(try lock.lock()))
        let progress = Progress(total: nil, wanted: !global.json, last: "writing the end")
        let drawing = Task { await progress.draw() }
        defer {
            drawing.cancel()
            progress.finish()
        }
        let figures = if let place = try access.place() {
            try export(place, writer, progress)
        } else {
            BackupFigures(try await global.client().backup { bytes, done, total in
                progress.update(done, of: total)
                try writer.write(bytes)
            })
        }
        try writer.finish()
        progress.finish()
        if global.json { return try Output.line(.object([("file", .text(to))] + figures.fields + [("size", .number(writer.size))])) }
        try Output.line("\(Printable.text(to)) is written\n\(figures.lines)")
    }

    /// From a store whose daemon is stopped.
    private func export(_ place: StoppedStore.Place, _ writer: BackupWriter, _ progress: Progress) throws -> BackupFigures {
        try StoppedStore.with(place) { stopped in
            // What fails outside of the store goes past it.
            var failure: (any Error)?
            do {
                // Everything is read: never without a record of it.
                return try stopped.recorded(.backup, .create) { store in
                    BackupFigures(try store.exportBackup(
                        daemon: Version.current, progress: { progress.update($0, of: $1) },
                        to: { bytes throws(StoreError) in
                            do { try writer.write(bytes) } catch {
                                failure = error
                                throw StoreError(.failed, "the backup cannot be written")
                            }
                        }))
                }
            } catch {
                throw failure ?? error
            }
        }
    }
}

/// Encrypts what it gets into a file.
final class BackupWriter {
    private let file: OutputFile
    private var encryptor: AgeEncryptor
    private var output: [UInt8] = []
    /// Bytes of the file.
    private(set) var size: UInt64 = 0

    init(_ file: OutputFile, _ encryptor: consuming AgeEncryptor) {
        self.file = file
        self.encryptor = encryptor
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        output.removeAll(keepingCapacity: true)
        try encryptor.update(bytes, into: &output)
        try flush()
    }

    /// Makes the file appear.
    func finish() throws {
        output.removeAll(keepingCapacity: true)
        try encryptor.finish(into: &output)
        try flush()
        try file.finish()
    }

    private func flush() throws {
        try output.withUnsafeBytes { try file.write($0) }
        size += UInt64(output.count)
    }
}
