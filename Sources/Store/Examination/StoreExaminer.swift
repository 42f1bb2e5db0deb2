import CLinux
import Glibc

/// Has a stopped store's data file examined by a child process before this one opens it: what LMDB cannot survive ends the child.
///
/// The program that opens the store serves as the child as well: it calls ``StoreExaminer/serve(_:)`` first thing in `main`, before it
/// starts a thread.
public struct StoreExaminer: Sendable {
    private let executable: String
    private let patience: Int

    /// The first argument of the child; nothing that a person would type.
    private static let role = "--coffer-examine-store"
    private static let exitDamaged: Int32 = 65
    private static let exitOther: Int32 = 70

    /// - Parameters:
    ///   - executable: `nil`: this process's own.
    ///   - patience: milliseconds without a sign of life after which the child is given up. With the start of a daemon around it the
    ///     whole stays below 10 s.
    public init(executable: String? = nil, patience: Int = 8_000) {
        self.executable = executable ?? Self.ownExecutable
        self.patience = patience
    }

    /// By its name: under a tracer that runs programs in itself, the link leads to the tracer.
    private static var ownExecutable: String {
        var path = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = readlink("/proc/self/exe", &path, path.count - 1)
        guard count > 0 else { return "/proc/self/exe" }
        let text = String(decoding: path.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // One that was replaced while it ran has no name any more.
        return access(text, X_OK) == 0 ? text : "/proc/self/exe"
    }

    // MARK: The child

    /// Does the child's work and ends the process, where it was started for that; returns at once otherwise.
    public static func serve(_ arguments: [String]) {
        guard arguments.count == 3, arguments[1] == role else { return }
        // It has nobody to work for without its parent.
        coffer_end_with_parent()
        func say(_ text: String) { _ = Array(text.utf8).withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) } }
        do throws(StoreError) {
            say(".")
            let examined = try StoreExamination(folder: arguments[2]) { say(".") }
            say("good: \(examined.pages) pages, \(examined.records) records\n")
            exit(0)
        } catch {
            say(error.message + "\n")
            exit([.damaged, .unknownFormat].contains(error.code) ? exitDamaged : exitOther)
        }
    }

    // MARK: The parent

    /// Blocks until the child has ended, or has been silent for too long. The folder's lock must be held: nobody may write meanwhile.
    /// - Parameter folder: of the generation.
    /// - Throws: `damaged`, with what to do; `system` where no child can be started.
    func examine(_ folder: String) throws(StoreError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw StoreError.fromErrno("cannot make a pipe for the examination of the store") }
        defer { close(ends[0]) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let started = Result { () throws(StoreError) in try spawn(folder, output: ends[1]) }
        // Only the child keeps it: its end is the child's.
        close(ends[1])
        let child = try started.get()
        var said: [UInt8] = []
        let silent = !Self.listen(ends[0], patience: patience, &said)
        if silent { kill(child, SIGKILL) }
        let status = Self.reap(child)
        if silent { throw Self.damaged("its examination came to a standstill") }
        guard let status else { throw Self.damaged("its examination does not end") }
        let signal = status & 0x7F
        guard signal == 0 else { throw Self.damaged("its examination ended with signal \(signal)") }
        let text = String(decoding: said.filter { $0 != UInt8(ascii: "\n") }.drop { $0 == UInt8(ascii: ".") }, as: UTF8.self)
        switch (status >> 8) & 0xFF {
        case 0: return
        case Self.exitDamaged: throw Self.damaged(text)
        default: throw StoreError(.system, text.isEmpty ? "the store could not be examined" : text)
        }
    }

    private static func damaged(_ what: String) -> StoreError {
        StoreError(.damaged, "the store's file is damaged: \(what); nothing was changed. Keep the file, and restore the store from a backup")
    }

    private func spawn(_ folder: String, output: Int32) throws(StoreError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        // What a dying runtime writes is of use to nobody: the parent says what happened.
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        var arguments: [UnsafeMutablePointer<CChar>?] = [executable, Self.role, folder].map { (text: String) in strdup(text) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var child: pid_t = 0
        let code = posix_spawn(&child, executable, &actions, nil, &arguments, environ)
        guard code == 0 else {
            throw StoreError(.system, "the store could not be examined: \(executable) could not be started: \(String(cString: strerror(code)))")
        }
        return child
    }

    /// Reads until the other end closes.
    /// - Returns: false where nothing came for too long.
    private static func listen(_ descriptor: Int32, patience: Int, _ said: inout [UInt8]) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 4_096)
        var deadline = Clock.monotonic + patience
        while true {
            var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = Glibc.poll(&poll, 1, Int32(clamping: max(deadline - Clock.monotonic, 0)))
            if ready < 0 && errno == EINTR { continue }
            guard ready > 0 else { return false }
            let count = read(descriptor, &bytes, bytes.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return true }
            deadline = Clock.monotonic + patience
            // Signs of life are not kept.
            if said.count < 8_192 { said += bytes[..<count].drop { $0 == UInt8(ascii: ".") } }
        }
    }

    /// - Returns: its status; `nil`: it does not end (a process that waits for a disk cannot be killed).
    private static func reap(_ child: pid_t) -> Int32? {
        var status: Int32 = 0
        for _ in 0..<1_000 {
            let code = waitpid(child, &status, WNOHANG)
            if code == child { return status }
            if code < 0 && errno != EINTR { return nil }
            usleep(1_000)
        }
        kill(child, SIGKILL)
        return nil
    }
}
