import ArgumentParser
import CofferClient
import CofferFormats

struct Export: Verb {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Writes the active values of all secrets with a prefix, readable by import.",
        discussion: """
            Only what the caller may get is written. A .env file takes names that can be shell variables and values that are \
            text; JSON takes all names and values that are text; YAML takes everything. Expiry, metadata and tags are not \
            written. A file is made with mode 0600 and appears whole or not at all; a failed export prints nothing.

            EXAMPLES
              coffer export payments/ --strip-prefix --output .env
              coffer export --to json
              coffer export payments/ --to yaml --output payments.yaml
            """)

    @Argument(help: "The beginning of the names.")
    var prefix: String = ""

    @Option(help: "The format: dotenv, json or yaml (default: as --output's name says, else dotenv).")
    var to: FileFormat?

    @Option(name: [.short, .long], help: ArgumentHelp("Writes to a file, mode 0600.", valueName: "path"), completion: .file())
    var output: String?

    @Flag(help: "Leaves the prefix out of the names.")
    var stripPrefix = false

    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    var subject: String? { prefix.isEmpty ? nil : prefix }

    func run() async throws {
        let client = try global.client()
        var writer = ExportWriter(to ?? output.flatMap { FileFormat(fileName: $0) } ?? .dotenv)
        let file = try output.map { try OutputFile($0) }
        let entries = try await collect(client, writer)
        var buffer = writer.header
        defer { Output.wipe(&buffer) }
        for entry in entries {
            entry.value.withUnsafeBytes { writer.append(name: entry.name, value: $0, to: &buffer) }
            if buffer.count > 32_768 { try flush(&buffer, file) }
        }
        buffer += writer.footer
        try flush(&buffer, file)
        try file?.finish()
    }

    /// All entries, so that nothing is written where one of them cannot be.
    private func collect(_ client: CofferClient, _ writer: ExportWriter) async throws -> [SecretEntry] {
        let strip = stripPrefix ? prefix.utf8.count : 0
        var entries: [SecretEntry] = []
        var badNames: [[UInt8]] = []
        var binary: [[UInt8]] = []
        for try await var entry in try client.export(prefix: prefix) {
            let whole = entry.name
            entry.name.removeFirst(min(strip, entry.name.count))
            switch entry.value.withUnsafeBytes({ writer.obstacle(name: entry.name, value: $0) }) {
            case .notAnIdentifier?: badNames.append(whole)
            case .binary?: binary.append(whole)
            case nil where entry.name.isEmpty: badNames.append(whole)
            case nil: entries.append(entry)
            }
        }
        if !badNames.isEmpty {
            throw CommandFailure.badInput(
                "these names cannot be keys of a \(writer.format) file: \(Self.some(badNames)) (--strip-prefix may help, or --to yaml)")
        }
        if !binary.isEmpty {
            throw CommandFailure.badInput(
                "the values of these secrets are not text, which \(writer.format) needs: \(Self.some(binary)) (--to yaml takes them)")
        }
        return entries
    }

    private static func some(_ names: [[UInt8]]) -> String {
        let list = names.prefix(10).map { Printable.name($0) }.joined(separator: ", ")
        return names.count > 10 ? "\(list) and \(names.count - 10) more" : list
    }

    private func flush(_ buffer: inout [UInt8], _ file: OutputFile?) throws {
        try buffer.withUnsafeBytes { bytes in
            if let file { try file.write(bytes) } else { try Output.write(bytes) }
        }
        Output.wipe(&buffer)
        buffer.removeAll(keepingCapacity: true)
    }
}
