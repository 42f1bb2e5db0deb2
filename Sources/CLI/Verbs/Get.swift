import ArgumentParser
import CofferClient

struct Get: Verb {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Prints a secret's value.",
        discussion: """
            Writes exactly the bytes of the value; a line end follows only on a terminal or with --newline. A file is made with \
            mode 0600 and appears whole or not at all.

            EXAMPLES
              password=$(coffer get payments/db)
              coffer get tls/key --output /run/app/server.key
              coffer get payments/db --version 3 --json
            """)

    @Argument(help: "The secret's name.")
    var name: String

    @Option(help: ArgumentHelp("Another version than the active one.", valueName: "n"))
    var version: UInt64 = 0

    @Option(name: [.short, .long], help: ArgumentHelp("Writes to a file, mode 0600.", valueName: "path"), completion: .file())
    var output: String?

    @Flag(help: "Ends the output with a line end.")
    var newline = false

    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    var subject: String? { name }

    func run() async throws {
        let client = try global.client()
        let secret = try await client.get(name, version: version)
        var bytes: [UInt8] = []
        defer { Output.wipe(&bytes) }
        if global.json {
            json(secret).append(to: &bytes)
            bytes.append(UInt8(ascii: "\n"))
        } else if newline || (output == nil && Output.isTerminal) {
            bytes.reserveCapacity(secret.value.count + 1)
            secret.value.withUnsafeBytes { bytes.append(contentsOf: $0) }
            bytes.append(UInt8(ascii: "\n"))
        } else {
            return try secret.value.withUnsafeBytes { try write($0) }
        }
        try bytes.withUnsafeBytes { try write($0) }
    }

    private func write(_ bytes: UnsafeRawBufferPointer) throws {
        guard let output else { return try Output.write(bytes) }
        let file = try OutputFile(output)
        try file.write(bytes)
        try file.finish()
    }

    private func json(_ secret: Secret) -> JSON {
        .object([
            ("name", .text(name)), ("version", .number(secret.version)), ("revision", .number(secret.revision)),
            ("expires", .moment(secret.expires)), ("content_type", .text(secret.contentType)), JSON.value(secret.value),
        ])
    }
}
