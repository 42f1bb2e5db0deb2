import Testing

@testable import CofferFormats

@Suite("Credentials, a line each")
struct CredentialLinesTests {
    @Test("takes all fields of JSON")
    func json() throws {
        let (rows, refusals) = try read(
            #"{"name": "a", "provider": "oauth2", "email": "a@b", "client_id": "c", "tags": ["x", "y z"], "memo": "m", "enabled": false, "#
                + #""parameters": {"token_url": "https://x", "n": 5}, "attributes": {"k": "v"}, "secrets": {"refresh": "r", "empty": ""}, "#
                + #""expires": {"access": "2027-01-31T12:00:00Z", "share": 5}}"#)
        #expect(refusals.isEmpty)
        let row = try #require(rows.first)
        #expect(row.noun == "credential")
        #expect(row.origin == "line 1")
        #expect(row.dictionary == [
            "name": "a", "provider": "oauth2", "email": "a@b", "client_id": "c", "tags": "x\ny z", "memo": "m", "enabled": "false",
            "parameters.token_url": "https://x", "parameters.n": "5", "attributes.k": "v", "expiries.access": "1801396800000",
            "expiries.share": "5",
        ])
        #expect(row.secrets.map(\.name) == ["refresh"])
        #expect(row.secret("refresh") == "r")
    }

    @Test("takes all fields of CSV")
    func csv() throws {
        let (rows, refusals) = try read(#"""
            \#u{FEFF}name,provider,tags,enabled,secrets.refresh,parameters.token_url,memo,expires.access\#r
            a,oauth2,x;y,1,"r,""1""",https://x,"two
            lines",7\#r

            b,openai,,,r2,,NULL,
            """#)
        #expect(refusals.isEmpty)
        #expect(rows.map(\.origin) == ["line 2", "line 5"])
        #expect(rows[0].dictionary == [
            "name": "a", "provider": "oauth2", "tags": "x\ny", "enabled": "true", "parameters.token_url": "https://x",
            "memo": "two\nlines", "expiries.access": "7",
        ])
        #expect(rows[0].secret("refresh") == "r,\"1\"")
        #expect(rows[1].dictionary == ["name": "b", "provider": "openai"])
    }

    static let broken: [(line: String, reason: String)] = [
        (#"{"name": "a""#, "',' or '}' must stand"),
        (#"{"name": "a", "provider": "p"} x"#, "text behind the end"),
        (#"{"name": "a", "name": "b", "provider": "p"}"#, "'name' is there twice"),
        (#"{"provider": "p"}"#, "it has no name"),
        (#"{"name": "", "provider": "p"}"#, "it has no name"),
        (#"{"name": "a"}"#, "it has no provider"),
        (#"{"name": ["a"], "provider": "p"}"#, "name is not a text"),
        (#"{"name": "a", "provider": "p", "enabled": "yes"}"#, "enabled is neither"),
        (#"{"name": "a", "provider": "p", "tags": "x"}"#, "tags is not a list"),
        (#"{"name": "a", "provider": "p", "tags": ["x\ny"]}"#, "a tag has a line end"),
        (#"{"name": "a", "provider": "p", "secrets": {"refresh": 5}}"#, "secrets.refresh is not a text"),
        (#"{"name": "a", "provider": "p", "secrets": "hunter2"}"#, "secrets is no object"),
        (#"{"name": "a", "provider": "p", "expires": {"access": "soon"}}"#, "expires.access is neither"),
        (#"{"name": "a", "provider": "p", "expires": {"access": -1}}"#, "expires.access is neither"),
        (#"{"name": "a", "provider": "p", "password": "hunter2"}"#, "there is no field 'password'"),
        (#"["hunter2"]"#, "it is no object"),
        ("hunter2", "not valid JSON"),
        (String(repeating: "[", count: 100), "nested deeper"),
    ]

    @Test("refuses a broken line, says which, and goes on", arguments: broken.indices)
    func refuses(_ index: Int) throws {
        let (line, reason) = Self.broken[index]
        let good = #"{"name": "good", "provider": "p"}"#
        let (rows, refusals) = try read("\(good)\n\n\(line)\n\(good)\n")
        #expect(rows.map(\.origin) == ["line 1", "line 4"])
        let refusal = try #require(refusals.first)
        #expect(refusals.count == 1)
        #expect(refusal.hasPrefix("line 3: \(reason)"), "\(refusal)")
        #expect(!refusal.contains("hunter2"))
    }

    @Test("bytes that are no text, and lines that are too long, are lines like others")
    func binary() throws {
        let good = Array(#"{"name": "good", "provider": "p"}"#.utf8)
        let long = [UInt8](repeating: 0x78, count: CredentialLines.maximumLine + 1)
        let (rows, refusals) = try read(good + [10, 0xFF, 0xFE, 0, 10] + long + [10] + good)
        #expect(rows.map(\.origin) == ["line 1", "line 4"])
        #expect(refusals == ["line 2: not valid UTF-8", "line 3: it has more than \(CredentialLines.maximumLine) bytes"])
    }

    @Test("nothing is nothing", arguments: ["", "\n\n \n", "\u{FEFF}", "name,provider\n"])
    func empty(_ text: String) throws {
        let (rows, refusals) = try read(text)
        #expect(rows.isEmpty)
        #expect(refusals.isEmpty)
    }

    @Test("a broken record of CSV is refused, and those behind it come", arguments: [
        ("a,p\"x", "a '\"' stands within"), ("\"a\"x,p", "text stands behind a closing"), ("a", "it has 1 fields, the first line 2"),
        ("a,p,c", "it has 3 fields"), (",p", "it has no name"), ("a,", "it has no provider"),
    ])
    func brokenCSV(_ line: String, _ reason: String) throws {
        let (rows, refusals) = try read("name,provider\n\(line)\ngood,p\n")
        #expect(rows.map(\.origin) == ["line 3"])
        #expect(refusals.count == 1)
        #expect(refusals.first?.hasPrefix("line 2: \(reason)") == true, "\(refusals)")
    }

    @Test("a quote that never closes refuses the rest")
    func openQuote() throws {
        let (rows, refusals) = try read("name,provider\ngood,p\n\"a,p\nb,p\n")
        #expect(rows.map(\.origin) == ["line 2"])
        #expect(refusals == ["line 3: the record that begins here has no '\"' at its end"])
    }

    @Test("the first line of CSV must have columns that there are", arguments: [
        ("nome,provider", "there is no column 'nome'"), ("name", "the column 'provider' is missing"), ("\"provider\",x", "there is no column 'x'"), ("name,provider,name", "is there twice"),
        ("name,provider,secrets.", "there is no column 'secrets.'"), ("name,provider,", "there is no column ''"),
    ])
    func head(_ head: String, _ message: String) throws {
        let error = #expect(throws: FormatError.self) { try read(head + "\na,b\n") }
        #expect(error?.message.contains(message) == true, "\(String(describing: error))")
    }

    @Test("a broken first line is one of JSON", arguments: ["hunter2", "{", "\"x", "a,b"])
    func first(_ line: String) throws {
        let (rows, refusals) = try read(line + #"\#n{"name": "good", "provider": "p"}"#)
        #expect(rows.map(\.origin) == ["line 2"])
        #expect(refusals.count == 1)
        #expect(refusals.first?.hasPrefix("line 1: ") == true)
    }

    @Test("what comes in small pieces is the same")
    func pieces() throws {
        let text = Array("\u{FEFF}name,provider,memo\r\na,p,\"x\r\ny\"\r\nb,p,z\r\n".utf8)
        for size in 1...9 {
            var rest = text[...]
            var lines = CredentialLines { buffer in
                let part = rest.prefix(min(size, buffer.count))
                buffer.copyBytes(from: part)
                rest = rest.dropFirst(part.count)
                return part.count
            }
            var memos: [String] = []
            while let item = try lines.next() { if case .row(let row) = item { memos.append(row["memo"] ?? "-") } }
            #expect(memos == ["x\r\ny", "z"])
        }
    }

    @Test("the failure of the source is the reader's")
    func source() {
        struct Gone: Error {}
        var lines = CredentialLines { _ in throw Gone() }
        #expect(throws: Gone.self) { try lines.next() }
    }

    private func read(_ text: String) throws -> ([LegacyRow], [String]) { try read(Array(text.utf8)) }

    private func read(_ bytes: [UInt8]) throws -> ([LegacyRow], [String]) {
        var rest = bytes[...]
        var lines = CredentialLines { buffer in
            let part = rest.prefix(buffer.count)
            buffer.copyBytes(from: part)
            rest = rest.dropFirst(part.count)
            return part.count
        }
        var rows: [LegacyRow] = []
        var refusals: [String] = []
        while let item = try lines.next() {
            switch item {
            case .row(let row): rows.append(row)
            case .refused(let out): refusals.append("\(out.origin): \(out.reason)")
            }
        }
        return (rows, refusals)
    }
}
