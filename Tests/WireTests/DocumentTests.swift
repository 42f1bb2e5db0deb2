import CofferWire
import Foundation
import Testing

/// protocol.md says what the code does: its examples are vectors, its tables have every number.
struct DocumentTests {
    static let lines: [String] = {
        let file = Vector.root.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "protocol.md")
        let text = try! String(contentsOf: file, encoding: .utf8)
        return text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }()

    @Test("the examples are the vectors")
    func examples() throws {
        var count = 0
        for (number, line) in Self.lines.enumerated() where line.hasPrefix("<!-- vector: ") {
            let name = line.dropFirst("<!-- vector: ".count).dropLast(" -->".count)
            let vector = try #require(Vector.valid.first { $0.name == name }, "\(name)")
            #expect(Self.lines[number + 1] == "```text")
            var bytes: [UInt8] = []
            for line in Self.lines[(number + 2)...].prefix(while: { $0 != "```" }) {
                for word in line.prefix(while: { $0 != ";" }).split(separator: " ") {
                    bytes.append(try #require(UInt8(word, radix: 16), "\(line)"))
                }
            }
            #expect(bytes == vector.bytes, "\(name)")
            count += 1
        }
        #expect(count >= 20)
    }

    @Test("the table of operations is complete")
    func operations() {
        for operation in CofferWire.Operation.allCases {
            let digits = String(operation.rawValue, radix: 16, uppercase: true)
            let number = "0x" + String(repeating: "0", count: 4 - digits.count) + digits
            #expect(Self.lines.contains { $0.contains("| \(number) | `\(operation)` |") }, "\(operation)")
            #expect(Self.lines.contains { $0.contains("**\(operation)** (\(number))") }, "\(operation)")
        }
    }

    @Test("the table of errors is complete")
    func errors() {
        for code in ErrorCode.allCases where code != .ok {
            #expect(Self.lines.contains { $0.hasPrefix("| \(code.rawValue) | `\(code)` |") }, "\(code)")
        }
    }

    @Test("the table of kinds is complete")
    func kinds() {
        for kind in FrameKind.allCases {
            #expect(Self.lines.contains { $0.hasPrefix("| \(kind.rawValue) | \(kind) |") }, "\(kind)")
        }
    }

    @Test("every field that a complaint can name is in the document")
    func fields() {
        let text = Self.lines.joined(separator: "\n")
        for vector in Vector.invalid {
            guard case .body(let complaint) = vector.expect, complaint.contains(": ") else { continue }
            let field = String(complaint.prefix(while: { $0 != ":" }))
            // Sixteen bytes complain as `bytes16`, whatever they are.
            guard field != "bytes16" else { continue }
            #expect(text.contains("`\(field)`"), "\(field)")
        }
    }
}
