import Glibc

enum Path {
    /// The folder that holds `path`; `.` for a bare name.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// What stands behind the last slash.
    static func last(of path: String) -> Substring {
        path.lastIndex(of: "/").map { path[path.index(after: $0)...] } ?? path[...]
    }

    /// Writes the folder's entries to the disk.
    /// - Throws: where that fails: what was renamed in it may be gone after a crash.
    static func synchroniseFolder(of path: String) throws {
        let descriptor = open(folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        // A folder that may be written and not read: all of the disks instead.
        if descriptor < 0, errno == EACCES { return sync() }
        guard descriptor >= 0, fsync(descriptor) == 0 else {
            let reason = SystemError.text()
            if descriptor >= 0 { close(descriptor) }
            throw CommandFailure.cannotCreate("the entry of '\(Printable.text(path))' cannot be written to the disk: \(reason)")
        }
        close(descriptor)
    }

    /// Makes a folder and those above it that are missing, mode 0700.
    static func makeFolders(_ path: String) throws {
        var status = stat()
        if stat(path, &status) == 0 { return }
        let parent = folder(of: path)
        if parent != path { try makeFolders(parent) }
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw CommandFailure.cannotCreate("cannot create the folder '\(Printable.text(path))': \(SystemError.text())")
        }
    }

    /// `path` without links and dots, as far as it is there; what is not there yet is appended as it is.
    static func resolved(_ path: String) -> String {
        var head = path.hasPrefix("/") ? path : "./" + path
        while head.count > 1, head.hasSuffix("/") { head.removeLast() }
        var tail: [Substring] = []
        while true {
            if let found = realpath(head, nil) {
                defer { free(found) }
                let base = String(cString: found)
                return tail.isEmpty ? base : ([base == "/" ? "" : base] + tail.map(String.init)).joined(separator: "/")
            }
            guard head != "/", head != "." else { return path }
            tail.insert(last(of: head), at: 0)
            head = folder(of: head)
        }
    }

    /// The same for a file that must not be there: a link in its own place is left for `open` to refuse.
    static func resolved(folderOf path: String) -> String {
        let folder = resolved(folder(of: path))
        return (folder == "/" ? "" : folder) + "/" + last(of: path)
    }

    /// Whether `path` is `folder` or lies below it.
    static func isInside(_ path: String, folder: String) -> Bool {
        let path = resolved(path)
        let folder = resolved(folder)
        return path == folder || path.hasPrefix(folder == "/" ? "/" : folder + "/")
    }

    /// Where data and configuration of this user lie.
    static func defaultStore() throws -> String {
        geteuid() == 0 ? "/var/lib/coffer" : try userFolder("XDG_DATA_HOME", ".local/share") + "/coffer"
    }

    static func defaultKeyFile() throws -> String {
        geteuid() == 0 ? "/etc/coffer/store.key" : try userFolder("XDG_CONFIG_HOME", ".config") + "/coffer/store.key"
    }

    private static func userFolder(_ variable: String, _ fallback: String) throws -> String {
        if let folder = Environment.variable(variable), folder.hasPrefix("/") { return folder }
        guard let home = Environment.variable("HOME") else {
            throw CommandFailure.usage("neither \(variable) nor HOME is set: name the paths")
        }
        return home + "/" + fallback
    }
}
