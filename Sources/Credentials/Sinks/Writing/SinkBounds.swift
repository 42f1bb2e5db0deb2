import Glibc

/// Where no sink may write: the store, files that the daemon lives on, and folders that others could put something else in place of.
struct SinkBounds: Sendable {
    /// The store's folder; "" none.
    let store: String
    let files: [String]

    /// Judged on what was opened: names and links may lead anywhere.
    /// - Returns: for people; `nil`: a file of this name may lie there.
    func objection(to descriptor: Int32, _ folder: String, _ name: String) -> String? {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return "the folder \(folder) cannot be looked at" }
        guard Self.isOurs(status), status.st_mode & 0o022 == 0 else {
            return "others can write to the folder \(folder): it must belong to the daemon's user or root, and be writable by nobody else"
        }
        if isOwnFile(descriptor, name) { return "the daemon itself lives on this file" }
        if let above = untrustedPrefix(of: folder) { return Self.replaceable(folder, above) }
        return walkUp(from: descriptor, folder)
    }

    /// `O_PATH`, for folders that the daemon may walk through and not read. Glibc's module lacks it; the same on x86-64 and arm64.
    private static let pathOnly: Int32 = 0o10_000_000

    private static func replaceable(_ folder: String, _ above: String) -> String {
        "others can put another folder in the place of \(folder): \(above) can be written by them"
    }

    private static func isOurs(_ status: stat) -> Bool { status.st_uid == geteuid() || status.st_uid == 0 }

    /// Nobody else can take away or put anything into it that is not theirs.
    private static func isTrusted(_ status: stat) -> Bool {
        isOurs(status) && (status.st_mode & 0o022 == 0 || status.st_mode & S_ISVTX != 0)
    }

    /// By what it is, also where it has another name, and where it is not there yet.
    private func isOwnFile(_ folder: Int32, _ name: String) -> Bool {
        var (own, there, parent, above) = (stat(), stat(), stat(), stat())
        let isThere = fstatat(folder, name, &there, AT_SYMLINK_NOFOLLOW) == 0
        guard fstat(folder, &parent) == 0 else { return true }
        return files.contains { path in
            if isThere, stat(path, &own) == 0, own.st_dev == there.st_dev, own.st_ino == there.st_ino { return true }
            guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), path[path.utf8.index(after: slash)...] == name else { return false }
            let folder = slash == path.startIndex ? "/" : String(path[..<slash])
            return stat(folder, &above) == 0 && above.st_dev == parent.st_dev && above.st_ino == parent.st_ino
        }
    }

    /// A link on the way lies in one of these.
    private func untrustedPrefix(of folder: String) -> String? {
        var status = stat()
        var prefix = ""
        for part in folder.split(separator: "/").dropLast() {
            prefix += "/" + part
            guard stat(prefix, &status) == 0 else { return prefix }
            if !Self.isTrusted(status) { return prefix }
        }
        return nil
    }

    /// The folders above, as they are.
    private func walkUp(from folder: Int32, _ path: String) -> String? {
        var (forbidden, status) = (stat(), stat())
        let hasStore = !store.isEmpty && stat(store, &forbidden) == 0
        var current = dup(folder)
        defer { close(current) }
        var last: (dev_t, ino_t) = (0, 0)
        for _ in 0..<4_096 {
            guard fstat(current, &status) == 0 else { break }
            if hasStore, status.st_dev == forbidden.st_dev, status.st_ino == forbidden.st_ino { return "the folder \(path) is the store's own" }
            // The root is its own parent.
            if last == (status.st_dev, status.st_ino) { return nil }
            guard Self.isTrusted(status) else { return Self.replaceable(path, "a folder above it") }
            last = (status.st_dev, status.st_ino)
            let parent = openat(current, "..", Self.pathOnly | O_DIRECTORY | O_CLOEXEC)
            guard parent >= 0 else { break }
            close(current)
            current = parent
        }
        return "the folders above \(path) cannot be looked at"
    }
}
