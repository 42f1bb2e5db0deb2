/// Writes entries one by one, so that import reads them back to the byte.
public struct ExportWriter: Sendable {
    /// Why an entry cannot be written in a format.
    public enum Obstacle: Sendable {
        /// The name cannot be a shell variable's.
        case notAnIdentifier
        /// The value is not text.
        case binary
    }

    public let format: FileFormat
    private var count = 0

    public init(_ format: FileFormat) { self.format = format }

    /// What stands at the beginning.
    public var header: [UInt8] {
        switch format {
        // Its line end also says that carriage returns in values are meant.
        case .dotenv, .yaml: Array("# Written by coffer export.\n".utf8)
        case .json: Array("{".utf8)
        }
    }

    /// What stands behind the last entry.
    public var footer: [UInt8] {
        switch format {
        case .dotenv: []
        case .json: Array((count == 0 ? "}\n" : "\n}\n").utf8)
        case .yaml: Array((count == 0 ? "{}\n" : "").utf8)
        }
    }

    /// Why the entry cannot be written, or `nil`.
    public func obstacle(name: [UInt8], value: UnsafeRawBufferPointer) -> Obstacle? {
        switch format {
        case .dotenv:
            if !Self.isIdentifier(name) { return .notAnIdentifier }
            return value.contains(0) || !Self.isText(value) ? .binary : nil
        case .json: return Self.isText(value) ? nil : .binary
        case .yaml: return nil
        }
    }

    /// Appends an entry, which must have no ``obstacle(name:value:)``. The output grows at most once, in front.
    public mutating func append(name: [UInt8], value: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        output.reserveCapacity(
            output.count + QuotedText.maximumLength(name.count) + QuotedText.maximumLength(value.count) + 32)
        switch format {
        case .dotenv:
            output += name
            output.append(.equals)
            DotenvValue.append(value, to: &output)
            output.append(.lineFeed)
        case .json:
            output += Array((count == 0 ? "\n  " : ",\n  ").utf8)
            name.withUnsafeBytes { QuotedText.append($0, to: &output) }
            output += Array(": ".utf8)
            QuotedText.append(value, to: &output)
        case .yaml: appendYAML(name, value, to: &output)
        }
        count += 1
    }

    private func appendYAML(_ name: [UInt8], _ value: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        var key: [UInt8] = []
        name.withUnsafeBytes { QuotedText.append($0, to: &key) }
        // YAML takes a key without '?' only up to 1,024 characters.
        let isLong = key.count > 1_000
        if isLong { output += Array("? ".utf8) }
        output += key
        output += Array((isLong ? "\n: " : ": ").utf8)
        // Foundation, by which Yams reads, drops a byte order mark in front of a text.
        if Self.isText(value), !value.starts(with: [0xEF, 0xBB, 0xBF]) {
            QuotedText.append(value, to: &output)
        } else {
            output += Array("!!binary \"".utf8)
            Base64.append(value, to: &output)
            output.append(.doubleQuote)
        }
        output.append(.lineFeed)
    }

    /// Whether the bytes are UTF-8; makes no copy of them.
    public static func isText(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        while true {
            switch decoder.decode(&iterator) {
            case .scalarValue: continue
            case .emptyInput: return true
            case .error: return false
            }
        }
    }

    static func isIdentifier(_ name: [UInt8]) -> Bool {
        guard let first = name.first, first.isASCIILetter || first == UInt8(ascii: "_") else { return false }
        return name.allSatisfy { $0.isASCIILetter || $0.isDigit || $0 == UInt8(ascii: "_") }
    }
}
