import Glibc

/// The hidden files that a new file is written to before it gets its name. Who writes one holds a lock on it: what nobody holds was left
/// behind by a process that was killed.
struct DraftFiles {
    private let path: String
    private let folder: String
    private let beginning: String
    private static let end = ".tmp"

    init(of path: String) {
        self.path = path
        folder = Path.folder(of: path)
        beginning = ".\(Path.last(of: path).prefix(100))."
    }

    /// Mode 0600; until ``Interrupts/finished(_:)`` a signal removes it.
    func make() throws -> (path: String, descriptor: Int32) {
        for _ in 0..<16 {
            let draft = "\(folder)/\(beginning)\(String(UInt64.random(in: .min ... .max), radix: 36))\(Self.end)"
            Interrupts.began(draft)
            let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard descriptor >= 0 else {
                Interrupts.finished(draft)
                throw CommandFailure.cannotCreate("cannot create '\(Printable.text(path))': \(SystemError.text())")
            }
            var status = stat()
            // Where nothing can be locked, nothing is taken for left behind either.
            let isHeld = flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK
            // Between the two calls somebody may have taken it for one that was left.
            if isHeld, fstat(descriptor, &status) == 0, status.st_nlink == 1 { return (draft, descriptor) }
            close(descriptor)
            Interrupts.finished(draft)
        }
        throw CommandFailure.cannotCreate("cannot create '\(Printable.text(path))': its drafts go again and again")
    }

    /// Removes our own drafts of this file that nobody writes any more.
    func removeLeft() {
        guard let entries = opendir(folder) else { return }
        defer { closedir(entries) }
        while let entry = readdir(entries) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard isDraft(name) else { continue }
            let descriptor = open("\(folder)/\(name)", O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            var status = stat()
            guard fstat(descriptor, &status) == 0, status.st_mode & ~0o7777 == S_IFREG, status.st_mode & 0o7777 == 0o600,
                status.st_uid == geteuid(), status.st_nlink == 1, flock(descriptor, LOCK_EX | LOCK_NB) == 0
            else { continue }
            unlink("\(folder)/\(name)")
        }
    }

    private func isDraft(_ name: String) -> Bool {
        guard name.hasPrefix(beginning), name.hasSuffix(Self.end) else { return false }
        let middle = name.utf8.dropFirst(beginning.utf8.count).dropLast(Self.end.utf8.count)
        return (1...13).contains(middle.count) && middle.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) }
    }
}
