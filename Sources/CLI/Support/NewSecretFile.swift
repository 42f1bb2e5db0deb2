import CofferClient
import Glibc

/// A file for a secret that nobody has yet: mode 0600, never in the place of another one.
enum NewSecretFile {
    /// Until ``Interrupts/finished(_:)`` a signal removes it.
    static func create(_ path: String, _ content: SecretBytes) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            let reason = errno == EEXIST ? "it is there already and was not changed" : SystemError.text()
            throw CommandFailure.cannotCreate("cannot create '\(Printable.text(path))': \(reason)")
        }
        Interrupts.began(path)
        defer { close(descriptor) }
        do {
            try content.withUnsafeBytes { try Output.write($0, to: descriptor, "'\(Printable.text(path))'") }
            guard fsync(descriptor) == 0 else {
                throw CommandFailure.cannotCreate("cannot write '\(Printable.text(path))': \(SystemError.text())")
            }
            try Path.synchroniseFolder(of: path)
        } catch {
            discard(path)
            throw error
        }
    }

    /// Removes a file that was just made.
    static func discard(_ path: String) {
        unlink(path)
        Interrupts.finished(path)
    }
}
