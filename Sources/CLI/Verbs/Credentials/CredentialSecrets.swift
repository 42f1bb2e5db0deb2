import ArgumentParser
import CofferClient
import Glibc

/// The secrets of a credential or a pool, from everywhere but the command line: a JSON object of texts in the end.
struct CredentialSecrets: ParsableArguments {
    @Option(help: ArgumentHelp(
        "A secret: refresh, password, proxy, …; repeat it. One line of standard input for each, or a prompt.", valueName: "field"))
    var secret: [String] = []

    @Option(help: ArgumentHelp("A secret whose value is a file's, without a line end behind it; repeat it.", valueName: "field=path"))
    var secretFile: [String] = []

    @Flag(help: "Standard input is a JSON object of all secrets: {\"refresh\": \"…\"}.")
    var jsonSecrets = false

    private static let limit = 65_536

    func validate() throws {
        guard !jsonSecrets || (secret.isEmpty && secretFile.isEmpty) else {
            throw ValidationError("--json-secrets takes all of them: leave --secret and --secret-file out")
        }
        let files = try NamedValue.pairs(secretFile, "--secret-file")
        let names = secret + files.map(\.name)
        guard Set(names).count == names.count else { throw ValidationError("a secret is given twice") }
        guard names.allSatisfy({ Self.isName($0) }) else {
            throw ValidationError("--secret takes the name of a field, never its value: \(NoSecretsHere.reason)")
        }
    }

    /// - Parameter removing: those that are taken away.
    /// - Returns: `nil` where none is given.
    func read(removing: [String] = []) throws -> SecretBytes? {
        if jsonSecrets { return try json() }
        var fields: [(String, JSON)] = []
        for (name, value) in zip(secret, try lines()) { fields.append((name, .secretText(try Self.checked(value, name)))) }
        for (name, path) in try NamedValue.pairs(secretFile, "--secret-file") {
            let value = SecretInput.withoutLineEnd(try SecretInput.whole(file: path, limit: Self.limit, "the secret \(name)"))
            fields.append((name, .secretText(try Self.checked(value, name))))
        }
        for name in removing {
            guard !fields.contains(where: { $0.0 == name }) else {
                throw CommandFailure.usage("the secret \(Printable.text(name)) is both given and taken away")
            }
            fields.append((name, .null))
        }
        guard !fields.isEmpty else { return nil }
        var bytes: [UInt8] = []
        defer { Output.wipe(&bytes) }
        JSON.object(fields).append(to: &bytes)
        guard bytes.count <= Self.limit else { throw CommandFailure.badInput("the secrets together have more than \(Self.limit) bytes") }
        return SecretBytes(bytes)
    }

    /// One for each --secret, in their order.
    private func lines() throws -> [SecretBytes] {
        guard !secret.isEmpty else { return [] }
        if isatty(STDIN_FILENO) == 1 { return try secret.map { try Terminal.secret("Value of \(Printable.text($0))") } }
        let all = SecretInput.withoutLineEnd(try SecretInput.whole(STDIN_FILENO, limit: Self.limit * 4, "the secrets", "standard input"))
        let lines = all.withUnsafeBytes { bytes in
            bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
                let text = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
                return SecretBytes(copying: UnsafeRawBufferPointer(rebasing: text))
            }
        }
        guard lines.count == secret.count else {
            throw CommandFailure.badInput("standard input has \(lines.count) lines for \(secret.count) secrets: give one for each --secret")
        }
        return lines
    }

    private func json() throws -> SecretBytes {
        guard isatty(STDIN_FILENO) == 0 else { throw CommandFailure.usage("--json-secrets reads standard input: give it a file or a pipe") }
        let all = try SecretInput.whole(STDIN_FILENO, limit: Self.limit, "the JSON object", "standard input")
        guard !all.isEmpty else { throw CommandFailure.badInput("the JSON object is empty") }
        return all
    }

    private static func checked(_ value: SecretBytes, _ name: String) throws -> SecretBytes {
        guard !value.isEmpty else { throw CommandFailure.badInput("the secret \(name) is empty") }
        guard value.withUnsafeBytes({ String(validating: $0, as: UTF8.self) != nil }) else {
            throw CommandFailure.badInput("the secret \(name) is not valid UTF-8")
        }
        return value
    }

    /// As the daemon has them: what does not look like a name may be a value.
    private static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count) && text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
                UInt8(ascii: "."): true
            default: false
            }
        }
    }
}
