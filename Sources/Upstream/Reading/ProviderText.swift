/// The text of a provider file before YAML sees it: limits, hidden characters, and what could cost time.
enum ProviderText {
    /// In bytes.
    static let maximumLength = 262_144

    /// For messages: one line, at most 60 characters.
    static func short(_ text: some StringProtocol) -> String {
        var result = ""
        for scalar in text.unicodeScalars.prefix(60) {
            let isPlain = scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value) && !scalar.properties.isDefaultIgnorableCodePoint
            result.unicodeScalars.append(isPlain ? scalar : "\u{FFFD}")
        }
        return text.unicodeScalars.dropFirst(60).isEmpty ? result : result + "…"
    }

    /// What is wrong with the file as a whole; nothing else is looked at then.
    static func check(_ source: String) -> ProviderError? {
        let count = source.utf8.count
        if count > maximumLength { return ProviderError(line: 1, "", "the file has \(count) bytes; at most \(maximumLength) are allowed") }
        var line = 1
        for scalar in source.unicodeScalars {
            switch scalar.value {
            case 0x09, 0x0D: break
            case 0x0A: line += 1
            case 0...0x1F, 0x7F...0x9F, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF:
                let code = String(scalar.value, radix: 16, uppercase: true)
                return ProviderError(line: line, "", "the character U+\(code) is not allowed: it controls, hides or reorders text")
            default: break
            }
        }
        return nil
    }

    /// Tags, anchors and keys after `?`: what means something else than it says, and what could make a small file expensive
    /// (aliases that multiply, keys as large as the file).
    /// The same in quotes is refused too, since only the parser knows what is quoted. Without anchors no alias can be.
    static func expensive(_ source: String) -> [ProviderError] {
        var errors: [ProviderError] = []
        var line = 1
        var previous: UInt8 = 0x0A
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }
        let bytes = Array(source.utf8)
        for (index, byte) in bytes.enumerated() {
            let startsValue = isBlank(previous) || "[{,:?".utf8.contains(previous)
            let next = index + 1 < bytes.count ? bytes[index + 1] : 0x0A
            if startsValue, byte == UInt8(ascii: "&"), !isBlank(next) {
                errors.append(ProviderError(line: line, "", "anchors are not allowed; elsewhere write a blank after '&'"))
            }
            if startsValue, byte == UInt8(ascii: "!"), !isBlank(next) {
                errors.append(ProviderError(line: line, "", "tags are not allowed; elsewhere write a blank after '!'"))
            }
            if startsValue, byte == UInt8(ascii: "?") { errors.append(ProviderError(line: line, "", "'?' may not begin a word here")) }
            if byte == 0x0A { line += 1 }
            previous = byte
        }
        return errors
    }
}
