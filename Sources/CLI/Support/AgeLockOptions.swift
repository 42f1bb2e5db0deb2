import ArgumentParser
import CofferAge
import CofferClient
import Glibc

/// What a new age file is locked with: recipients or a passphrase. Without either nothing is written: a backup is never plaintext.
struct AgeLockOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A recipient, age1…, who can open the file; repeat it.", valueName: "recipient"))
    var recipient: [String] = []

    @Option(help: ArgumentHelp("A file with recipients, one on a line; repeat it.", valueName: "path"), completion: .file())
    var recipientsFile: [String] = []

    @Flag(help: "Locks it with a passphrase: asks for it twice, or takes one line of standard input.")
    var passphrase = false

    @Option(help: ArgumentHelp("Reads the passphrase from an open descriptor.", valueName: "n"))
    var passphraseFd: Int32?

    private static let recipientsFileLimit = 1 << 20

    func validate() throws {
        let hasRecipients = !recipient.isEmpty || !recipientsFile.isEmpty
        let ways = [hasRecipients, passphrase, passphraseFd != nil].count { $0 }
        guard ways > 0 else {
            throw ValidationError(
                "a backup is always encrypted: give --recipient ('coffer backup keygen' makes one), --recipients-file or --passphrase")
        }
        guard ways == 1 else { throw ValidationError("the format takes a passphrase only alone: not together with recipients or another one") }
    }

    /// Reads the recipients, or asks for the passphrase.
    func lock() throws -> AgeLock {
        if passphrase || passphraseFd != nil { return .passphrase(try secret(), workFactor: AgeLock.defaultWorkFactor) }
        var all = try recipient.map { text throws(AgeError) in try AgeRecipient(text) }
        for path in recipientsFile {
            var content = try SecretInput.bytes(file: path, limit: Self.recipientsFileLimit)
            // Somebody may have given an identity file.
            defer { Output.wipe(&content) }
            do throws(AgeError) {
                all += try content.span.bytes.withUnsafeBytes { bytes throws(AgeError) in try AgeRecipientsFile.read(bytes) }
            } catch {
                throw AgeError(error.code, "\(path == "-" ? "standard input" : "'\(Printable.text(path))'"): \(error.message)")
            }
        }
        return .recipients(all)
    }

    private func secret() throws -> AgePassphrase {
        let secret = if let passphraseFd {
            try SecretInput.passphrase(descriptor: passphraseFd)
        } else {
            try SecretInput.line("the passphrase", prompt: "New passphrase", twice: true, limit: AgePassphrase.limit)
        }
        return try secret.withUnsafeBytes { bytes throws(AgeError) in try AgePassphrase(bytes) }
    }
}
