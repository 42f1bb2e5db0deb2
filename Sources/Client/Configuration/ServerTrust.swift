import Glibc

/// Decides whether the process behind a socket may be the daemon. Whoever can put a socket at the path could
/// otherwise collect secrets and passphrases.
struct ServerTrust {
    /// What matters of one folder on the way to the socket.
    struct Folder {
        var owner: UInt32
        var mode: UInt32
    }

    var ownUID: UInt32
    var configured: Set<UInt32>

    /// - Parameter folders: the socket's folder first, then each one above it up to the root; empty where they
    ///   cannot be looked at.
    func accepts(peer: UInt32, folders: [Folder]) -> Bool {
        if peer == 0 || peer == ownUID || configured.contains(peer) { return true }
        guard let owner = folders.first?.owner, peer == owner else { return false }
        return folders.allSatisfy { folder in
            // Group and others may not write, not even where a sticky bit protects the entries.
            (folder.owner == 0 || folder.owner == owner) && folder.mode & 0o022 == 0
        }
    }

    /// The folders above the socket at `path`, links resolved; empty on any error.
    static func folders(above path: String) -> [Folder] {
        let parent = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        guard let resolved = realpath(parent, nil) else { return [] }
        defer { free(resolved) }
        var current = String(cString: resolved)
        var folders: [Folder] = []
        while true {
            var status = stat()
            guard lstat(current, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return [] }
            folders.append(Folder(owner: status.st_uid, mode: status.st_mode))
            guard current != "/", let slash = current.lastIndex(of: "/") else { return folders }
            current = slash == current.startIndex ? "/" : String(current[..<slash])
        }
    }
}
