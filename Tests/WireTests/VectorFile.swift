import CofferWire
import Foundation
import Testing

/// One vector file. Tests/Vectors/wire/README.md describes the format.
struct Vector: Sendable, CustomTestStringConvertible {
    enum Expectation: Equatable, Sendable, CustomStringConvertible {
        case accept
        case unknownOperation
        case unexpected
        case incomplete(Int)
        case frame(String)
        case body(String)

        var description: String {
            switch self {
            case .accept: "accept"
            case .unknownOperation: "unknown-operation"
            case .unexpected: "unexpected"
            case .incomplete(let needed): "incomplete \(needed)"
            case .frame(let text): "frame \(text)"
            case .body(let text): "body \(text)"
            }
        }

        init?(_ text: String) {
            let (word, rest) = text.split(at: " ")
            switch (word, rest) {
            case ("accept", nil): self = .accept
            case ("unknown-operation", nil): self = .unknownOperation
            case ("unexpected", nil): self = .unexpected
            case ("incomplete", let rest?):
                guard let needed = Int(rest) else { return nil }
                self = .incomplete(needed)
            case ("frame", let rest?): self = .frame(rest)
            case ("body", let rest?): self = .body(rest)
            default: return nil
            }
        }
    }

    var comment: String
    var name: String
    var direction: Direction
    var limit = Limits.frame
    var message: String?
    var expect: Expectation
    var bytes: [UInt8]

    var testDescription: String { name }
    var folder: String { expect == .accept ? "valid" : "invalid" }

    // MARK: Writing

    var text: String {
        var lines: [String] = []
        if !comment.isEmpty { lines.append("# \(comment)") }
        lines.append("name: \(name)")
        lines.append("direction: \(direction.rawValue)")
        if limit != Limits.frame { lines.append("limit: \(limit)") }
        if let message { lines.append("message: \(message)") }
        lines.append("expect: \(expect)")
        // The header has a line of its own; long runs of one byte are abbreviated.
        var pending: [UInt8] = []
        func flush() {
            for start in stride(from: 0, to: pending.count, by: 32) {
                lines.append("hex: " + hex(pending[start..<min(start + 32, pending.count)]))
            }
            pending = []
        }
        var index = 0
        while index < bytes.count {
            var end = index + 1
            while end < bytes.count, bytes[end] == bytes[index] { end += 1 }
            if end - index >= 128, index >= FrameHeader.size {
                flush()
                lines.append("repeat: \(end - index) \(hex(bytes[index..<(index + 1)]))")
                index = end
            } else {
                pending.append(bytes[index])
                index += 1
                if index == FrameHeader.size { flush() }
            }
        }
        flush()
        return lines.joined(separator: "\n") + "\n"
    }

    // MARK: Reading

    struct FormatError: Error { var file: String, line: String }

    init(comment: String = "", name: String, direction: Direction, limit: Int = Limits.frame, message: String?,
         expect: Expectation, bytes: [UInt8]) {
        self.comment = comment
        self.name = name
        self.direction = direction
        self.limit = limit
        self.message = message
        self.expect = expect
        self.bytes = bytes
    }

    init(file: URL) throws {
        let text = try String(contentsOf: file, encoding: .utf8)
        let name = file.deletingPathExtension().lastPathComponent
        self.init(name: name, direction: .client, message: nil, expect: .accept, bytes: [])
        var seen: Set<String> = []
        for line in text.split(separator: "\n").map(String.init) where !line.hasPrefix("#") {
            let (key, rest) = line.split(at: ":")
            let value = (rest ?? "").trimmingPrefix(while: { $0 == " " })
            let words = value.split(separator: " ").map(String.init)
            func fail() -> FormatError { FormatError(file: name, line: line) }
            seen.insert(key)
            switch key {
            case "name": guard value == name else { throw fail() }
            case "direction":
                guard let direction = Direction(rawValue: String(value)) else { throw fail() }
                self.direction = direction
            case "limit":
                guard let limit = Int(value) else { throw fail() }
                self.limit = limit
            case "message": message = String(value)
            case "expect":
                guard let expect = Expectation(String(value)) else { throw fail() }
                self.expect = expect
            case "hex":
                for word in words {
                    guard word.utf8.count == 2, let byte = UInt8(word, radix: 16) else { throw fail() }
                    bytes.append(byte)
                }
            case "repeat":
                guard words.count == 2, let count = Int(words[0]), let byte = UInt8(words[1], radix: 16) else { throw fail() }
                bytes.append(contentsOf: repeatElement(byte, count: count))
            default: throw fail()
            }
        }
        for key in ["name", "direction", "expect"] where !seen.contains(key) { throw FormatError(file: name, line: key) }
    }

    /// `Tests/Vectors/wire`, beside this file's folder.
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Vectors/wire")

    /// All files of a folder, in the order of their names.
    static func load(_ folder: String) throws -> [Vector] {
        try FileManager.default.contentsOfDirectory(at: root.appending(path: folder), includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "txt" }
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
            .map { try Vector(file: $0) }
    }

    /// Read once for all tests; a broken file stops the run.
    static let valid = try! load("valid")
    static let invalid = try! load("invalid")
}

func hex(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
}

extension String {
    /// What stands before and after the first `separator`.
    fileprivate func split(at separator: Character) -> (String, String?) {
        guard let index = firstIndex(of: separator) else { return (self, nil) }
        return (String(self[..<index]), String(self[self.index(after: index)...]))
    }
}
