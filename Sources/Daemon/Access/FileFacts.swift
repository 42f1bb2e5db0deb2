import Glibc

/// What access asks the file system; a protocol so that tests need no root-owned trees.
public protocol FileFacts: Sendable {
    /// The file that this path leads to, or nil when there is none that we may see.
    func executable(at path: String) -> Principal.Executable?
    /// Why this path does not identify a program, or nil when only root can change what it leads to.
    func distrust(ofPath path: String) -> String?
}

public struct SystemFiles: FileFacts {
    /// As many as the kernel follows.
    private static let maximumLinks = 40

    public init() {}

    public func executable(at path: String) -> Principal.Executable? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Principal.Executable(device: UInt64(status.st_dev), inode: UInt64(status.st_ino), path: path)
    }

    /// Walks every component from the root, links included, since whoever can write one folder on the way, or the folder
    /// that a link lies in, can put another program at its end. A sticky folder counts as writable; ACLs show in the
    /// group bits.
    public func distrust(ofPath path: String) -> String? {
        guard path.utf8.first == UInt8(ascii: "/") else { return "'\(path)' is not absolute" }
        if let reason = Self.distrust(ofOne: "/", mayBeLink: false).reason { return reason }
        var pending = Self.components(path)
        var walked: [String] = []
        var links = 0
        while !pending.isEmpty {
            let component = pending.removeFirst()
            if component == ".." {
                _ = walked.popLast()
                continue
            }
            let current = "/" + (walked + [component]).joined(separator: "/")
            let (reason, target) = Self.distrust(ofOne: current, mayBeLink: true)
            if let reason { return reason }
            guard let target else {
                walked.append(component)
                continue
            }
            links += 1
            if links > Self.maximumLinks { return "'\(path)' has too many symbolic links" }
            if target.utf8.first == UInt8(ascii: "/") { walked = [] }
            pending = Self.components(target) + pending
        }
        return nil
    }

    private static func components(_ path: String) -> [String] {
        path.split(separator: "/").map(String.init).filter { $0 != "." }
    }

    /// The target when it is a link.
    private static func distrust(ofOne path: String, mayBeLink: Bool) -> (reason: String?, target: String?) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return ("'\(path)' cannot be read (error \(errno))", nil) }
        if status.st_uid != 0 { return ("'\(path)' belongs to uid \(status.st_uid), not to root", nil) }
        if status.st_mode & S_IFMT == S_IFLNK, mayBeLink {
            guard let target = link(path) else { return ("the link '\(path)' cannot be read", nil) }
            return (nil, target)
        }
        if status.st_mode & (S_IWGRP | S_IWOTH) != 0 { return ("others than root can write '\(path)'", nil) }
        return (nil, nil)
    }

    /// The text of a symbolic link; nil when there is none, or it is not UTF-8 or too long.
    static func link(_ path: String) -> String? {
        let capacity = 4096
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: capacity) { buffer in
            guard let start = buffer.baseAddress else { return nil }
            let length = readlink(path, start, capacity)
            guard length > 0, length < capacity else { return nil }
            return String(validating: buffer[..<length].lazy.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }
}
