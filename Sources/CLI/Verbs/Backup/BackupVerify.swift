import ArgumentParser
import CofferAge
import CofferDaemon
import CofferStore
import Glibc

struct BackupVerify: Verb {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Opens a backup and checks all of it: each line, the counts and the digest, and that a restore would take it.",
        discussion: """
            Needs neither daemon nor store. Exit code 65: the file is damaged, is no backup, or holds something that this version cannot \
            go on with; 5: nothing given opens it. Two backups with the same digest hold the same.

            EXAMPLES
              coffer backup verify nightly.age --identity backup.identity
              coffer backup verify safe.age --passphrase --json
            """)

    @Argument(help: "The backup; -: standard input.", completion: .file())
    var file: String

    @OptionGroup var noSecrets: NoSecretsHere
    @OptionGroup var access: AgeUnlockOptions
    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    func run() async throws {
        let source = try AgeSource(file)
        let unlock = try access.unlock(inputIsTaken: source.isStandardInput)
        let progress = Progress(total: nil, wanted: !global.json, last: "checking the end")
        let drawing = Task { await progress.draw() }
        defer {
            drawing.cancel()
            progress.finish()
        }
        let (summary, objection) = try source.verify(unlock, progress)
        if let objection { throw objection }
        let figures = BackupFigures(summary)
        progress.finish()
        if global.json { return try Output.line(.object([("file", .text(file)), ("whole", .bool(true))] + figures.fields)) }
        try Output.line("\(Printable.text(file)) is whole, and this version can restore it\n\(figures.lines)")
    }
}

extension AgeSource {
    /// Bytes of the file; `nil` where it is none.
    var size: UInt64? {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return UInt64(clamping: status.st_size)
    }

    /// Reads all of a backup and keeps nothing of it.
    /// - Returns: what it holds, and why no restore would take all of that; `nil`: one would.
    func verify(_ unlock: AgeUnlock, _ progress: Progress) throws -> (summary: BackupSummary, objection: StoreError?) {
        var verifier = BackupVerifier(BackupContent.check)
        var done: UInt64 = 0
        let total = size
        try decrypt(unlock) { bytes in
            done += UInt64(bytes.count)
            if let total { progress.update(min(done, total), of: total) } else { progress.update(done) }
            do throws(StoreError) { try verifier.update(bytes) } catch { throw StoreError(error.code, "\(name): \(error.message)") }
        }
        do throws(StoreError) {
            let summary = try verifier.finish()
            return (summary, verifier.objection.map { StoreError($0.code, "\(name) is whole, but no restore takes it: \($0.message)") })
        } catch {
            throw StoreError(error.code, "\(name): \(error.message)")
        }
    }
}
