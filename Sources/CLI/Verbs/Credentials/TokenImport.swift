import ArgumentParser
import CofferClient
import CofferFormats
import Glibc

/// What imports from systems that kept tokens take besides files.
struct TokenImportOptions: ParsableArguments {
    @Flag(help: "Takes sample values that everybody knows as secrets of a door.")
    var allowSample = false

    @Option(help: ArgumentHelp(
        "Of TokenStatusCheck: the upstream of a provider, deep=http://host:8000/token/check; repeat it.", valueName: "provider=url"))
    var upstream: [String] = []

    var isEmpty: Bool { !allowSample && upstream.isEmpty }

    func validate(_ source: ImportSource?) throws {
        let known = Set(CredentialSystem.checkedProviders.map(\.name))
        let pairs = try NamedValue.pairs(upstream, "--upstream")
        guard case .tokens(.tokenstatuscheck)? = source else {
            guard pairs.isEmpty else { throw ValidationError("--upstream is for tokenstatuscheck") }
            return
        }
        if let bad = pairs.first(where: { !known.contains($0.name) }) {
            let names = CredentialSystem.checkedProviders.map(\.name).joined(separator: ", ")
            throw ValidationError("--upstream: '\(Printable.text(bad.name))' is none of \(names)")
        }
    }

    /// Those that are given, else those that the environment has as TokenStatusCheck spells it (decisions 17).
    func urls() throws -> [String: String] {
        var urls: [String: String] = [:]
        for (name, variable) in CredentialSystem.checkedProviders { urls[name] = Environment.variable(variable) }
        for (name, value) in try NamedValue.pairs(upstream, "--upstream") { urls[name] = value }
        return urls
    }
}

/// `import --from tokenstool|rtmanage|tokenstatuscheck|credentials`: each row by itself, a batch at a time.
struct TokenImport {
    /// As the daemon is told.
    let source: String
    let dryRun: Bool
    let global: GlobalOptions

    private static let fileLimit = 1 << 28

    // MARK: Systems

    func run(_ system: CredentialSystem, _ files: [String], _ options: TokenImportOptions) async throws {
        var read = try read(system, files, options)
        defer { Self.wipe(&read) }
        let client = try global.client()
        let report = TokenImportReport(dryRun: dryRun, json: global.json, total: read.rows.count)
        defer { report.end() }
        try report.begin(read.remarks)
        var batch = CredentialBatchSender(client: client, source: source, dryRun: dryRun, report: report)
        for out in read.leftOut { try await batch.add(out) }
        for row in dryRun ? Self.withoutMade(read.rows) : read.rows { try await batch.add(row) }
        try await batch.finish()
        let settings = DoorSettingsImport(client: client, door: source, dryRun: dryRun, allowSample: options.allowSample)
        try report.settings(try await settings.run(read.settings), configuration: read.configuration)
        try report.finish(nothing: "\(files.map { Printable.text($0) }.joined(separator: ", ")): there is nothing to import")
    }

    private func read(_ system: CredentialSystem, _ files: [String], _ options: TokenImportOptions) throws -> CredentialImport {
        guard system == .rtmanage else {
            let folder = files.first ?? "."
            var found = try system.files.compactMap { try Self.file($0, in: folder) }
            defer { for index in found.indices { Output.wipe(&found[index].bytes) } }
            return try located(folder) { () throws(FormatError) in
                try system.read(folder: found, urls: (try? options.urls()) ?? [:], allowsSamples: options.allowSample)
            }
        }
        var reader = RTManageImport(allowsSamples: options.allowSample)
        for file in files {
            if file != "-", LegacySystem.isDatabase(file) {
                try located(file) { () throws(FormatError) in try reader.add(database: file) }
                continue
            }
            var bytes = try SecretInput.bytes(file: file, limit: Self.fileLimit)
            defer { Output.wipe(&bytes) }
            try located(file) { () throws(FormatError) in try reader.add(.init(name: String(Path.last(of: file)), bytes: bytes)) }
        }
        return reader.finish()
    }

    /// A file of a folder; `nil` where it is not there.
    private static func file(_ name: String, in folder: String) throws -> CredentialSystem.File? {
        let path = folder + "/" + name
        var status = stat()
        guard stat(path, &status) == 0 else {
            guard errno == ENOENT || (errno == ENOTDIR && stat(folder, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR) else {
                throw CommandFailure.badInput("cannot read '\(Printable.text(path))': \(SystemError.text())")
            }
            return nil
        }
        guard status.st_mode & S_IFMT == S_IFREG else { throw CommandFailure.badInput("'\(Printable.text(path))' is no file") }
        return .init(name: name, bytes: try SecretInput.bytes(file: path, limit: fileLimit))
    }

    private func located<Result>(_ file: String, _ body: () throws(FormatError) -> Result) throws -> Result {
        do throws(FormatError) {
            return try body()
        } catch {
            throw CommandFailure.badInput("\(file == "-" ? "standard input" : Printable.text(file)): \(error.description)")
        }
    }

    /// In a dry run the credentials that the import makes are not there when its pools are judged: they are no reason to refuse one.
    private static func withoutMade(_ rows: [LegacyRow]) -> [LegacyRow] {
        let made = Set(rows.filter { $0.noun == "credential" }.compactMap { $0["name"].map { Array($0.utf8) } })
        return rows.map { row in
            var row = row
            if row.noun == "pool", let members = row["members"] {
                row.set("members", members.split(separator: "\n").filter { !made.contains(Array($0.utf8)) }.joined(separator: "\n"))
            }
            return row
        }
    }

    private static func wipe(_ read: inout CredentialImport) {
        for row in read.rows.indices {
            for secret in read.rows[row].secrets.indices { Output.wipe(&read.rows[row].secrets[secret].value) }
        }
        for setting in read.settings.indices { Output.wipe(&read.settings[setting].value) }
    }

    // MARK: Lines

    /// The own format: whatever its length, one batch of it is in memory.
    func run(lines files: [String]) async throws {
        let client = try global.client()
        let report = TokenImportReport(dryRun: dryRun, json: global.json, total: nil)
        defer { report.end() }
        try report.begin([])
        for file in files {
            let name = file == "-" ? "standard input" : Printable.text(file)
            let descriptor = file == "-" ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY)
            guard descriptor >= 0 else { throw CommandFailure.badInput("cannot read '\(name)': \(SystemError.text())") }
            defer { if file != "-" { close(descriptor) } }
            var lines = CredentialLines { buffer in try Self.read(descriptor, buffer, name) }
            defer { lines.wipe() }
            var batch = CredentialBatchSender(client: client, source: source, dryRun: dryRun, report: report)
            batch.prefix = files.count > 1 ? "\(name) " : ""
            do {
                while let item = try lines.next() {
                    switch item {
                    case .row(let row): try await batch.add(row)
                    case .refused(let out): try await batch.add(out)
                    }
                }
            } catch let error as FormatError {
                throw CommandFailure.badInput("\(name): \(error.description)")
            }
            try await batch.finish()
        }
        let names = files.map { $0 == "-" ? "standard input" : Printable.text($0) }.joined(separator: ", ")
        try report.finish(nothing: "\(names): there is no line to import")
    }

    private static func read(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer, _ name: String) throws -> Int {
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            if errno == EAGAIN {
                var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                poll(&waiting, 1, -1)
            } else if errno != EINTR {
                throw CommandFailure.badInput("cannot read '\(name)': \(SystemError.text())")
            }
        }
    }
}
