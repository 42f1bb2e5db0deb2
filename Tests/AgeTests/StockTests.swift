import Glibc
import Testing

@testable import CofferAge

/// What is written here, Debian's `age` reads. (The other direction: `Tests/Vectors/age/stock` and Tests/CommandLine.)
@Suite("Stock age", .enabled(if: system("command -v age >/dev/null && command -v python3 >/dev/null") == 0))
struct StockTests {
    private let folder: String

    init() throws {
        var template = Array("/tmp/coffer-age.XXXXXX".utf8CString)
        folder = try #require(mkdtemp(&template).map { String(cString: $0) })
    }

    private func write(_ name: String, _ bytes: [UInt8]) throws {
        let stream = try #require(fopen("\(folder)/\(name)", "wb"))
        #expect(fwrite(bytes, 1, bytes.count, stream) == bytes.count)
        #expect(fclose(stream) == 0)
    }

    private func run(_ command: String) -> Int32 { system("cd \(folder) && \(command)") }

    @Test("opens what is for its identity", arguments: [0, 5, 65_536, 131_072, 200_001])
    func recipients(_ size: Int) throws {
        defer { _ = run("rm -r \(folder)") }
        let identity = try AgeIdentity.random()
        let plaintext = pattern(size)
        try write("identity", identity.withText { Array($0) })
        let lock = AgeLock.recipients([try AgeIdentity.random().recipient, identity.recipient])
        try write("file", AgeFiles.seal(plaintext, lock, pieces: 100_000).file)
        #expect(run("age -d -i identity -o plaintext file") == 0)
        #expect(VectorFile.bytes("\(folder)/plaintext") == plaintext)
    }

    @Test("opens what has a passphrase")
    func passphrases() throws {
        defer { _ = run("rm -r \(folder)") }
        let lock = AgeLock.passphrase(try AgeFiles.passphrase("correct horse"), workFactor: 12)
        try write("file", AgeFiles.seal([1, 2, 3], lock).file)
        let terminal = "python3 -B \(VectorFile.folder)/at_terminal.py"
        #expect(run("\(terminal) 'correct horse' age -d -o plaintext file") == 0)
        #expect(VectorFile.bytes("\(folder)/plaintext") == [1, 2, 3])
        #expect(run("\(terminal) 'wrong horse' age -d -o other file") != 0)
    }

    @Test("makes identities that are read here, and knows the recipients of those that are made here")
    func keys() throws {
        defer { _ = run("rm -r \(folder)") }
        #expect(run("age-keygen -o made 2>/dev/null && age-keygen -y made > recipient") == 0)
        let made = try VectorFile.bytes("\(folder)/made").withUnsafeBytes { try AgeIdentityFile.read($0) }
        let recipients = try VectorFile.bytes("\(folder)/recipient").withUnsafeBytes { try AgeRecipientsFile.read($0) }
        #expect(made.map(\.recipient) == recipients && made.count == 1)
        let identity = try AgeIdentity.random()
        try write("identity", identity.withText { Array($0) })
        #expect(run("age-keygen -y identity > recipient") == 0)
        #expect(String(decoding: VectorFile.bytes("\(folder)/recipient"), as: UTF8.self) == "\(identity.recipient)\n")
    }
}
