import Glibc
import Testing

@testable import CofferFormats

@Suite("SQLite databases")
struct SQLiteReaderTests {
    private static let row = "INSERT INTO tokens (user_id, key, unlimited_quota) VALUES (1, 'hunter2', 1)"

    @Test("are told from other files by their first bytes")
    func recognition() throws {
        let database = try ScratchDatabase.newapi()
        #expect(LegacySystem.isDatabase(database.path))
        try database.overwrite(Array("SQLite format 3".utf8))
        #expect(!LegacySystem.isDatabase(database.path))
        try database.overwrite([])
        #expect(!LegacySystem.isDatabase(database.path))
        #expect(!LegacySystem.isDatabase(database.folder))
        #expect(!LegacySystem.isDatabase(database.folder + "/nothing"))
    }

    @Test("say what they are where they are not one")
    func notADatabase() throws {
        let database = try ScratchDatabase()
        try database.overwrite(Array("hunter2".utf8) + [UInt8](repeating: 65, count: 200))
        #expect(database.complaint() == "the file is not a SQLite database, or it is encrypted")
        unlink(database.path)
        #expect(database.complaint().hasPrefix("the database cannot be opened"))
        // Reading makes no file.
        #expect(access(database.path, F_OK) != 0)
    }

    @Test("have at least one of the tables")
    func noTables() throws {
        let database = try ScratchDatabase("CREATE TABLE channels (id integer)")
        #expect(database.complaint() == "it has none of the tables users, tokens")
        try database.overwrite([])
        #expect(database.complaint() == "it has none of the tables users, tokens")
    }

    @Test("that are cut off or scribbled over are damaged, and no row of them is told")
    func damaged() throws {
        let database = try ScratchDatabase.newapi()
        for _ in 0..<400 {
            try database.run("INSERT INTO tokens (user_id, key) VALUES (1, 'hunter2' || hex(randomblob(60)))")
        }
        database.close()
        let whole = try database.bytes()
        #expect(try database.read().leftOut.count == 400, "not null columns are missing")
        for length in [100, 512, 4_096, 5_000, whole.count / 2, whole.count - 4_096] {
            try database.overwrite(Array(whole[..<length]))
            let complaint = database.complaint()
            #expect(!complaint.isEmpty, "\(length) bytes were taken")
            #expect(!complaint.contains("hunter2"))
        }
        for start in stride(from: 4_096, to: whole.count, by: 4_096) {
            var broken = whole
            for index in start..<min(start + 16, broken.count) { broken[index] = 0xFF }
            try database.overwrite(broken)
            #expect(!database.complaint().contains("hunter2"))
        }
    }

    @Test("are read with the log beside them, also while their owner has them open, and stay as they are")
    func writeAheadLog() throws {
        let database = try ScratchDatabase("PRAGMA journal_mode = WAL", "PRAGMA wal_autocheckpoint = 0")
        try database.run(ScratchDatabase.tokens)
        try database.run("INSERT INTO tokens (user_id, key, remain_quota, unlimited_quota) VALUES (1, 'fromthelog', 5, 1)")
        let before = try database.bytes()
        let result = try database.read()
        #expect(result.rows.map { $0.secret("key") } == ["fromthelog"])
        #expect(try database.bytes() == before)
        // A writer in the middle of a change: the state before it.
        try database.run("BEGIN IMMEDIATE; UPDATE tokens SET key = 'changed'")
        #expect(try database.read().rows.map { $0.secret("key") } == ["fromthelog"])
    }

    @Test("run nothing of their own: views, virtual tables and triggers are left alone")
    func nothingRuns() throws {
        let database = try ScratchDatabase(
            "CREATE TABLE hidden (id integer, key text)", "INSERT INTO hidden VALUES (1, 'hunter2')",
            "CREATE VIEW tokens AS SELECT id, key, 1 AS user_id FROM hidden")
        #expect(database.complaint() == "it has none of the tables users, tokens")
    }

    @Test("with odd names in their path", arguments: ["a b?mode=rwc", "100%#x", "ü'\""])
    func oddPaths(_ name: String) throws {
        let database = try ScratchDatabase.newapi(Self.row)
        database.close()
        let odd = database.folder + "/" + name
        try #require(rename(database.path, odd) == 0)
        defer { unlink(odd) }
        #expect(try LegacySystem.newapi.read(database: odd).rows.count == 1)
    }

    @Test("name tables and columns that are not taken, once")
    func others() throws {
        let database = try ScratchDatabase.newapi(
            "CREATE TABLE channels (id integer, key text)", "CREATE TABLE logs (id integer)", Self.row,
            "INSERT INTO tokens (user_id, key, unlimited_quota) VALUES (1, 'b', 1)")
        #expect(try database.read().remarks == [
            "tables that are not taken: channels, logs", "columns of users that are not taken: github_id, aff_code",
        ])
    }

    @Test("in UTF-16 are read as any others")
    func utf16() throws {
        let database = try ScratchDatabase("PRAGMA encoding = 'UTF-16'", ScratchDatabase.tokens)
        try database.run("INSERT INTO tokens (user_id, key, name, unlimited_quota) VALUES (1, 'abc', 'é🔑', 1)")
        let row = try #require(try database.read().rows.first)
        #expect(row["name"] == "é🔑")
        #expect(row.secret("key") == "abc")
    }
}
