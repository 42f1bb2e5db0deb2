import CofferClient
import Glibc

/// Reads secrets from where they may come: a descriptor or a file, never the command line.
enum SecretInput {
    /// A value as `put` and its like take it: from `file` (`-`: standard input), from standard input, or, where that is a
    /// terminal, from a prompt that asks twice.
    static func value(file: String?, prompt: String) throws -> SecretBytes {
        if let file, file != "-" { return try whole(file: file, limit: Limits.value, "the value") }
        if file == nil, isatty(STDIN_FILENO) == 1 { return try Terminal.newSecret(prompt) }
        return try whole(STDIN_FILENO, limit: Limits.value, "the value", "standard input")
    }

    /// One line: from standard input, or, where that is a terminal, from a prompt. A line end behind it is not part of it.
    /// - Parameters:
    ///   - what: for messages, such as `the password`.
    ///   - twice: asks a second time at a prompt: for what nobody could look up later.
    ///   - limit: most bytes.
    static func line(_ what: String, prompt: String, twice: Bool, limit: Int) throws -> SecretBytes {
        let line: SecretBytes
        if isatty(STDIN_FILENO) == 1 {
            line = twice ? try Terminal.newSecret(prompt) : try Terminal.secret(prompt)
        } else {
            line = try withoutLineEnd(whole(STDIN_FILENO, limit: limit + 2, what, "standard input"))
        }
        guard !line.isEmpty else { throw CommandFailure.badInput("\(what) is empty") }
        guard line.count <= limit else { throw CommandFailure.badInput("\(what) has more than \(limit) bytes") }
        guard line.withUnsafeBytes({ !$0.contains(UInt8(ascii: "\n")) }) else {
            throw CommandFailure.badInput("\(what) must be one line")
        }
        return line
    }

    /// A passphrase from a descriptor: to its end, without one line end.
    static func passphrase(descriptor: Int32) throws -> SecretBytes {
        guard fcntl(descriptor, F_GETFD) >= 0 else {
            throw CommandFailure.usage("descriptor \(descriptor) is not open")
        }
        return try passphrase(
            withoutLineEnd(whole(descriptor, limit: Limits.slotSecret + 2, "the passphrase", "descriptor \(descriptor)")))
    }

    /// Refuses what no slot can have.
    static func passphrase(_ secret: SecretBytes) throws -> SecretBytes {
        guard (1...Limits.slotSecret).contains(secret.count) else {
            throw CommandFailure.badInput(
                secret.isEmpty ? "the passphrase is empty" : "the passphrase has more than \(Limits.slotSecret) bytes")
        }
        return secret
    }

    /// Without one LF or CR LF at the end.
    static func withoutLineEnd(_ secret: SecretBytes) -> SecretBytes {
        secret.withUnsafeBytes { bytes in
            guard bytes.last == UInt8(ascii: "\n") else { return secret }
            var end = bytes.count - 1
            if end > 0, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
            return SecretBytes(copying: UnsafeRawBufferPointer(rebasing: bytes[..<end]))
        }
    }

    static func whole(file: String, limit: Int, _ what: String) throws -> SecretBytes {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else { throw CommandFailure.badInput("cannot read '\(Printable.text(file))': \(SystemError.text())") }
        defer { close(descriptor) }
        return try whole(descriptor, limit: limit, what, "'\(Printable.text(file))'")
    }

    /// Everything up to the end of `descriptor`, in memory that is wiped.
    static func whole(_ descriptor: Int32, limit: Int, _ what: String, _ source: String) throws -> SecretBytes {
        try SecretBytes(unsafeUninitializedCapacity: limit + 1) { buffer in
            var count = 0
            while count < buffer.count {
                let got = read(descriptor, buffer.baseAddress?.advanced(by: count), buffer.count - count)
                if got == 0 { break }
                if got > 0 {
                    count += got
                } else if errno == EAGAIN {
                    var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                    poll(&waiting, 1, -1)
                } else if errno != EINTR {
                    throw CommandFailure.badInput("cannot read \(source): \(SystemError.text())")
                }
            }
            guard count <= limit else { throw CommandFailure.badInput("\(what) has more than \(limit) bytes") }
            return count
        }
    }

    /// A whole file of any size for import and policies; `-` is standard input. The caller wipes it.
    static func bytes(file: String, limit: Int) throws -> [UInt8] {
        let isStandardInput = file == "-"
        let name = isStandardInput ? "standard input" : "'\(Printable.text(file))'"
        let descriptor = isStandardInput ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else { throw CommandFailure.badInput("cannot read \(name): \(SystemError.text())") }
        defer { if !isStandardInput { close(descriptor) } }
        var status = stat()
        var bytes: [UInt8] = []
        // Where the size is known the array does not move, and leaves no copies behind.
        if fstat(descriptor, &status) == 0, status.st_size > 0 { bytes.reserveCapacity(min(Int(status.st_size), limit) + 65_536) }
        var chunk = [UInt8](repeating: 0, count: 65_536)
        defer { Output.wipe(&chunk) }
        while true {
            let got = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if got == 0 { return bytes }
            if got > 0 {
                bytes += chunk[..<got]
                guard bytes.count <= limit else { throw CommandFailure.badInput("\(name) has more than \(limit) bytes") }
            } else if errno == EAGAIN {
                var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                poll(&waiting, 1, -1)
            } else if errno != EINTR {
                throw CommandFailure.badInput("cannot read \(name): \(SystemError.text())")
            }
        }
    }
}
