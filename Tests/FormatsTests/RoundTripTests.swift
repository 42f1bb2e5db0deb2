import Foundation
import Testing

@testable import CofferFormats

@Suite("export and import")
struct RoundTripTests {
    static let values: [[UInt8]] = [
        "", "plain", "a b", " leading and trailing ", "\ttab\t", "two\nlines\n", "\n", "\r\n", "a\r\nb\rc", "it's", "\"quoted\"",
        "it's \"both\"", #"back\slash\"#, #"\n is not a newline"#, "$HOME ${x} $(id) `id`", "# not a comment", "a #b", "a=b", "!bang!!",
        "~", "null", "true", "010", "- x", "{}", "*a", "&a", "'", "\"", "''", "Grüße 密碼 🔑", "e\u{301}", "\u{FEFF}bom",
        "\u{202E}rtl", "\u{2028}", "\u{1}\u{7F}\u{85}", "it's\r\n\"$x`\\", "-----BEGIN X-----\nAAAA\n-----END X-----\n", "%&;|<>()[]?*",
    ].map { Array($0.utf8) }
    static let binary: [[UInt8]] = [[0], [0xFF], [0xC0, 0x80], Array(0...255), [0xED, 0xA0, 0x80], Array("a\0b".utf8)]

    static func write(_ format: FileFormat, _ entries: [(name: String, value: [UInt8])]) -> [UInt8] {
        var writer = ExportWriter(format)
        var output = writer.header
        for entry in entries {
            entry.value.withUnsafeBytes { writer.append(name: Array(entry.name.utf8), value: $0, to: &output) }
        }
        return output + writer.footer
    }

    static func numbered(_ values: [[UInt8]]) -> [(name: String, value: [UInt8])] {
        values.enumerated().map { ("V\($0.offset)", $0.element) }
    }

    @Test("give back the same bytes", arguments: FileFormat.allCases)
    func roundTrip(_ format: FileFormat) throws {
        let entries = Self.numbered(Self.values + (format == .yaml ? Self.binary : []))
        let read = try format.parse(Self.write(format, entries))
        #expect(read.map(\.name) == entries.map(\.name))
        for (entry, back) in zip(entries, read) { #expect(back.value == entry.value, "\(entry.name)") }
    }

    @Test("nothing", arguments: FileFormat.allCases)
    func nothing(_ format: FileFormat) throws {
        #expect(try format.parse(Self.write(format, [])).isEmpty)
    }

    @Test("odd names", arguments: [FileFormat.json, .yaml])
    func names(_ format: FileFormat) throws {
        let names = [
            "a/b", "with blank", "\"", "\\", "<<", "~", "null", "*", "- x", "é", "# x", ": y",
            String(repeating: "\"", count: 255) + "/" + String(repeating: "\\", count: 255), String(repeating: "é", count: 120),
        ]
        let read = try format.parse(Self.write(format, names.map { ($0, Array("x".utf8)) }))
        #expect(read.map { Array($0.name.utf8) } == names.map { Array($0.utf8) })
    }

    @Test("names that Unicode takes for equal: JSON keeps both, YAML refuses rather than to lose one")
    func equivalentNames() throws {
        let entries = ["\u{E9}", "e\u{301}"].map { (name: $0, value: Array("x".utf8)) }
        #expect(try FileFormat.json.parse(Self.write(.json, entries)).count == 2)
        #expect(throws: FormatError.self) { try FileFormat.yaml.parse(Self.write(.yaml, entries)) }
    }

    @Test("obstacles")
    func obstacles() {
        func obstacle(_ format: FileFormat, _ name: String, _ value: [UInt8]) -> ExportWriter.Obstacle? {
            value.withUnsafeBytes { ExportWriter(format).obstacle(name: Array(name.utf8), value: $0) }
        }
        for name in ["", "1A", "a/b", "a-b", "a b", "é"] { #expect(obstacle(.dotenv, name, []) == .notAnIdentifier) }
        for name in ["A", "_", "a1_B"] { #expect(obstacle(.dotenv, name, []) == nil) }
        for value in Self.binary { #expect(obstacle(.dotenv, "A", value) == .binary) }
        for value in Self.binary where value.contains(where: { $0 >= 0x80 }) { #expect(obstacle(.json, "A", value) == .binary) }
        #expect(obstacle(.json, "a/b", [0]) == nil)
        for value in Self.binary { #expect(obstacle(.yaml, "a/b", value) == nil) }
    }

    @Test("python's json reads what we write, and we read what it writes")
    func python() throws {
        let entries = Self.numbered(Self.values + [[0]])
        let script = "import json,sys; d=json.load(sys.stdin); d={k:v.encode().hex() for k,v in d.items()}; print(json.dumps(d))"
        let hex = try parse(.json, try run(["python3", "-c", script], Self.write(.json, entries)))
        for entry in entries { #expect(hex[entry.name] == entry.value.map { String(format: "%02x", $0) }.joined()) }
        let echo = "import json,sys; d=json.load(sys.stdin); json.dump(d, sys.stdout, indent=1, ensure_ascii=True)"
        let back = try FileFormat.json.parse(Array(try run(["python3", "-c", echo], Self.write(.json, entries)).utf8))
        #expect(back.map(\.value) == entries.map(\.value))
    }

    @Test("shells read what we write", arguments: ["bash", "dash"])
    func shell(_ shell: String) throws {
        // A shell keeps no invalid text out, but these values hold what `env -0` can print.
        let entries = Self.numbered(Self.values)
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("coffer-\(UUID()).env").path
        defer { unlink(path) }
        try Data(Self.write(.dotenv, entries)).write(to: URL(fileURLWithPath: path))
        let output = try run([shell, "-c", "set -a; . \"$1\"; env -0", shell, path], [])
        let variables = Set(output.utf8.split(separator: 0).map { Array($0) })
        for entry in entries { #expect(variables.contains(Array("\(entry.name)=".utf8) + entry.value), "\(entry.name)") }
    }

    @Test("the example is read")
    func example() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../Examples/demo.env")
        let values = try parse(.dotenv, try String(contentsOf: file, encoding: .utf8))
        #expect(values.count == 15)
        #expect(values["WITH_COMMENT"] == "not-a-real-token-0003")
        #expect(values["DOUBLE"] == "first line\nsecond line\twith a tab, a \"quote\", a \\ and a $5 price")
        #expect(values["FAKE_CERTIFICATE"]?.split(separator: "\n").count == 3)
        #expect(values["UNICODE"] == "Grüße, 密碼, 🔑")
        #expect(values["WINDOWS_PATH"] == #"C:\not\a\real\path\"#)
        #expect(values["SPACED"] == "blanks around the sign do not count")
    }

    /// Runs a program with `input`; a missing program fails the test.
    private func run(_ arguments: [String], _ input: [UInt8]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        let (stdin, stdout) = (Pipe(), Pipe())
        process.standardInput = stdin
        process.standardOutput = stdout
        try process.run()
        try stdin.fileHandleForWriting.write(contentsOf: Data(input))
        try stdin.fileHandleForWriting.close()
        let output = try stdout.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return try #require(String(data: output, encoding: .utf8))
    }
}
