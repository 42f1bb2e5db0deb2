import CSodium
import Testing

@testable import CofferStore

@Suite("Eight letters at a time")
struct LineWordsTests {
    /// What libsodium makes of the bytes.
    private func slowly(_ bytes: [UInt8]) -> String {
        var letters = [CChar](repeating: 0, count: sodium_base64_encoded_len(bytes.count, Int32(sodium_base64_VARIANT_ORIGINAL)))
        sodium_bin2base64(&letters, letters.count, bytes, bytes.count, Int32(sodium_base64_VARIANT_ORIGINAL))
        return String(decoding: letters.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private func quickly(_ bytes: [UInt8]) -> String {
        let line = LineBuffer()
        bytes.withUnsafeBytes { line.write(base64: $0) }
        return String(decoding: line.bytes.dropFirst().dropLast(), as: UTF8.self)
    }

    private func read(_ letters: [UInt8]) -> [UInt8]? {
        let line = [UInt8(ascii: "\"")] + letters + [UInt8(ascii: "\"")]
        return line.withUnsafeBytes { line in
            var parser = LineParser(line)
            guard let found = try? parser.base64() else { return nil }
            return withExtendedLifetime(found) { Array(found.bytes) }
        }
    }

    @Test("base64 of every length is libsodium's, and comes back")
    func base64() {
        var generator = SeededGenerator(seed: 1)
        for count in 0..<200 {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            #expect(quickly(bytes) == slowly(bytes))
            #expect(read(Array(quickly(bytes).utf8)) == bytes)
        }
    }

    @Test("a byte that is no letter, or padding in the middle, is refused in every place")
    func noLetters() {
        let good = Array("AZaz09+/AbCdEfGhIjKlMnOp".utf8)
        let letters = Set(Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8))
        #expect(read(good)?.count == 18)
        for place in good.indices {
            // Of the others, quote and backslash do not reach it, and a control character is no text.
            for byte in UInt8.min ... .max where byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\") && byte >= 0x20 {
                var changed = good
                changed[place] = byte
                if byte == UInt8(ascii: "="), place == good.count - 1 { continue }
                #expect((read(changed) != nil) == letters.contains(byte), "\(byte) in place \(place)")
            }
        }
        for text in ["A", "AB", "ABC", "AAAAAAAAA", "AAAAAAAAAAAA=", "AAAAAAA=AAAA", "AAAAAAAAAAB=", "AAAAAAAAA===", "AAAAAAAA===="] {
            #expect(read(Array(text.utf8)) == nil, "\(text)")
        }
    }

    @Test("every byte in every place is escaped, and taken for text, as one by one")
    func text() {
        for count in [1, 7, 8, 9, 17, 24] {
            for place in 0..<count {
                for byte in UInt8.min ... .max {
                    var bytes = [UInt8](repeating: UInt8(ascii: "~"), count: count)
                    bytes[place] = byte
                    bytes.withUnsafeBytes { bytes in
                        #expect(JSONText.endOfPlain(bytes, from: 0) == (JSONText.isPlain(byte) ? count : place))
                        #expect(JSONText.isUTF8(bytes) == (byte < 0x80))
                        let isControl = byte < 0x20 && byte != 0x09 && byte != 0x0A && byte != 0x0D
                        #expect(JSONText.isText(bytes) == (byte < 0x80 && !isControl))
                    }
                }
            }
        }
        for text in ["aaaaaaaä", "ääääääää", "aaaaaa\u{1F600}", "aaaaaaaa\taä", "aaaaaaaaaaaaaa\u{FFFF}"] {
            Array(text.utf8).withUnsafeBytes { #expect(JSONText.isText($0) && JSONText.isUTF8($0)) }
            Array(text.utf8.dropLast()).withUnsafeBytes { bytes in
                let isCut = (text.utf8.last ?? 0) >= 0x80
                #expect(JSONText.isText(bytes) == !isCut && JSONText.isUTF8(bytes) == !isCut)
            }
        }
    }
}
