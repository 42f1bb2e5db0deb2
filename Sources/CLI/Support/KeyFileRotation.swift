import CofferClient
import CofferStore
import Glibc

/// Puts a new key into the place of a key file, so that at each moment one of two files opens the slot: the one in its place, or the new
/// one beside it (`PATH.new`). Whoever opens a store with a key file looks at both, and puts the new one into place where it is the right one.
struct KeyFileRotation {
    let path: String
    var draft: String { path + ".new" }

    /// - Throws: where something lies in its place that a rename would not replace as meant.
    init(_ path: String) throws {
        self.path = path
        guard !path.isEmpty else { throw CommandFailure.usage("the path is empty") }
        var status = stat()
        if lstat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
            throw CommandFailure.cannotCreate("'\(Printable.text(path))' is not a regular file: name the file itself")
        }
    }

    /// Draws a key and writes it beside the place, mode 0600, owned like the file that it is to replace. Nothing removes it from then on
    /// but ``discard()``: a signal that comes while the slot is being changed must not take the only key.
    func prepare() throws -> SecretBytes {
        let key = try KeyFile.draw()
        try KeyFile.create(draft, key)
        var status = stat()
        if lstat(path, &status) == 0, status.st_uid != geteuid() || status.st_gid != getegid(), lchown(draft, status.st_uid, status.st_gid) != 0 {
            let reason = SystemError.text()
            KeyFile.discard(draft)
            throw CommandFailure.cannotCreate("cannot give '\(Printable.text(draft))' to the owner of the old file: \(reason)")
        }
        Interrupts.finished(draft)
        return key
    }

    /// The one moment at which the new file takes the old one's place.
    func finish() throws {
        guard rename(draft, path) == 0 else {
            throw CommandFailure.cannotCreate(
                "the slot opens with '\(Printable.text(draft))' now, which could not be renamed to '\(Printable.text(path))': \(SystemError.text())")
        }
        try Path.synchroniseFolder(of: path)
    }

    func discard() { unlink(draft) }

    /// What an earlier rotation left that was interrupted.
    var isLeftOver: Bool {
        var status = stat()
        return lstat(draft, &status) == 0
    }

    /// Opens a stopped store with a key file, or with the one beside it that an interrupted rotation left; that one is put into place.
    static func unlock(_ store: Store, _ path: String, acceptingRollback: UInt64? = nil) throws {
        do {
            try store.unlock(.keyFile(SlotAccess.buffer(KeyFile.read(path))), acceptingRollback: acceptingRollback)
        } catch {
            guard let rotation = try? KeyFileRotation(path), rotation.isLeftOver, let key = try? KeyFile.read(rotation.draft),
                (try? store.unlock(.keyFile(SlotAccess.buffer(key)), acceptingRollback: acceptingRollback)) != nil
            else { throw error }
            try rotation.finish()
            Output.remark("coffer: '\(Printable.text(path))' was replaced by the key of a rotation that had been interrupted")
        }
    }
}
