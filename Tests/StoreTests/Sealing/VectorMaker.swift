import Foundation

@testable import CofferStore

/// Makes the vectors. What is drawn at random (nonces, salts) differs with each run; the rest is fixed.
enum VectorMaker {
    private static func counting(_ from: UInt8, _ count: Int = 32) -> [UInt8] { (0..<count).map { from &+ UInt8($0) } }
    private static let nameBytes = Array("app/api-key".utf8)
    private static let storeID = counting(0xC0, 16)

    static var value: SecretBuffer {
        let value = bytes("correct horse".replacing(" ", with: ""))
        defer { withExtendedLifetime(value) {} }
        return ValueTrailer.compose(
            value: value.bytes, contentType: "text/plain", hiddenFrom: 1_800_000_000_000, expires: 1_900_000_000_000, revision: 7,
            tenant: 3, name: nameBytes)
    }

    static var nameRecord: NameRecord {
        var record = NameRecord(tenant: 3, name: name("app/api-key"), now: 1_700_000_000_000)
        record.active = 2
        record.latest = 4
        record.deleted = 5
        record.purged = true
        record.updated = 1_700_000_000_001
        record.revision = 9
        record.keepLast = 12
        record.deleteAfter = 86_400_000
        record.metadata = [.init(key: "owner", value: "é")]
        record.tags = ["a", "b"]
        record.versions = [
            .init(version: 2, created: 10, expires: 20, deleted: 30, destroyed: false, size: 40, contentType: "text/plain", createdBy: "uid:0"),
            .init(version: 4, created: 11, expires: 0, deleted: 0, destroyed: true, size: 0, contentType: "", createdBy: ""),
        ]
        return record
    }

    static var head: Head {
        var head = Head(incarnation: counting(1, 16))
        head.revision = 2
        head.time = 3
        head.nextPageID = 4
        head.listedNames = 5
        head.oldestLogged = 6
        head.oldestIdempotency = 7
        head.nextIdempotency = 8
        for (number, table) in [Table.values, .policies].enumerated() {
            head.contents[table] = Head.Content(count: UInt64(number + 10))
            head.contents[table]?.hash.add(counting(UInt8(number)))
        }
        return head
    }

    static var page: NamePage {
        NamePage(entries: [
            .init(place: NamePage.place(tenant: 1, name: Array("app/a".utf8)), deleted: false),
            .init(place: NamePage.place(tenant: 1, name: Array("app/abc".utf8)), deleted: true),
            .init(place: NamePage.place(tenant: 2, name: Array("app/abc".utf8)), deleted: false),
        ])
    }

    static var changes: [Change] {
        [
            Change(revision: 9, ordinal: 0, lastOfRevision: false, table: .secrets, tenant: 1, name: nameBytes, operation: .put, version: 3, activeChanged: true),
            Change(revision: 9, ordinal: 1, lastOfRevision: true, table: .policies, tenant: 1, name: [112], operation: .destroy, version: 0, activeChanged: false),
        ]
    }

    /// What is the same in each run.
    static var plain: [String: [UInt8]] {
        ["name-record": nameRecord.encoded(), "head": head.encoded(), "name-page": page.encoded(), "change-log": ChangeLog.encode(changes)]
    }

    // MARK: Writing

    private static func guarded(_ bytes: [UInt8]) throws -> GuardedBytes { try bytes.withUnsafeBytes { try GuardedBytes(copying: $0) } }

    private static func write(_ file: String, _ fields: [(String, String)]) throws {
        try FileManager.default.createDirectory(atPath: Vector.folder, withIntermediateDirectories: true)
        let text = fields.map { "\($0.0): \($0.1)\n" }.joined()
        try Data(text.utf8).write(to: URL(fileURLWithPath: Vector.folder + file + ".txt"))
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }

    static func write() throws {
        try Sodium.initialise()
        for (file, bytes) in plain { try write(file, [("bytes", hex(bytes))]) }
        let root = try guarded(counting(0x10))
        try write("recovery-key", [("text", RecoveryKey.format(root.bytes)), ("key", hex(root.copy))])
        for suite in RecordTests.suites {
            let key = counting(0x40)
            let lmdbKey = counting(0x80, 24)
            let value = value
            let record = Record.seal(
                value.bytes, table: .values, key: lmdbKey,
                with: RecordKey(id: 258, cipher: try Cipher(suite: suite, key: try guarded(key), aesHardware: true)))
            try write("record-" + suite.name, [
                ("suite", hex([suite.rawValue])), ("key id", "258"), ("record key", hex(key)), ("lmdb key", hex(lmdbKey)),
                ("plaintext", hex(Array(value.bytes))), ("record", hex(record)),
            ])
        }
        for (file, kind, secret) in [
            ("slot-key-file", SlotSummary.Kind.keyFile, counting(0x20)), ("slot-recovery", .recovery, counting(0x21)),
            ("slot-credential", .credential, counting(0x22)), ("slot-passphrase", .passphrase, Array("correct horse battery staple".utf8)),
        ] {
            let slot = try secret.withUnsafeBytes {
                try Slot.wrap(root: root, storeID: storeID, id: 5, kind: kind, label: "vector", created: 1_700_000_000_000, secret: $0)
            }
            var writer = FieldWriter()
            slot.encode(to: &writer)
            try write(file, [("store id", hex(storeID)), ("secret", hex(secret)), ("root", hex(root.copy)), ("slot", hex(writer.bytes))])
        }
        var keyring = try Keyring.random(sealLimit: 1 << 30, recordSuite: .xchacha20poly1305, now: 1_700_000_000_000)
        for index in keyring.entries.indices { keyring.entries[index].key = try guarded(counting(UInt8(index * 16))) }
        let secret = counting(0x20)
        let slot = try secret.withUnsafeBytes {
            try Slot.wrap(root: root, storeID: storeID, id: 1, kind: .keyFile, label: "é", created: 1_700_000_000_000, secret: $0)
        }
        var header = Header(storeID: storeID, slots: [slot], sealedKeyring: [])
        try header.seal(keyring, root: root, now: 1_700_000_000_000)
        let keys = try KeySet(root: root, keyring: keyring, aesHardware: false)
        try write("header", [
            ("store id", hex(storeID)), ("secret", hex(secret)), ("header", hex(try header.encoded(root: root))),
            ("keyring", hex(try keyring.encoded().copy)), ("name hash", hex(keys.nameHash(.secrets, tenant: 3, name: nameBytes))),
            ("set hash key", hex(keys.setHashKey.copy)), ("counter key", hex(keys.counterKey.copy)), ("digest key", hex(keys.digestKey.copy)),
        ])
    }
}
