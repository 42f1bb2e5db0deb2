import CLinux
import Glibc

/// Standard output and standard error, unbuffered, so that what was written is out when the command fails or waits.
enum Output {
    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
    static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// Writes bytes to standard output.
    /// - Throws: ``QuietExit`` where the reader has gone.
    static func write(_ bytes: UnsafeRawBufferPointer) throws { try write(bytes, to: STDOUT_FILENO, "standard output") }

    static func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try write($0) } }

    static func line(_ text: String) throws { try write(Array((text + "\n").utf8)) }

    /// A line of JSON, wiped behind itself.
    static func line(_ json: JSON) throws {
        var bytes: [UInt8] = []
        defer { wipe(&bytes) }
        json.append(to: &bytes)
        bytes.append(UInt8(ascii: "\n"))
        try write(bytes)
    }

    /// A remark for people on standard error. That it cannot be written stops nothing.
    static func remark(_ text: String) {
        try? Array((text + "\n").utf8).withUnsafeBytes { try write($0, to: STDERR_FILENO, "standard error") }
    }

    static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, _ name: String) throws {
        var rest = bytes
        while rest.count > 0 {
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if count >= 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            } else if errno == EPIPE {
                throw QuietExit(status: .failure)
            } else if errno == EAGAIN {
                var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&waiting, 1, -1)
            } else if errno != EINTR {
                throw CommandFailure.cannotCreate("cannot write to \(name): \(SystemError.text())")
            }
        }
    }

    /// Overwrites bytes that held a secret.
    static func wipe(_ bytes: inout [UInt8]) {
        bytes.withUnsafeMutableBytes { coffer_client_wipe($0.baseAddress, $0.count) }
    }
}

/// Text from outside as a terminal may see it.
enum Printable {
    /// One line without characters that control a terminal, hide or reorder.
    static func text(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x09, 0x0A, 0x0D: result.append(" ")
            case 0..<0x20, 0x7F...0x9F, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF: result.append("\u{FFFD}")
            default: result.append(scalar)
            }
        }
        return String(result)
    }

    static func name(_ bytes: [UInt8]) -> String { text(String(decoding: bytes, as: UTF8.self)) }
}

/// Columns for people.
struct Table {
    private var rows: [[String]]

    init(_ header: [String]) { rows = [header] }

    mutating func add(_ cells: [String]) { rows.append(cells.map { Printable.text($0) }) }

    func print() throws {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
        var text = ""
        for row in rows where !row.isEmpty {
            for (column, cell) in row.enumerated() {
                text += cell
                if column < row.count - 1 { text += String(repeating: " ", count: widths[column] - cell.count + 2) }
            }
            text += "\n"
        }
        try Output.write(Array(text.utf8))
    }
}
