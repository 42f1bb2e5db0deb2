import CLinux
import Glibc

/// Tells a process that its file has changed. Which process, a file says that only root or the daemon's own user can write.
struct SignalAction: Sendable {
    private let signal: SinkAction.Signal
    private let pidFile: String

    init(_ signal: SinkAction.Signal, pidFile: String) {
        self.signal = signal
        self.pidFile = pidFile
    }

    /// - Throws: `failed` with `pid_file`: why nobody was told.
    func perform() throws(CredentialError) {
        let (pid, isRoots) = try read()
        guard pid != getpid() else { throw failure("it names the daemon itself") }
        let process = coffer_pidfd_open(pid)
        guard process >= 0 else { throw failure("there is no process \(pid)") }
        defer { close(process) }
        // Read while the descriptor pins the process: a number that was given anew meanwhile fails at the signal.
        guard isRoots || Self.owner(of: pid) == geteuid() else {
            throw failure("process \(pid) is another user's, and the file is not root's")
        }
        let number: Int32 = switch signal {
        case .hangup: SIGHUP
        case .user1: SIGUSR1
        case .user2: SIGUSR2
        }
        let result = coffer_pidfd_signal(process, number)
        guard result == 0 else { throw failure("process \(pid) cannot be told: \(String(cString: strerror(-result)))") }
    }

    private func read() throws(CredentialError) -> (pid: Int32, isRoots: Bool) {
        let descriptor = open(pidFile, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure("it cannot be opened: \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { throw failure("it is no regular file") }
        guard status.st_uid == 0 || status.st_uid == geteuid(), status.st_mode & 0o022 == 0 else {
            throw failure("others can write it: it must belong to root or the daemon's user, and be writable by nobody else")
        }
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        let text = String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
        let digits = text.drop { $0.isWhitespace }.prefix { $0.isNumber }
        let rest = text.drop { $0.isWhitespace }.dropFirst(digits.count)
        guard count < bytes.count, rest.allSatisfy(\.isWhitespace), let pid = Int32(digits), pid > 1 else {
            throw failure("it holds no process number")
        }
        return (pid, status.st_uid == 0)
    }

    /// The effective user of a process; `nil`: it is gone.
    private static func owner(of pid: Int32) -> uid_t? {
        // The folder's owner would be root for a process that hides itself.
        let descriptor = open("/proc/\(pid)/status", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count > 0 else { return nil }
        let lines = String(decoding: bytes.prefix(count), as: UTF8.self).split(separator: "\n")
        guard let line = lines.first(where: { $0.hasPrefix("Uid:") }) else { return nil }
        let fields = line.split(whereSeparator: \.isWhitespace)
        return fields.count > 2 ? uid_t(fields[2]) : nil
    }

    private func failure(_ message: String) -> CredentialError { CredentialError(.failed, "pid_file", "\(pidFile): \(message)") }
}
