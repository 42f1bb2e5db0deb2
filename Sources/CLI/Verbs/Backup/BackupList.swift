import ArgumentParser
import CofferClient
import Glibc

struct BackupList: Verb {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists the backups that the daemon takes by itself, or the age files of a folder.",
        discussion: """
            PROOF says how far a backup was proven: 'identity' where the rehearsal identity opened it and all of it was read, 'file' \
            where it was read again with the key that the daemon still had. 'coffer backup verify' proves one by hand.

            EXAMPLES
              coffer backup list
              coffer backup list --json
              coffer backup list /mnt/backups
            """)

    @Argument(help: "A folder on this machine, which is listed without the daemon.", completion: .directory)
    var folder: String?

    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    func run() async throws {
        if let folder { return try list(folder) }
        let list = try await global.client().scheduledBackups()
        guard !global.json else { return try Output.line(Self.json(list)) }
        guard !list.folder.isEmpty else { return try Output.line("no backups are scheduled (see 'backups' in docs/configuration.md)") }
        var table = Table(["FILE", "TAKEN", "REVISION", "SIZE", "PROOF", "PROVEN"])
        for backup in list.backups {
            table.add([
                backup.file, Moment.cell(backup.created), String(backup.revision), String(backup.size), backup.proof.word,
                Moment.cell(backup.proven),
            ])
        }
        if !list.backups.isEmpty { try table.print() }
        try Output.line("""
            in \(Printable.text(list.folder)), every \(Moment.spanText(list.interval)); next \(list.isRunning ? "is being taken" : Moment.cell(list.next))
            last proven: \(Moment.cell(list.lastProven))\(list.isOverdue ? ", OVERDUE" : "")
            """)
        if !list.lastError.isEmpty { try Output.line("the last attempt failed: \(Printable.text(list.lastError))") }
    }

    private static func json(_ list: BackupListResponse) -> JSON {
        .object([
            ("folder", list.folder.isEmpty ? .null : .text(list.folder)), ("interval_ms", .number(list.interval)), ("next", .moment(list.next)),
            ("last_taken", .moment(list.lastTaken)), ("last_proven", .moment(list.lastProven)), ("overdue", .bool(list.isOverdue)),
            ("running", .bool(list.isRunning)), ("last_error", list.lastError.isEmpty ? .null : .text(list.lastError)),
            ("backups", .array(list.backups.map(\.json))),
        ])
    }

    // MARK: A folder

    private func list(_ folder: String) throws {
        guard let opened = opendir(folder) else {
            throw CommandFailure.badInput("cannot read '\(Printable.text(folder))': \(SystemError.text())")
        }
        defer { closedir(opened) }
        var files: [(name: String, size: UInt64, changed: UInt64)] = []
        while let entry = readdir(opened) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            var status = stat()
            guard !name.hasPrefix("."), name.hasSuffix(".age"), fstatat(dirfd(opened), name, &status, AT_SYMLINK_NOFOLLOW) == 0,
                status.st_mode & S_IFMT == S_IFREG
            else { continue }
            files.append((name, UInt64(clamping: status.st_size), UInt64(clamping: status.st_mtim.tv_sec) * 1_000))
        }
        files.sort { ($0.changed, $0.name) < ($1.changed, $1.name) }
        if global.json {
            return try Output.line(.array(files.map {
                .object([("file", .text($0.name)), ("size", .number($0.size)), ("changed", .moment($0.changed))])
            }))
        }
        guard !files.isEmpty else { return try Output.line("no age files in \(Printable.text(folder))") }
        var table = Table(["FILE", "CHANGED", "SIZE"])
        for file in files { table.add([file.name, Moment.cell(file.changed), String(file.size)]) }
        try table.print()
    }
}

struct BackupRun: Verb {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Has the daemon take a scheduled backup now, and prove it.",
        discussion: """
            Ends when it is proven. Whoever stops waiting (--timeout) does not stop it.

            EXAMPLES
              coffer backup run
            """)

    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    func run() async throws {
        // A large store takes longer than an answer usually does.
        let backup = try await global.client().runScheduledBackup(timeout: global.timeout == nil ? .zero : nil)
        if global.json { return try Output.line(backup.json) }
        try Output.line("\(Printable.text(backup.file)) is taken, proof: \(backup.proof.word)\ndigest \(Hex.text(backup.digest))")
        guard backup.proof == .none else { return }
        throw CommandFailure.failed("the backup could not be proven: 'coffer backup list' says why")
    }
}

extension ScheduledBackup.Proof {
    var word: String {
        switch self {
        case .none: "-"
        case .fileKey: "file"
        case .identity: "identity"
        }
    }
}

extension ScheduledBackup {
    var json: JSON {
        .object([
            ("file", .text(file)), ("created", .moment(created)), ("revision", .number(revision)), ("size", .number(size)),
            ("digest", .text(Hex.text(digest))), ("proof", proof == .none ? .null : .text(proof.word)), ("proven", .moment(proven)),
        ])
    }
}
