import CLinux
import Glibc

/// A file that is there whole or not at all: written under another name, mode 0600, then renamed.
final class OutputFile {
    private let path: String
    private let temporary: String
    private var descriptor: Int32

    private let mayReplace: Bool
    private var written: Int64 = 0
    /// What the kernel was told to bring to the disk.
    private var begun: Int64 = 0

    /// A large file goes to the disk while the rest of it is made.
    private static let writingStep: Int64 = 8 << 20

    /// - Parameter mayReplace: whether a file that is there may be replaced.
    /// - Throws: where `path` cannot be made, or is there and is not a file.
    init(_ path: String, mayReplace: Bool = true) throws {
        self.path = path
        self.mayReplace = mayReplace
        try Self.refuse(path, mayReplace)
        let drafts = DraftFiles(of: path)
        drafts.removeLeft()
        (temporary, descriptor) = try drafts.make()
    }

    deinit { discard() }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        try Output.write(bytes, to: descriptor, "'\(Printable.text(path))'")
        written += Int64(bytes.count)
        guard written - begun >= Self.writingStep else { return }
        coffer_begin_writing(descriptor, begun, written - begun)
        begun = written
    }

    private static func refuse(_ path: String, _ mayReplace: Bool) throws {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw CommandFailure.cannotCreate("'\(Printable.text(path))' is there and is not a file")
        }
        guard mayReplace else {
            throw CommandFailure.cannotCreate("'\(Printable.text(path))' is there already and was not changed (see --force)")
        }
    }

    /// Makes the file appear under its name, in place of the one before.
    func finish() throws {
        if !mayReplace { try Self.refuse(path, mayReplace) }
        guard fsync(descriptor) == 0, rename(temporary, path) == 0 else {
            let reason = SystemError.text()
            discard()
            throw CommandFailure.cannotCreate("cannot write '\(Printable.text(path))': \(reason)")
        }
        close(descriptor)
        descriptor = -1
        Interrupts.finished(temporary)
        try Path.synchroniseFolder(of: path)
    }

    private func discard() {
        guard descriptor >= 0 else { return }
        unlink(temporary)
        close(descriptor)
        descriptor = -1
        Interrupts.finished(temporary)
    }
}
