import Glibc

/// `audit` in the store's folder, where the log lies elsewhere: a link by which commands on the stopped store find it.
struct AuditFolderLink {
    let store: String
    /// As it is configured; empty: the log lies in the store's folder.
    let folder: String

    private var path: String { store + "/audit" }

    /// Makes it, or has it follow the configuration. A log that lies there itself stays; so does a link that cannot be changed: whoever
    /// finds no log, or another one than the store knows, does not write.
    func update() {
        guard !folder.isEmpty, folder != path else { return }
        let fresh = path + ".new"
        unlink(fresh)
        var status = stat()
        if lstat(path, &status) == 0 {
            // An empty folder holds no log.
            guard status.st_mode & S_IFMT == S_IFLNK || rmdir(path) == 0 else { return }
        }
        guard symlink(folder, fresh) == 0 else { return }
        if rename(fresh, path) != 0 { unlink(fresh) }
    }
}
