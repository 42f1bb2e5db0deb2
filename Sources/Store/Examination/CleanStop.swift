import CLMDB
import Glibc

/// Says of a data file that it was closed in order, and is still what it was then: nothing that LMDB wrote half, and nothing that somebody
/// changed since. Such a file needs no examination before it is opened.
///
/// It holds what the kernel says of the file: whoever writes into it, puts another in its place, or copies it, changes that. It holds no
/// secret, and is no seal: values have theirs.
struct CleanStop {
    static let name = "clean-stop"
    /// While it is written.
    static let draftName = "clean-stop.new"
    private static let title = "coffer-clean-stop 1"
    private static let longest = 256

    private let folder: String
    private var path: String { folder + "/" + Self.name }

    /// - Parameter folder: of the generation.
    init(_ folder: String) { self.folder = folder }

    /// Whether the data file is the one of the last orderly stop, untouched.
    var holds: Bool {
        guard let now = line else { return false }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: Self.longest)
        let count = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
        return count > 0 && Array(now.utf8) == Array(bytes[..<count])
    }

    /// The file is about to be used. The mark must not come back with a power cut: what LMDB writes moves the file's times, but its syncs
    /// do not make them durable.
    func remove() {
        guard unlink(path) == 0 else { return }
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        // Where it fails the file is still one that LMDB keeps whole through a power cut.
        _ = fsync(descriptor)
        close(descriptor)
    }

    /// The file was closed in order. What fails costs an examination at the next start, and nothing else.
    func record() {
        guard let line else { return }
        let draft = folder + "/" + Self.draftName
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return }
        let bytes = Array(line.utf8)
        let isWritten = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) } == bytes.count
        guard close(descriptor) == 0, isWritten, rename(draft, path) == 0 else {
            unlink(draft)
            return
        }
    }

    private var line: String? {
        var status = stat()
        guard lstat(folder + "/data.mdb", &status) == 0 else { return nil }
        return "\(Self.title) \(status.st_dev) \(status.st_ino) \(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec) "
            + "\(status.st_ctim.tv_sec).\(status.st_ctim.tv_nsec)\n"
    }
}
