import ArgumentParser
import CofferAge
import CofferClient
import CofferDaemon
import CofferStore
import Glibc

struct Restore: Verb {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Puts a backup back: all of it or nothing.",
        discussion: """
            The whole file is read and checked before anything is touched. Into an empty store no flag is needed. Where there is \
            something, --replace makes the store's content the backup's, and --merge adds what the store does not have and changes \
            nothing that it has; both together with --only concern these secrets alone. A backup that is older than the store that \
            it was taken from, or from before that store was last restored, replaces it only with --discard-newer. --dry-run says what would change.

            The daemon goes on serving reads meanwhile. With --store its daemon must be stopped; a store and key file that are both \
            not there are made first, so that a new machine needs two commands.

            EXAMPLES
              coffer restore nightly.age --identity backup.identity --dry-run --replace
              coffer restore nightly.age --identity backup.identity --replace --discard-newer
              coffer restore nightly.age --identity backup.identity --merge --only 'payments/*'
              coffer restore safe.age --passphrase --store /var/lib/coffer --key-file /etc/coffer/store.key
            """)

    @Argument(help: "The backup. It is read twice: a file, not a pipe.", completion: .file())
    var file: String

    @OptionGroup var noSecrets: NoSecretsHere
    @OptionGroup var unlock: AgeUnlockOptions

    @Flag(help: "Makes the store's content the backup's.")
    var replace = false

    @Flag(help: "Adds what the store does not have, and changes nothing that it has.")
    var merge = false

    @Option(help: ArgumentHelp("Only secrets with such names, as in policies; repeat it.", valueName: "pattern"))
    var only: [String] = []

    @Flag(help: "Replaces also what changed since the backup was taken.")
    var discardNewer = false

    @Flag(help: "Says what would change and changes nothing.")
    var dryRun = false

    @OptionGroup var place: SlotAccess
    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    func validate() throws {
        guard !(replace && merge) else { throw ValidationError("give one of --replace and --merge") }
        guard only.isEmpty || replace || merge else {
            throw ValidationError("--only needs --replace (the backup's secrets take the place of the store's) or --merge (they are added)")
        }
        guard !only.contains("") else { throw ValidationError("--only takes a pattern of 1 to 512 bytes") }
        guard !discardNewer || replace else { throw ValidationError("--discard-newer goes with --replace") }
        guard place.store == nil || place.keyFile != nil else { throw ValidationError("--store needs --key-file PATH") }
    }

    private var request: RestoreRequest {
        RestoreRequest(mode: replace ? .replace : merge ? .merge : .intoEmpty, only: only, discardNewer: discardNewer, dryRun: dryRun)
    }

    func run() async throws {
        // Silence would be taken for consent: the others' secrets would be put back as well.
        guard global.namedTenant == nil else {
            throw CommandFailure.usage("a restore is of all tenants: --tenant and COFFER_TENANT cannot narrow it")
        }
        guard file != "-" else { throw CommandFailure.usage("the backup is read twice: it must be a file, not standard input") }
        let key = try unlock.unlock(inputIsTaken: false)
        let summary = try await checked(key)
        let progress = Progress(total: nil, wanted: !global.json, last: "waiting for the verdict")
        let drawing = Task { await progress.draw() }
        defer {
            drawing.cancel()
            progress.finish()
        }
        let verdict: RestoreVerdict
        if let place = try place.place() {
            verdict = try StoppedRestore(place: place, options: options)
                .run { take in try send(key, summary, progress, take) }
        } else {
            verdict = RestoreVerdict(try await upload(key, summary, progress))
        }
        progress.finish()
        guard verdict.backup.digest == summary.digest else {
            throw CommandFailure.failed("the file was changed while it was read; what came back has the digest \(verdict.backup.digest)")
        }
        try verdict.print(file: file, dryRun: dryRun, json: global.json)
    }

    /// The first reading, which touches nothing.
    private func checked(_ key: AgeUnlock) async throws -> BackupSummary {
        let progress = Progress(total: nil, wanted: !global.json, last: "checking the end")
        let drawing = Task { await progress.draw() }
        defer {
            drawing.cancel()
            progress.finish()
        }
        let source = try AgeSource(file)
        guard source.size != nil else { throw CommandFailure.usage("the backup is read twice: \(source.name) is no file") }
        let (summary, objection) = try source.verify(key, progress)
        // Only secrets are taken of it then.
        if let objection, only.isEmpty { throw objection }
        return summary
    }

    private var options: RestoreOptions {
        RestoreOptions(
            mode: replace ? .replace : merge ? .merge : .intoEmpty, only: only, discardNewer: discardNewer, dryRun: dryRun,
            principal: "uid:\(getuid())", check: BackupContent.check)
    }

    /// The second reading.
    private func send(
        _ key: AgeUnlock, _ summary: BackupSummary, _ progress: Progress, _ take: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var done: UInt64 = 0
        try AgeSource(file).decrypt(key) { bytes in
            try take(bytes)
            done += UInt64(bytes.count)
            progress.update(done, of: summary.bytes)
        }
    }

    private func upload(_ key: AgeUnlock, _ summary: BackupSummary, _ progress: Progress) async throws -> RestoreResponse {
        // The verdict of a large store takes longer than an answer usually does.
        var upload = try global.client().restore(request, timeout: global.timeout == nil ? .zero : nil)
        var pieces = AgePieces(try AgeSource(file), key)
        while let piece = try pieces.next() {
            try await upload.send(piece)
            progress.update(upload.sent, of: summary.bytes)
        }
        return try await upload.finish()
    }
}
