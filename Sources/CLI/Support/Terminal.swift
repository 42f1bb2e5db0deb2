import CofferClient
import Glibc

/// The terminal that the person sits at, whatever standard input is.
enum Terminal {
    /// Longest line that is taken.
    static let lineLimit = 4_096

    /// Asks for a line without showing it. The line end is not part of it.
    /// - Throws: where there is no terminal.
    static func secret(_ prompt: String) throws -> SecretBytes {
        let descriptor = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw CommandFailure.failed("there is no terminal to ask at; give the secret with an option such as --passphrase-fd")
        }
        defer { close(descriptor) }
        var before = termios()
        guard tcgetattr(descriptor, &before) == 0 else {
            throw CommandFailure.failed("cannot turn the terminal's echo off: \(SystemError.text())")
        }
        // A stopped process would leave the terminal without echo.
        let stop = signal(SIGTSTP, SIG_IGN)
        defer { signal(SIGTSTP, stop) }
        Interrupts.terminalChanges(descriptor, from: before)
        var quiet = before
        quiet.c_lflag &= ~tcflag_t(ECHO | ECHONL)
        guard tcsetattr(descriptor, TCSAFLUSH, &quiet) == 0 else {
            Interrupts.terminalIsBack()
            throw CommandFailure.failed("cannot turn the terminal's echo off: \(SystemError.text())")
        }
        defer {
            tcsetattr(descriptor, TCSANOW, &before)
            Interrupts.terminalIsBack()
        }
        try show(prompt + ": ", descriptor)
        let line = try line(descriptor)
        try show("\n", descriptor)
        return line
    }

    /// Asks twice.
    static func newSecret(_ prompt: String) throws -> SecretBytes {
        let first = try secret(prompt)
        guard try first.isEqual(secret("\(prompt) (again)")) else { throw CommandFailure.badInput("the two inputs differ; nothing was changed") }
        return first
    }

    /// Asks a yes-or-no question; no terminal means no.
    static func confirms(_ question: String) throws -> Bool {
        let descriptor = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        try show("\(question) Type yes: ", descriptor)
        return try line(descriptor).isEqual(SecretBytes(utf8: "yes"))
    }

    private static func show(_ text: String, _ descriptor: Int32) throws {
        try Array(text.utf8).withUnsafeBytes { try Output.write($0, to: descriptor, "the terminal") }
    }

    private static func line(_ descriptor: Int32) throws -> SecretBytes {
        try SecretBytes(unsafeUninitializedCapacity: lineLimit) { buffer in
            var count = 0
            while count < buffer.count {
                let got = read(descriptor, buffer.baseAddress?.advanced(by: count), buffer.count - count)
                if got < 0, errno == EINTR { continue }
                guard got > 0 else { throw CommandFailure.failed("the input ended before its line did") }
                count += got
                if buffer[count - 1] == UInt8(ascii: "\n") { return count - 1 }
            }
            throw CommandFailure.badInput("the line is longer than the terminal takes; give the secret on standard input or in a file")
        }
    }
}
