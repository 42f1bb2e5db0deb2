import Glibc

/// The folder of a log: one file for each segment, named by its number.
struct AuditFolder: Sendable {
    let path: String

    private static let ending = ".log"
    private static let digits = 12

    func path(of number: UInt64) -> String {
        let text = String(number)
        return path + "/" + String(repeating: "0", count: max(Self.digits - text.count, 0)) + text + Self.ending
    }

    /// Makes it where it is absent, and looks whose it is.
    func prepare() throws(LogTrouble) {
        if mkdir(path, 0o700) == 0 {
            // The name must be as durable as what will lie in it; where it is not, the next try makes it again.
            do throws(LogTrouble) { try Self.sync(Self.above(path)) } catch {
                rmdir(path)
                throw error
            }
        } else if errno != EEXIST {
            throw .system("cannot make the folder \(path)")
        }
        var status = stat()
        guard stat(path, &status) == 0 else { throw .system("cannot look at the folder \(path)") }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw LogTrouble(kind: .unavailable, message: "\(path) is not a folder") }
        guard status.st_uid == geteuid(), status.st_mode & (S_IWGRP | S_IWOTH) == 0 else {
            throw LogTrouble(kind: .unavailable, message: "the folder \(path) belongs to uid \(status.st_uid), or others may write it")
        }
    }

    /// The numbers of all segments, ascending; none where there is no folder.
    func segments() throws(LogTrouble) -> [UInt64] {
        guard let folder = opendir(path) else {
            if errno == ENOENT { return [] }
            throw .system("cannot read the folder \(path)")
        }
        defer { closedir(folder) }
        var numbers: [UInt64] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name.hasSuffix(Self.ending), name.utf8.count >= Self.digits + Self.ending.utf8.count,
                let number = UInt64(name.dropLast(Self.ending.count)), number > 0
            else { continue }
            numbers.append(number)
        }
        return numbers.sorted()
    }

    func remove(_ number: UInt64) { unlink(path(of: number)) }

    func sync() throws(LogTrouble) { try Self.sync(path) }

    private static func above(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return path.hasPrefix("/") ? "/" : "." }
        return String(path[..<slash])
    }

    private static func sync(_ path: String) throws(LogTrouble) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("cannot open the folder \(path)") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .system("cannot sync the folder \(path)") }
    }
}
