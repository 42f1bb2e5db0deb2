import CLinux
import CofferClient
import Glibc

/// A file for a secret that nobody has yet: mode 0600, never in the place of another one, there whole or not at all.
enum NewSecretFile {
    /// Until ``Interrupts/finished(_:)`` a signal removes it.
    static func create(_ path: String, _ content: SecretBytes) throws {
        let drafts = DraftFiles(of: path)
        drafts.removeLeft()
        let (draft, descriptor) = try drafts.make()
        defer {
            close(descriptor)
            Interrupts.finished(draft)
        }
        do {
            try content.withUnsafeBytes { try Output.write($0, to: descriptor, "'\(Printable.text(path))'") }
            guard fsync(descriptor) == 0 else {
                throw CommandFailure.cannotCreate("cannot write '\(Printable.text(path))': \(SystemError.text())")
            }
            guard coffer_rename_new(draft, path) == 0 else {
                let reason = errno == EEXIST ? "it is there already and was not changed" : SystemError.text()
                throw CommandFailure.cannotCreate("cannot create '\(Printable.text(path))': \(reason)")
            }
        } catch {
            unlink(draft)
            throw error
        }
        // Not before: until then what has this name is somebody else's.
        Interrupts.began(path)
        do { try Path.synchroniseFolder(of: path) } catch {
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
