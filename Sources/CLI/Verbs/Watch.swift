import ArgumentParser
import CofferClient

struct Watch: Verb {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Prints changes of secrets as they happen, until Ctrl-C.",
        discussion: """
            A line for each change: revision, what happened, version and name, with --values the new active value as quoted \
            text or as base64:…. "resync" says that changes may have been missed: read again what matters. After a break of \
            the connection the watch goes on by itself. With --json each line has a position, from which --from goes on later.

            EXAMPLES
              coffer watch payments/db
              coffer watch --prefix payments/ --json
              coffer watch --prefix '' --from 00112233445566778899aabbccddeeff:42
            """)

    @Argument(help: "The secret's name.")
    var name: String?

    @Option(help: ArgumentHelp("All names with this beginning instead of one name.", valueName: "prefix"))
    var prefix: String?

    @Flag(help: "Also prints the values; needs the right to get them.")
    var values = false

    @Option(help: ArgumentHelp("Begins behind this position.", valueName: "incarnation:revision"))
    var from: String?

    @Option(help: ArgumentHelp("Ends after so many changes.", valueName: "n"))
    var count: Int?

    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    var subject: String? { name ?? prefix }

    func validate() throws {
        if (name == nil) == (prefix == nil) { throw ValidationError("give either a name or --prefix") }
        if let count, count < 1 { throw ValidationError("--count takes 1 or more") }
        _ = try position()
    }

    func run() async throws {
        Interrupts.interruptIsAnEnd()
        let client = try global.client()
        let updates = if let name {
            try await client.watch(name, values: values, from: position())
        } else {
            try await client.watch(prefix: prefix ?? "", values: values, from: position())
        }
        if !global.json, Output.errorIsTerminal { Output.remark("watching from \(Self.text(updates.position))") }
        var left = count ?? .max
        for try await update in updates {
            switch update {
            case .change(let change):
                try print(change)
                left -= 1
            case .resync(let position):
                if global.json {
                    try Output.line(.object([("event", .text("resync")), ("position", .text(Self.text(position)))]))
                } else {
                    try Output.line("resync \(Self.text(position))")
                }
            }
            if left == 0 { return }
        }
    }

    private func print(_ change: WatchChange) throws {
        if global.json {
            var fields: [(String, JSON)] = [
                ("event", .text("change")), ("revision", .number(change.revision)), ("ordinal", .number(UInt64(change.ordinal))),
                ("last", .bool(change.last)), ("operation", .text("\(change.operation)")), ("version", .number(change.version)),
                JSON.name(change.name),
            ]
            if let value = change.value { fields.append(JSON.value(value)) }
            fields.append(("position", .text(Self.text(change.position))))
            return try Output.line(.object(fields))
        }
        var line = Array("\(change.revision) \(change.operation) ".utf8)
        if change.version > 0 { line += Array("version \(change.version) ".utf8) }
        line += Array(Printable.name(change.name).utf8)
        defer { Output.wipe(&line) }
        if let value = change.value {
            let (field, json) = JSON.value(value)
            line.reserveCapacity(line.count + value.count * 6 + 32)
            line += Array((field == "value" ? " = " : " = base64:").utf8)
            json.append(to: &line)
        }
        line.append(UInt8(ascii: "\n"))
        try Output.write(line)
    }

    private func position() throws -> Position? {
        guard let from else { return nil }
        let parts = from.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let incarnation = Hex.bytes(parts[0]).flatMap({ Bytes16($0) }), let revision = UInt64(parts[1]) else {
            throw ValidationError("--from takes 32 hexadecimal digits, ':' and a number, as watch --json prints it")
        }
        return Position(incarnation: incarnation, revision: revision)
    }

    private static func text(_ position: Position) -> String { "\(Hex.text(position.incarnation.bytes)):\(position.revision)" }
}
