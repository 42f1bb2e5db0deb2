import CLinux
import Glibc
import Synchronization

/// What must be put right before a signal ends the process: the terminal's echo, and files that are not whole.
///
/// One thread waits for the signals, which all others have blocked, so that the work is done outside of a handler.
enum Interrupts {
    private struct State {
        var terminal: (descriptor: Int32, settings: termios)?
        var unfinished: [String] = []
        var interruptIsAnEnd = false
    }

    private static let state = Mutex(State())
    private static let signals = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]

    /// Call first of all, while there is one thread.
    static func prepare() {
        signal(SIGPIPE, SIG_IGN)
        // A crash must not leave secrets in a core file.
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        var set = sigset_t()
        sigemptyset(&set)
        // What the caller has ignored (nohup) stays so.
        for number in signals where !isIgnored(number) { sigaddset(&set, number) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
        _ = coffer_client_thread({ _ in Interrupts.wait() }, nil, "signals")
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

    private static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(number, nil, &action) == 0, let handler = action.__sigaction_handler.sa_handler else { return false }
        return unsafeBitCast(handler, to: Int.self) == 1
    }

    private static func wait() {
        var set = sigset_t()
        sigemptyset(&set)
        for number in signals where !isIgnored(number) { sigaddset(&set, number) }
        var number: Int32 = 0
        guard sigwait(&set, &number) == 0 else { return }
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
