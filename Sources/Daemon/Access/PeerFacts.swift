import Glibc

/// What the kernel says about a process: a protocol so that tests can make processes up.
public protocol PeerFacts: Sendable {
    /// Clock ticks after boot; with the pid it names a process once and for all.
    func startTime(of pid: Int32) -> UInt64?
    /// The path in the cgroup v2 tree, from `/`.
    func cgroup(of pid: Int32) -> String?
    func executable(of pid: Int32) -> Principal.Executable?
}

/// `/proc`, or a folder that looks like it. Reads neither arguments nor environment, which the process writes itself.
public struct ProcFacts: PeerFacts {
    /// Far above what `stat` and `cgroup` hold; a longer one is not read at all.
    private static let maximumFile = 65_536

    let root: String

    public init(root: String = "/proc") { self.root = root }

    /// Field 22 of `stat`. The command, field 2, may hold blanks and parentheses: fields are counted after the last ')'.
    public func startTime(of pid: Int32) -> UInt64? {
        guard let text = read("\(root)/\(pid)/stat"), let end = text.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = text[(end + 1)...].split(whereSeparator: { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") })
        // The first of them is field 3.
        guard fields.count > 19 else { return nil }
        return UInt64(String(decoding: fields[19], as: UTF8.self))
    }

    public func cgroup(of pid: Int32) -> String? {
        guard let text = read("\(root)/\(pid)/cgroup") else { return nil }
        // The kernel allows no line feed in a cgroup's name, so a line is an entry.
        for line in text.split(separator: UInt8(ascii: "\n")) where line.starts(with: "0::/".utf8) {
            return String(validating: line.dropFirst(3), as: UTF8.self)
        }
        return nil
    }

    /// Needs the right to trace the process where it belongs to another uid (decisions 25).
    public func executable(of pid: Int32) -> Principal.Executable? {
        let path = "\(root)/\(pid)/exe"
        guard var found = SystemFiles().executable(at: path) else { return nil }
        found.path = SystemFiles.link(path) ?? "?"
        return found
    }

    private func read(_ path: String) -> [UInt8]? {
        let fd = open(path, O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else { return nil }
        defer { close(fd) }
        var result: [UInt8] = []
        let chunk = 4096
        while result.count <= Self.maximumFile {
            let start = result.count
            result.append(contentsOf: repeatElement(0, count: chunk))
            let count = result.withUnsafeMutableBytes { Glibc.read(fd, $0.baseAddress.map { $0 + start }, chunk) }
            if count < 0 && errno == EINTR {
                result.removeLast(chunk)
                continue
            }
            guard count >= 0 else { return nil }
            result.removeLast(chunk - count)
            if count == 0 { return result }
        }
        return nil
    }
}

/// A process's place in systemd's tree.
struct UnitPath: Hashable, Sendable {
    var system: String?
    var user: String?

    /// - Parameter cgroup: the whole path, from `/`.
    init(cgroup: String?) {
        guard let cgroup else { return }
        system = Self.below("/system.slice/", cgroup)
        user = Self.below("/user.slice/", cgroup)
    }

    /// On bytes: Swift compares strings by canonical equivalence, the kernel does not.
    private static func below(_ prefix: StaticString, _ path: String) -> String? {
        let start = prefix.withUTF8Buffer { Array($0) }
        guard path.utf8.starts(with: start), path.utf8.count > start.count else { return nil }
        return String(path.utf8.dropFirst(start.count))
    }
}
