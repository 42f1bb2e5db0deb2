import Testing

@testable import CofferFormats

func parse(_ format: FileFormat, _ text: String) throws -> [String: String] {
    try Dictionary(format.parse(Array(text.utf8)).map { ($0.name, String(decoding: $0.value, as: UTF8.self)) }) { $1 }
}

/// What the format says against a text, or "" where it takes it.
func complaint(_ format: FileFormat, _ text: String) -> String {
    do {
        _ = try format.parse(Array(text.utf8))
        return ""
    } catch {
        return error.description
    }
}

@Suite("dotenv")
struct DotenvTests {
    static let lines: [(text: String, value: String)] = [
        ("A=plain", "plain"),
        ("  A=plain  \t", "plain"),
        ("A =\tplain", "plain"),
        ("export A=plain", "plain"),
        ("export \t A=plain", "plain"),
        ("A=", ""),
        ("A=\r\n", ""),
        ("A=\"\"", ""),
        ("A=''", ""),
        ("A= # only a comment", ""),
        ("A=#text", "#text"),
        ("A=a#b", "a#b"),
        ("A=a # b", "a"),
        ("A=a\t#b", "a"),
        ("A=a b  c", "a b  c"),
        ("A=a=b==", "a=b=="),
        ("A=$HOME ${B} `c`", "$HOME ${B} `c`"),
        (#"A=C:\dir\"#, #"C:\dir\"#),
        (#"A=a\nb"#, #"a\nb"#),
        ("A=it's", "it's"),
        ("A=a\"b\"", "a\"b\""),
        (#"A='$x \n "q" # no'"#, #"$x \n "q" # no"#),
        ("A='one\ntwo\n'", "one\ntwo\n"),
        (#"A='ends with \'"#, #"ends with \"#),
        (#"A="a\nb\tc\rd""#, "a\nb\tc\rd"),
        (#"A="\"\\\$\`""#, #""\$`"#),
        (#"A="\d\x41\'""#, #"\d\x41\'"#),
        ("A=\"one\ntwo\"", "one\ntwo"),
        ("A=\"one\\\ntwo\"", "onetwo"),
        ("A=\"a # b\" # c", "a # b"),
        ("A='x'   ", "x"),
        ("A=Grüße 密碼 🔑", "Grüße 密碼 🔑"),
        ("\u{FEFF}A=bom", "bom"),
        ("# c\n\n \t\n#\nA=x", "x"),
        ("A=x\r\n", "x"),
        ("A='x'\r\n", "x"),
        ("#\r\nA='one\r\ntwo'\r\n", "one\ntwo"),
        ("#\r\nA=\"one\\\r\ntwo\r\n\"\r\n", "onetwo\n"),
        ("#\nA='one\r\ntwo'\n", "one\r\ntwo"),
        ("#\nA=\"a\rb\"", "a\rb"),
        ("A=x", "x"),
    ]

    @Test("takes", arguments: lines.indices)
    func takes(_ index: Int) throws {
        let line = Self.lines[index]
        #expect(try parse(.dotenv, line.text) == ["A": line.value])
    }

    static let broken: [(text: String, message: String)] = [
        ("A=1\nhunter2\n", "line 2: not a comment, and no '='"),
        ("A=1\nexport B\n", "line 2: not a comment"),
        ("=hunter2", "line 1: there is no key"),
        ("A B=hunter2", "line 1: not a comment"),
        ("\n\nA='hunter2\nB=1", "line 3: the value that begins here with '"),
        ("A=\"hunter2\\\"\nB=1\n\n", "line 1: the value that begins here with \""),
        ("A=\"hunter2\\", "line 1: the value that begins here with \""),
        ("A=\"one\ntwo\" hunter2", "line 2: text behind the closing quote"),
        ("A='x'#hunter2", "line 1: text behind the closing quote"),
        ("A='x''hunter2'", "line 1: text behind the closing quote"),
        ("A=1\nB=2\nA=hunter2", "line 3: 'A' is there twice: first in line 1"),
        ("A='\n\n'\nA=hunter2", "line 4: 'A' is there twice: first in line 1"),
        ("A=1\nB=hunter2\0", "line 2: a zero byte"),
        ("A=1\n\"B\"=hunter2", "line 2: a character that no key may have"),
        ("A\u{7}=hunter2", "line 1: a character that no key may have"),
    ]

    @Test("refuses with the line and without the value", arguments: broken.indices)
    func refuses(_ index: Int) {
        let (text, message) = Self.broken[index]
        #expect(complaint(.dotenv, text).hasPrefix(message))
        #expect(!complaint(.dotenv, text).contains("hunter2"))
    }

    @Test("refuses bytes that are not UTF-8, with their line")
    func notUTF8() {
        #expect(throws: FormatError(line: 2, "not valid UTF-8")) { try FileFormat.dotenv.parse(Array("A=1\nB=".utf8) + [0xFF]) }
    }

    @Test("keys that Unicode takes for equal are two keys")
    func equivalentKeys() throws {
        #expect(try FileFormat.dotenv.parse(Array("\u{E9}=1\ne\u{301}=2".utf8)).count == 2)
    }

    @Test("nothing and comments only are no entries", arguments: ["", "\n", "# c", "\u{FEFF}", "\u{FEFF}# c\r\n"])
    func empty(_ text: String) throws {
        #expect(try FileFormat.dotenv.parse(Array(text.utf8)).isEmpty)
    }

    @Test("tells where each key stands")
    func lineNumbers() throws {
        let entries = try FileFormat.dotenv.parse(Array("A=1\n\n# c\nB='x\ny'\nC=3\n".utf8))
        #expect(entries.map(\.line) == [1, 4, 6])
    }

    @Test("formats by file name")
    func fileNames() {
        let names: [(String, FileFormat?)] = [
            (".env", .dotenv), ("a/b.env", .dotenv), (".env.local", .dotenv), ("x.JSON", .json), ("x.yml", .yaml), ("x.yaml", .yaml),
            ("x.txt", nil), ("x", nil), ("", nil),
        ]
        for (name, format) in names { #expect(FileFormat(fileName: name) == format, "\(name)") }
    }
}
