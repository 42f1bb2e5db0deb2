/// The text of a policy file before YAML sees it: limits, hidden characters, what could cost time, and the cut into
/// documents.
enum PolicyText {
    /// In bytes.
    static let maximumLength = 262_144

    /// One document: its text without a bare `---` line, and how many lines of the file lie before it.
    struct Document {
        var text: String
        var linesBefore: Int
    }

    /// What is wrong with the file as a whole; nothing else is looked at then.
    static func check(_ bytes: [UInt8]) -> PolicyError? {
        if bytes.count > maximumLength {
            return PolicyError(line: 1, message: "the file has \(bytes.count) bytes; at most \(maximumLength) are allowed")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            return PolicyError(line: line(ofInvalid: bytes), message: "not valid UTF-8")
        }
        return hidden(text)
    }

    private static func line(ofInvalid bytes: [UInt8]) -> Int {
        var line = 1
        for part in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            if String(validating: part, as: UTF8.self) == nil { return line }
            line += 1
        }
        return 1
    }

    /// Characters that hide or reorder what a reviewer sees, and line breaks that only YAML counts (formats.md 12).
    private static func hidden(_ text: String) -> PolicyError? {
        var line = 1
        var previous: UInt32 = 0
        for scalar in text.unicodeScalars {
            let value = scalar.value
            // Beyond this a carriage return stands alone, which editors count differently from YAML.
            if previous == 0x0D && value != 0x0A { return hidden(previous, line) }
            switch value {
            case 0x09, 0x0D: break
            case 0x0A: line += 1
            case 0...0x1F, 0x7F...0x9F, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF, 0xFDD0...0xFDEF:
                return hidden(value, line)
            default:
                if value & 0xFFFE == 0xFFFE { return hidden(value, line) }
            }
            previous = value
        }
        return previous == 0x0D ? hidden(previous, line) : nil
    }

    private static func hidden(_ value: UInt32, _ line: Int) -> PolicyError {
        let digits = String(value, radix: 16, uppercase: true)
        let code = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        return PolicyError(line: line, message: "the character U+\(code) is not allowed: it controls, hides or reorders text")
    }

    /// A line that begins with `---` and a blank starts a document in YAML, wherever it stands.
    static func documents(_ bytes: [UInt8]) -> [Document] {
        var result: [Document] = []
        var start = 0
        var startLine = 0
        var line = 0
        var position = 0
        func close(_ end: Int) {
            let text = String(decoding: bytes[start..<end], as: UTF8.self)
            result.append(Document(text: text, linesBefore: startLine))
        }
        while position < bytes.count {
            let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? bytes.count
            let content = bytes[position..<end]
            if isMarker(content) {
                close(position)
                let isBare = content.dropFirst(3).allSatisfy(isBlank)
                start = isBare ? end : position
                startLine = isBare ? line + 1 : line
            }
            line += 1
            position = end
        }
        close(bytes.count)
        return result
    }

    private static func isMarker(_ line: ArraySlice<UInt8>) -> Bool {
        guard line.starts(with: "---".utf8) else { return false }
        return line.dropFirst(3).first.map(isBlank) ?? true
    }

    private static func isBlank(_ byte: UInt8) -> Bool { [0x09, 0x0A, 0x0D, 0x20].contains(byte) }

    /// Anchors, and keys after `?`: what a small file could make expensive (aliases that multiply, keys as large as the
    /// file). A policy needs neither. Both begin with a sign that a value may follow and stand directly before their name
    /// or a blank; the same in quotes is refused too, since only the parser knows what is quoted. Without anchors no alias
    /// can be.
    static func expensive(_ document: Document) -> [PolicyError] {
        var errors: [PolicyError] = []
        var line = document.linesBefore + 1
        var previous: UInt8 = 0x0A
        let bytes = Array(document.text.utf8)
        for (index, byte) in bytes.enumerated() {
            let startsValue = isBlank(previous) || "[{,:?".utf8.contains(previous)
            let next = index + 1 < bytes.count ? bytes[index + 1] : 0x0A
            if startsValue, byte == UInt8(ascii: "&"), !isBlank(next) {
                errors.append(PolicyError(line: line, message: "anchors are not allowed; elsewhere write a blank after '&'"))
            }
            if startsValue, byte == UInt8(ascii: "?") {
                errors.append(PolicyError(line: line, message: "'?' may not begin a word here"))
            }
            if byte == 0x0A { line += 1 }
            previous = byte
        }
        return errors
    }
}
