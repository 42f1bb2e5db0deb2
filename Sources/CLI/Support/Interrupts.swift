import CLinux
import Glibc
import Synchronization

/// The pipe by which the handler reaches the thread. Written once, before the handler is set.
private nonisolated(unsafe) var signalInput: Int32 = -1
private nonisolated(unsafe) var signalOutput: Int32 = -1

/// What must be put right before a signal ends the process: the terminal's echo, and files that are not whole.
///
/// The handler only writes the signal's number to a pipe; a thread of its own does the work. (Blocking the signals would not do:
/// Dispatch unblocks them all in the main thread.)
enum Interrupts {
    private struct State {
        var terminal: (descriptor: Int32, settings: termios)?
        var unfinished: [String] = []
        var interruptIsAnEnd = false
    }

    private static let state = Mutex(State())

    /// Call first of all, while there is one thread.
    static func prepare() {
        signal(SIGPIPE, SIG_IGN)
        // A crash must not leave secrets in a core file.
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        signalInput = ends[0]
        signalOutput = ends[1]
        guard coffer_client_thread({ _ in Interrupts.wait() }, nil, "signals") == 0 else { return }
        for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] {
            let before = signal(number) { number in
                let error = errno
                var byte = UInt8(truncatingIfNeeded: number)
                _ = Glibc.write(signalOutput, &byte, 1)
                errno = error
            }
            // What the caller has ignored (nohup) stays so.
            if unsafeBitCast(before, to: Int.self) == 1 { signal(number, SIG_IGN) }
        }
    }

    /// The terminal's settings, until ``terminalIsBack()``.
    static func terminalChanges(_ descriptor: Int32, from settings: termios) {
        state.withLock { $0.terminal = (descriptor, settings) }
    }

    static func terminalIsBack() {
        state.withLock { $0.terminal = nil }
    }

    /// A file that is removed where the process is ended before ``finished(_:)``.
    static func began(_ path: String) {
        state.withLock { $0.unfinished.append(path) }
    }

    static func finished(_ path: String) {
        state.withLock { $0.unfinished.removeAll { $0 == path } }
    }

    /// For verbs that go on until somebody ends them: Ctrl-C is a success then.
    static func interruptIsAnEnd() {
        state.withLock { $0.interruptIsAnEnd = true }
    }

    private static func wait() {
        var byte: UInt8 = 0
        while Glibc.read(signalInput, &byte, 1) != 1 { guard errno == EINTR else { return } }
        let number = Int32(byte)
        // The lock is kept: nothing else may begin.
        state.withLock { state in
            if var terminal = state.terminal {
                tcsetattr(terminal.descriptor, TCSANOW, &terminal.settings)
                _ = Glibc.write(terminal.descriptor, "\n", 1)
            }
            for path in state.unfinished { unlink(path) }
            if number == SIGINT, state.interruptIsAnEnd { _exit(ExitStatus.success.rawValue) }
            signal(number, SIG_DFL)
            var only = sigset_t()
            sigemptyset(&only)
            sigaddset(&only, number)
            pthread_sigmask(SIG_UNBLOCK, &only, nil)
            kill(getpid(), number)
            _exit(128 + number)
        }
    }
}
