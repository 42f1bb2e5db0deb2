import ArgumentParser
import CofferAge
import CofferClient
import Glibc

/// What an age file is opened with: identities or a passphrase.
struct AgeUnlockOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A file with identities, one on a line; repeat it. -: standard input.", valueName: "path"),
        completion: .file())
    var identity: [String] = []

    @Flag(help: "Opens with a passphrase: one line of standard input, or, where that is a terminal or the age file, from a prompt.")
    var passphrase = false

    @Option(help: ArgumentHelp("Reads the passphrase from an open descriptor.", valueName: "n"))
    var passphraseFd: Int32?

    @Option(help: ArgumentHelp(
        "Takes a passphrase's file that asks for more work than 20, up to 22: each step doubles its time and memory.", valueName: "n"))
    var workFactorLimit: Int?

    private static let identityFileLimit = 1 << 20

    func validate() throws {
        // Whoever gives the identity itself is told so before any message repeats it.
        guard !identity.contains(where: { $0.uppercased().hasPrefix("AGE-SECRET-KEY-") }) else {
            throw ValidationError("--identity takes a file: \(NoSecretsHere.reason)")
        }
        let ways = [!identity.isEmpty, passphrase, passphraseFd != nil].count { $0 }
        guard ways == 1 else {
            throw ValidationError("give one of --identity FILE, --passphrase and --passphrase-fd")
        }
        if let workFactorLimit {
            guard identity.isEmpty else { throw ValidationError("--work-factor-limit goes with a passphrase") }
            guard (1...AgeUnlock.highestWorkFactor).contains(workFactorLimit) else {
                throw ValidationError("--work-factor-limit takes 1 to \(AgeUnlock.highestWorkFactor)")
            }
        }
    }

    /// Reads the identities, or asks for the passphrase.
    /// - Parameter inputIsTaken: whether standard input is the age file.
    func unlock(inputIsTaken: Bool) throws -> AgeUnlock {
        if !identity.isEmpty { return .identities(try identities(inputIsTaken)) }
        let secret: SecretBytes
        if let passphraseFd {
            guard passphraseFd != STDIN_FILENO || !inputIsTaken else { throw Self.inputIsTaken }
            secret = try SecretInput.passphrase(descriptor: passphraseFd)
        } else if inputIsTaken {
            secret = try Terminal.secret("Passphrase")
        } else {
            secret = try SecretInput.line("the passphrase", prompt: "Passphrase", twice: false, limit: AgePassphrase.limit)
        }
        return .passphrase(
            try secret.withUnsafeBytes { bytes throws(AgeError) in try AgePassphrase(bytes) },
            largestWorkFactor: workFactorLimit ?? AgeUnlock.defaultLargestWorkFactor)
    }

    private func identities(_ inputIsTaken: Bool) throws -> [AgeIdentity] {
        guard identity.count(where: { $0 == "-" }) + (inputIsTaken ? 1 : 0) <= 1 else { throw Self.inputIsTaken }
        return try identity.flatMap { path in
            let isInput = path == "-"
            let content = isInput
                ? try SecretInput.whole(STDIN_FILENO, limit: Self.identityFileLimit, "the identities", "standard input")
                : try SecretInput.whole(file: path, limit: Self.identityFileLimit, "the identity file")
            do throws(AgeError) {
                return try content.withUnsafeBytes { bytes throws(AgeError) in try AgeIdentityFile.read(bytes) }
            } catch {
                throw AgeError(error.code, "\(isInput ? "standard input" : "'\(Printable.text(path))'"): \(error.message)")
            }
        }
    }

    private static let inputIsTaken = CommandFailure.usage("standard input cannot be two things at once")
}
