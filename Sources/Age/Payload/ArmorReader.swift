/// Takes ASCII armor off, in whatever pieces it comes: lines of 64 columns of canonical base 64 between two marks. Line ends may be
/// LF or CR LF; there may be blank lines before and blanks behind, 1,024 bytes of each at most, and nothing else.
struct ArmorReader {
    private enum State { case before, body, closing, behind }

    private static let beginMark = Array("-----BEGIN AGE ENCRYPTED FILE-----".utf8)
    private static let endMark = Array("-----END AGE ENCRYPTED FILE-----".utf8)
    private static let columns = 64
    private static let blankLimit = 1_024

    private var state = State.before
    private var line: [UInt8] = []
    private var lineNumber = 1
    private var blanks = 0

    /// - Parameter output: what was in the armor is appended.
    mutating func take(_ input: UnsafeRawBufferPointer, into output: WipedBuffer) throws(AgeError) {
        var rest = input
        while rest.count > 0 {
            if state == .behind {
                guard rest.allSatisfy(\.isBlank) else { throw malformed("there is something behind the armor") }
                return try count(rest.count)
            }
            let end = rest.firstIndex(of: UInt8(ascii: "\n"))
            let part = rest.prefixed(end ?? rest.count)
            // Two more than a line has: a CR, and one that is too much. Before the armor, blanks may be many.
            let limit = state == .before ? Self.blankLimit : Self.columns + 2
            guard line.count + part.count <= limit else { throw malformed("it is too long") }
            line += part
            rest = rest.dropping(part.count)
            guard end != nil else { return }
            rest = rest.dropping(1)
            try finishLine(output)
        }
    }

    /// The file has ended; its last line needs no line end.
    mutating func finish(into output: WipedBuffer) throws(AgeError) {
        if state != .behind, !line.isEmpty { try finishLine(output) }
        guard state == .behind else { throw AgeError(.truncated, "the file ends within its armor") }
    }

    private mutating func finishLine(_ output: WipedBuffer) throws(AgeError) {
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        switch state {
        case .before:
            if line.allSatisfy(\.isBlank) {
                try count(line.count + 1)
            } else {
                guard line == Self.beginMark else { throw malformed("it is not '\(String(decoding: Self.beginMark, as: UTF8.self))'") }
                state = .body
                blanks = 0
            }
        case .body where line == Self.endMark, .closing where line == Self.endMark: state = .behind
        case .closing: throw malformed("only the armor's end may follow a short line")
        case .body:
            guard !line.isEmpty else { throw malformed("it is empty") }
            guard line.count <= Self.columns else { throw malformed("it has more than \(Self.columns) columns") }
            let bytes = line.withUnsafeBytes { Base64.bytes($0, padded: true) }
            guard let bytes else { throw malformed("it is not canonical base 64") }
            bytes.withUnsafeBytes { _ = output.append($0) }
            // Padding in a line that is full ends the file as well.
            if bytes.count < Self.columns / 4 * 3 { state = .closing }
        case .behind: break
        }
        line.removeAll(keepingCapacity: true)
        lineNumber += 1
    }

    private mutating func count(_ more: Int) throws(AgeError) {
        blanks += more
        guard blanks <= Self.blankLimit else { throw malformed("there are more than \(Self.blankLimit) bytes of blanks around the armor") }
    }

    private func malformed(_ reason: String) -> AgeError {
        AgeError(.badArmor, "the armor is malformed in line \(lineNumber): \(reason)")
    }
}

extension UInt8 {
    var isBlank: Bool { self == 0x20 || (0x09...0x0D).contains(self) }
}
