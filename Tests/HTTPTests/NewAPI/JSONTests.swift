import CofferJSON
import Testing

@testable import CofferHTTP

struct JSONTests {
    private func message(_ text: String, allowsTrailing: Bool = true) -> String? { message(Array(text.utf8), allowsTrailing) }

    private func message(_ bytes: [UInt8], _ allowsTrailing: Bool = true) -> String? {
        do throws(JSONError) {
            _ = try JSONValue.parse(bytes, allowsTrailing: allowsTrailing)
            return nil
        } catch {
            return error.message
        }
    }

    private func parsed(_ text: String) throws -> JSONValue { try JSONValue.parse(Array(text.utf8)) }

    @Test(arguments: [
        ("", "EOF"), (" \n", "EOF"), ("{", "unexpected EOF"), ("[1,", "unexpected EOF"), ("\"abc", "unexpected EOF"), ("-",
            "unexpected EOF"),
        ("tru", "unexpected EOF"), ("x", "invalid character 'x' looking for beginning of value"),
        ("NaN", "invalid character 'N' looking for beginning of value"), ("{1:2}",
            "invalid character '1' looking for beginning of object key string"),
        ("{\"a\" 1}", "invalid character '1' after object key"), ("{\"a\":1 2}", "invalid character '2' after object key:value pair"),
        ("{\"a\":1,}", "invalid character '}' looking for beginning of object key string"),
        ("[1 2]", "invalid character '2' after array element"), ("[1,]", "invalid character ']' looking for beginning of value"),
        ("\"a\nb\"", "invalid character '\\n' in string literal"), ("\"\\q\"", "invalid character 'q' in string escape code"),
        ("\"\\u12g4\"", "invalid character 'g' in \\u hexadecimal character escape"), ("truE",
            "invalid character 'E' in literal true (expecting 'e')"),
        ("1.x", "invalid character 'x' after decimal point in numeric literal"), ("1ex",
            "invalid character 'x' in exponent of numeric literal"),
        ("-x", "invalid character 'x' in numeric literal"), ("'a'", "invalid character '\\'' looking for beginning of value"),
    ])
    func saysWhatIsWrongInGoWords(_ text: String, _ expected: String) { #expect(message(text) == expected) }

    @Test func keepsSixtyFourBitsExact() throws {
        #expect(try parsed("9223372036854775807") == .integer(.max))
        #expect(try parsed("-9223372036854775808") == .integer(.min))
        #expect(try parsed("9223372036854775808") == .number("9223372036854775808"))
        #expect(try parsed("500000000000001") == .integer(500_000_000_000_001))
        #expect(try parsed("1e3") == .number("1e3"))
        #expect(try parsed("1.0") == .number("1.0"))
        #expect(try parsed("01") == .integer(0))
    }

    @Test func readsStringsWhateverIsInThem() throws {
        #expect(try parsed(#""a\u00e9\ud83d\ude00\n\/""#) == .string("aé😀\n/"))
        #expect(try parsed(#""\ud800x""#) == .string("\u{FFFD}x"))
        #expect(try parsed(#""\ud800\u0041""#) == .string("\u{FFFD}A"))
        #expect(try JSONValue.parse([0x22, 0x61, 0xFF, 0x62, 0x22]) == .string("a\u{FFFD}b"))
        #expect(try parsed(#""\u0000""#) == .string("\0"))
    }

    @Test func takesTheLastOfDuplicatesAndKeepsOrder() throws {
        let value = try parsed(#"{"b":1,"a":2,"b":3}"#)
        #expect(value["b"] == .integer(3))
        #expect(value.object?.map(\.0) == ["b", "a", "b"])
    }

    @Test func stopsBehindTheFirstValueUnlessToldOtherwise() throws {
        #expect(try parsed("{} x") == .object([]))
        #expect(message("{} x", allowsTrailing: false) == "invalid character 'x' after top-level value")
        #expect(message("{} ", allowsTrailing: false) == nil)
    }

    @Test func nestsSixtyFourDeepAndNoDeeper() {
        func nested(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
        #expect(message(nested(64)) == nil)
        #expect(message(nested(65)) == "exceeded max depth")
        #expect(message(String(repeating: "{\"a\":", count: 100_000)) == "exceeded max depth")
    }

    @Test func writesWhatItReads() throws {
        let text = #"{"a":[1,-2.50,true,false,null,"x\"\\\n\u0001</é😀"],"a":{}}"#
        #expect(String(decoding: try parsed(text).encoded(), as: UTF8.self) == text)
        #expect(JSONValue.real(7.3).encoded() == Array("7.3".utf8))
        #expect(JSONValue.real(2).encoded() == Array("2".utf8))
        #expect(JSONValue.real(.infinity).encoded() == Array("null".utf8))
    }

    /// Whatever is cut off or damaged is refused or read, and what is read can be written and read again.
    @Test func survivesEveryCutAndEveryFlippedBit() throws {
        let text = Array(#" {"ids":[1,2,9007199254740993],"n":"\u00e9\ud83d\ude00x","f":-1.5e+3,"t":true,"z":null} "#.utf8)
        for end in 0...text.count {
            guard let value = try? JSONValue.parse(Array(text[..<end])) else { continue }
            #expect(try JSONValue.parse(value.encoded()) == value)
        }
        for place in text.indices {
            for bit in 0..<8 {
                var damaged = text
                damaged[place] ^= 1 << UInt8(bit)
                if let value = try? JSONValue.parse(damaged) { #expect(try JSONValue.parse(value.encoded()) == value) }
            }
        }
    }
}
