import CSQLite
import Glibc
import Testing

@testable import CofferFormats

/// A SQLite file in a folder of its own, made by statements.
final class ScratchDatabase {
    let folder: String
    var path: String { folder + "/one-api.db" }
    private var handle: OpaquePointer?

    init(_ statements: String...) throws {
        var template = Array("/tmp/coffer-formats-XXXXXX".utf8CString)
        folder = try #require(template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
        })
        for statement in statements { try run(statement) }
    }

    deinit {
        close()
        for suffix in ["", "-wal", "-shm", "-journal"] { unlink(path + suffix) }
        rmdir(folder)
    }

    /// The connection stays open: others may read meanwhile.
    func run(_ statement: String) throws {
        if handle == nil { try #require(sqlite3_open(path, &handle) == SQLITE_OK) }
        try #require(sqlite3_exec(handle, statement, nil, nil, nil) == SQLITE_OK, "\(String(cString: sqlite3_errmsg(handle)))")
    }

    func close() {
        sqlite3_close(handle)
        handle = nil
    }

    func bytes() throws -> [UInt8] {
        let file = try #require(fopen(path, "r"))
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        return Array(bytes[..<count])
    }

    func overwrite(_ bytes: [UInt8]) throws {
        close()
        let file = try #require(fopen(path, "w"))
        defer { fclose(file) }
        #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
    }

    func read(_ system: LegacySystem = .newapi) throws(FormatError) -> LegacyImport { try system.read(database: path) }

    /// What reading complains of; empty where it does not.
    func complaint() -> String {
        do throws(FormatError) {
            _ = try read()
            return ""
        } catch {
            return error.description
        }
    }
}

extension ScratchDatabase {
    /// The tables of new-api as its own migrations make them in SQLite, as far as they matter.
    static let users = """
        CREATE TABLE `users` (`id` integer PRIMARY KEY AUTOINCREMENT, `username` text UNIQUE, `password` text NOT NULL,
            `display_name` text, `role` integer DEFAULT 1, `status` integer DEFAULT 1, `email` text, `github_id` text,
            `access_token` char(32), `quota` integer DEFAULT 0, `used_quota` integer DEFAULT 0, `group` varchar(64) DEFAULT 'default',
            `aff_code` varchar(32), `deleted_at` datetime)
        """
    static let tokens = """
        CREATE TABLE `tokens` (`id` integer PRIMARY KEY AUTOINCREMENT, `user_id` integer, `key` char(48) UNIQUE,
            `status` integer DEFAULT 1, `name` text, `created_time` integer, `accessed_time` integer,
            `expired_time` integer DEFAULT -1, `remain_quota` integer DEFAULT 0, `unlimited_quota` numeric,
            `model_limits_enabled` numeric, `model_limits` varchar(1024) DEFAULT '', `allow_ips` text DEFAULT '',
            `used_quota` integer DEFAULT 0, `group` text DEFAULT '', `cross_group_retry` numeric, `auto_groups` text DEFAULT '',
            `deleted_at` datetime)
        """

    /// One that has both tables.
    static func newapi(_ statements: String...) throws -> ScratchDatabase {
        let database = try ScratchDatabase(users, tokens)
        for statement in statements { try database.run(statement) }
        return database
    }
}

extension LegacyRow {
    func secret(_ name: String) -> String? {
        secrets.first { $0.name == name }.map { String(decoding: $0.value, as: UTF8.self) }
    }

    /// The fields; of those that are JSON objects each member by itself: `attributes.tokenstool.shared`.
    var dictionary: [String: String] {
        var result: [String: String] = [:]
        for field in fields {
            guard ["attributes", "parameters", "expiries"].contains(field.name),
                let members = (try? JSONTree.read(Array(field.value.utf8)))?.members
            else {
                result[field.name] = field.value
                continue
            }
            for member in members {
                guard case .text(let text) = member.value else { continue }
                result["\(field.name).\(member.key)"] = String(decoding: text, as: UTF8.self)
            }
        }
        return result
    }
}

/// What was left out, as `origin: reason`.
extension LegacyImport {
    var refusals: [String] { leftOut.filter(\.isRefused).map { "\($0.origin): \($0.reason)" } }
    var skips: [String] { leftOut.filter { !$0.isRefused }.map { "\($0.origin): \($0.reason)" } }
}
