import Testing

@testable import CofferFormats

@Suite("JSON")
struct JSONTests {
    static let taken: [(text: String, entries: [String: String])] = [
        ("{}", [:]),
        ("\u{FEFF} {\n}\r\n", [:]),
        (#"{"a": "b"}"#, ["a": "b"]),
        (#"{"a": ""}"#, ["a": ""]),
        (#"{"a": {"b": {"c/d": "x"}}, "e": {}}"#, ["a/b/c/d": "x"]),
        (#"{"a": 1, "b": -0, "c": 1.50, "d": 12345678901234567890123, "e": 1E+5, "f": true, "g": false}"#,
            ["a": "1", "b": "-0", "c": "1.50", "d": "12345678901234567890123", "e": "1E+5", "f": "true", "g": "false"]),
        (#"{"a": "\"\\\/\b\f\n\r\t\u00e9\ud83d\uDD11 é🔑"}"#, ["a": "\"\\/\u{8}\u{C}\n\r\té🔑 é🔑"]),
        (#"{"a": "\u0000"}"#, ["a": "\0"]),
    ]

    @Test("takes", arguments: taken.indices)
    func takes(_ index: Int) throws {
        #expect(try parse(.json, Self.taken[index].text) == Self.taken[index].entries)
    }

    static let broken: [(text: String, message: String)] = [
        ("", "line 1: an object"),
        ("[\"hunter2\"]", "line 1: an object"),
        ("{\"a\": \"hunter2\"} x", "line 1: text behind"),
        ("{\n\"a\": null}", "line 2: 'a' is null"),
        ("{\"a\": {\n\"b\": [\"hunter2\"]}}", "line 2: 'a/b' is an array"),
        ("{\"a\": \"1\",\n\n\"a\": \"hunter2\"}", "line 3: 'a' is there twice: first in line 1"),
        ("{\"a/b\": \"1\",\n\"a\": {\"b\": \"hunter2\"}}", "line 2: 'a/b' is there twice: first in line 1"),
        ("{\"a\": {},\n\"a\": {}}", "line 2: 'a' is there twice"),
        ("{\"a\": \"hunter2}", "line 1: the text that begins here"),
        ("{\"a\": \"hunter2\n\"}", "line 1: a control character"),
        ("{\"a\": \"hunter2\\x\"}", "line 1: a backslash"),
        ("{\"a\": \"hunter2\\ud83d\"}", "line 1: \\u names one half"),
        ("{\"a\": \"hunter2\\udd11\"}", "line 1: \\u names one half"),
        ("{\"a\": \"hunter2\\u12g4\"}", "line 1: \\u needs four"),
        ("{\"a\": 01}", "line 1: not a valid number"),
        ("{\"a\": 1.}", "line 1: not a valid number"),
        ("{\"a\": .5}", "line 1: the value of 'a' is not valid JSON"),
        ("{\"a\": 1hunter2}", "line 1: not a valid number"),
        ("{\"a\": hunter2}", "line 1: the value of 'a' is not valid JSON"),
        ("{\"a\": truehunter2}", "line 1: ',' or '}'"),
        ("{\"a\": tru}", "line 1: not valid JSON"),
        ("{\"a\": 'hunter2'}", "line 1: the value of 'a' is not valid JSON"),
        ("{\"a\" \"hunter2\"}", "line 1: ':'"),
        ("{\"a\": \"hunter2\",}", "line 1: a key"),
        ("{a: \"hunter2\"}", "line 1: a key"),
        ("{\"a\": \"hunter2\"", "line 1: ',' or '}'"),
    ]

    @Test("refuses with the line and without the value", arguments: broken.indices)
    func refuses(_ index: Int) {
        let (text, message) = Self.broken[index]
        #expect(complaint(.json, text).hasPrefix(message), "\(complaint(.json, text))")
        #expect(!complaint(.json, text).contains("hunter2"))
    }

    @Test("takes 64 levels and no more")
    func depth() {
        func nested(_ levels: Int) -> String {
            String(repeating: "{\"a\":", count: levels) + "\"x\"" + String(repeating: "}", count: levels)
        }
        #expect(complaint(.json, nested(64)) == "")
        #expect(complaint(.json, nested(65)) == "line 1: nested deeper than 64 levels")
        #expect(complaint(.json, nested(1_000_000)) == "line 1: nested deeper than 64 levels")
    }
}

@Suite("YAML")
struct YAMLTests {
    static let taken: [(text: String, entries: [String: String])] = [
        ("", [:]),
        ("# nothing\n", [:]),
        ("{}", [:]),
        ("a: b\n", ["a": "b"]),
        ("a: \"\"\nb: ''\n", ["a": "", "b": ""]),
        ("a: 010\nb: yes\nc: 1_000\nd: 1.50\ne: 2020-01-01\nf: on\n",
            ["a": "010", "b": "yes", "c": "1_000", "d": "1.50", "e": "2020-01-01", "f": "on"]),
        ("a:\n  b:\n    c: x\n  d/e: y\n", ["a/b/c": "x", "a/d/e": "y"]),
        ("a: |\n  one\n  two\nb: >-\n  one\n  two\n", ["a": "one\ntwo\n", "b": "one two"]),
        ("a: \"\\u00e9\\0\\n\"\n", ["a": "é\0\n"]),
        ("a: 'null'\nb: '~'\nc: !!str null\n", ["a": "null", "b": "~", "c": "null"]),
        ("a: !!binary aGVs\n", ["a": "hel"]),
        ("a: !!binary |\n  aGVs\n  bG8=\n", ["a": "hello"]),
        ("{\"a\": \"b\", \"c\": {\"d\": 1}}", ["a": "b", "c/d": "1"]),
        ("a: text & more, *stars* <<\n", ["a": "text & more, *stars* <<"]),
        ("\u{FEFF}a: b\r\n", ["a": "b"]),
    ]

    @Test("takes", arguments: taken.indices)
    func takes(_ index: Int) throws {
        #expect(try parse(.yaml, Self.taken[index].text) == Self.taken[index].entries)
    }

    static let broken: [(text: String, message: String)] = [
        ("hunter2", "line 1: a mapping"),
        ("- hunter2", "line 1: a mapping"),
        ("a: 1\nb:\n", "line 2: 'b' is null"),
        ("a: ~\n", "line 1: 'a' is null"),
        ("a:\n  b: [hunter2]\n", "line 2: 'a/b' is a list"),
        ("a: &x hunter2\nb: *x\n", "line 1: anchors"),
        ("a: &x\n  b: hunter2\n", "line 1: anchors"),
        ("a: *x\n", "line 1: aliases"),
        ("a: 1\n<<: {b: hunter2}\n", "line 2: merge keys"),
        ("? [hunter2]\n: x\n", "line 1: a key must be a text"),
        ("a: 1\nb: 2\na: hunter2\n", "line 1: there twice"),
        ("a/b: 1\na:\n  b: hunter2\n", "line 3: 'a/b' is there twice: first in line 1"),
        ("a: !!binary hunter2!\n", "line 1: the !!binary value of 'a' is not base64"),
        ("a: !custom hunter2\n", "line 1: 'a' has a tag"),
        ("a: 1\n---\nb: hunter2\n", "line 2: not valid YAML"),
        ("a: 1\n b: hunter2\n", "line 2: not valid YAML"),
        ("a: \"hunter2\n", "line 2: not valid YAML"),
        ("a: {hunter2\n", "line 2: not valid YAML"),
        ("a: hunter2\u{7}\n", "not valid YAML"),
    ]

    @Test("refuses with the line and without the value", arguments: broken.indices)
    func refuses(_ index: Int) {
        let (text, message) = Self.broken[index]
        #expect(complaint(.yaml, text).hasPrefix(message), "\(complaint(.yaml, text))")
        #expect(!complaint(.yaml, text).contains("hunter2"))
    }

    @Test("takes 64 levels and no more")
    func depth() {
        func nested(_ levels: Int) -> String {
            String(repeating: "{a: ", count: levels) + "x" + String(repeating: "}", count: levels)
        }
        #expect(complaint(.yaml, nested(64)) == "")
        #expect(complaint(.yaml, nested(65)) == "line 1: nested deeper than 64 levels")
        #expect(complaint(.yaml, nested(100_000)).hasPrefix("line 1: "))
    }
}
