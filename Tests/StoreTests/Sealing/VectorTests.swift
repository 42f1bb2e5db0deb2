import Foundation
import Testing

@testable import CofferStore

/// Known answers for everything that lies on the disk: a change of a layout must be meant, and needs a new format number.
///
/// `COFFER_WRITE_VECTORS=1` writes the files anew (by ``VectorMaker``); otherwise they are read.
@Suite("Layout vectors")
struct VectorTests {
    private static func guarded(_ bytes: [UInt8]) throws -> GuardedBytes { try bytes.withUnsafeBytes { try GuardedBytes(copying: $0) } }

    private static func suite(_ number: String) -> CofferStore.Suite { number == "02" ? .aes256gcm : .xchacha20poly1305 }

    @Test("records open", arguments: ["record-xchacha20-poly1305", "record-aes-256-gcm"])
    func records(file: String) throws {
        let vector = try Vector(file)
        let suite = Self.suite(try vector.text("suite"))
        let key = try Self.guarded(try vector.bytes("record key"))
        var keyring = try Keyring.random(sealLimit: 1, recordSuite: suite, now: 1_700_000_000_000)
        keyring.entries[0].key = key
        keyring.entries[0].id = UInt32(try vector.text("key id"))!
        // With and without AES instructions.
        for hardware in Set([CofferStore.Suite.machineHasAES, false]) {
            let keys = try KeySet(root: try .random(count: 32), keyring: keyring, aesHardware: hardware)
            let plaintext = try RecordTests.open(try vector.bytes("record"), .values, try vector.bytes("lmdb key"), keys)
            #expect(plaintext == (try vector.bytes("plaintext")))
        }
        // The plaintext is a value's: it can be composed again.
        let plaintext = try vector.bytes("plaintext")
        let value = VectorMaker.value
        #expect(withExtendedLifetime(value) { Array(value.bytes) } == plaintext)
        let trailer = try #require(plaintext.withUnsafeBytes { ValueTrailer($0) })
        #expect(trailer.valueLength == 12 && trailer.contentTypeLength == 10 && trailer.hiddenFrom == 1_800_000_000_000)
        #expect(trailer.expires == 1_900_000_000_000 && trailer.revision == 7 && trailer.tenant == 3 && trailer.nameLength == 11)
    }

    @Test("slots open", arguments: ["slot-key-file", "slot-recovery", "slot-credential", "slot-passphrase"])
    func slots(file: String) throws {
        let vector = try Vector(file)
        let bytes = try vector.bytes("slot")
        let slot = try bytes.withUnsafeBytes { (bytes) throws in
            var reader = FieldReader(bytes, "a slot")
            let slot = try Slot(from: &reader)
            try reader.finish()
            return slot
        }
        let secret = try vector.bytes("secret")
        let root = try secret.withUnsafeBytes { try slot.unwrap(storeID: try vector.bytes("store id"), secret: $0) }
        #expect(root.copy == (try vector.bytes("root")))
        var writer = FieldWriter()
        slot.encode(to: &writer)
        #expect(writer.bytes == bytes)
        #expect(slot.label == "vector" && slot.created == 1_700_000_000_000 && slot.id == 5)
    }

    @Test("the header opens, its keyring too; also one whose keyring has no dates yet", arguments: ["header", "header-keyring-1"])
    func header(file: String) throws {
        let vector = try Vector(file)
        let bytes = try vector.bytes("header")
        let header = try bytes.withUnsafeBytes { try Header(decoding: $0) }
        #expect(header.storeID == (try vector.bytes("store id")))
        let secret = try vector.bytes("secret")
        let root = try secret.withUnsafeBytes { try header.slots[0].unwrap(storeID: header.storeID, secret: $0) }
        try header.authenticate(root: root)
        let keyring = try header.openKeyring(root: root)
        let clear = try vector.bytes("keyring")
        let format = file == "header" ? 2 : 1
        #expect(clear.first == UInt8(format))
        if format == 2 { #expect(try keyring.encoded().copy == clear) }
        #expect(keyring.entries.allSatisfy { $0.created == (format == 2 ? 1_700_000_000_000 : 0) })
        let read = try clear.withUnsafeBytes { try Keyring(decoding: $0) }
        #expect(read.entries.map { $0.key.copy } == keyring.entries.map { $0.key.copy })
        #expect(try header.encoded(root: root) == bytes)
        #expect(keyring.entries.map(\.purpose) == KeyPurpose.allCases)
        // What the keys are divided into.
        let keys = try KeySet(root: root, keyring: keyring, aesHardware: false)
        #expect(keys.nameHash(.secrets, tenant: 3, name: Array("app/api-key".utf8)) == (try vector.bytes("name hash")))
        #expect(keys.setHashKey.copy == (try vector.bytes("set hash key")))
        #expect(keys.counterKey.copy == (try vector.bytes("counter key")))
        #expect(keys.digestKey.copy == (try vector.bytes("digest key")))
    }

    @Test("what lies inside of records encodes as before", arguments: VectorMaker.plain.keys.sorted())
    func plain(file: String) throws {
        let bytes = try Vector(file).bytes("bytes")
        #expect(VectorMaker.plain[file] == bytes)
        switch file {
        case "name-record": #expect(try NameRecord(decoding: bytes) == VectorMaker.nameRecord)
        case "head": #expect(try Head(decoding: bytes).contents == VectorMaker.head.contents)
        case "name-page": #expect(try NamePage(decoding: bytes).entries == VectorMaker.page.entries)
        case "change-log": #expect(try ChangeLog.decode(bytes, revision: 9) == VectorMaker.changes)
        default: break
        }
    }

    @Test("recovery key")
    func recoveryKey() throws {
        let vector = try Vector("recovery-key")
        let text = try vector.text("text")
        let key = try Array(text.utf8).withUnsafeBytes { try RecoveryKey.parse($0) }
        #expect(key.copy == (try vector.bytes("key")))
        #expect(RecoveryKey.format(key.bytes) == text)
    }

    @Test("writes the files anew", .enabled(if: ProcessInfo.processInfo.environment["COFFER_WRITE_VECTORS"] != nil))
    func write() throws { try VectorMaker.write() }
}

/// A file of `name: value` lines; values are hex unless asked for as text. Lines of one name are put together.
struct Vector {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/../../Vectors/store/"
    private var fields: [String: String] = [:]
    private let file: String

    init(_ file: String) throws {
        self.file = file
        let text = try String(contentsOfFile: Self.folder + file + ".txt", encoding: .utf8)
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let parts = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            fields[parts[0], default: ""] += parts.count > 1 ? parts[1] : ""
        }
    }

    func text(_ field: String) throws -> String { try #require(fields[field], "\(file) has no \(field)") }

    func bytes(_ field: String) throws -> [UInt8] {
        let digits = try text(field).filter { $0 != " " }
        return stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(digits.dropFirst($0).prefix(2), radix: 16) }
    }
}
