import Glibc

enum FileSize {
    /// Bytes of the file of this name; `nil`: there is none.
    static func of(_ path: String) -> Int? {
        var status = stat()
        return lstat(path, &status) == 0 ? Int(status.st_size) : nil
    }
}
