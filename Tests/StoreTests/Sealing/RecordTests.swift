import Testing

@testable import CofferStore

@Suite("Records")
struct RecordTests {
    static func keys(_ suite: CofferStore.Suite, aesHardware: Bool = CofferStore.Suite.machineHasAES) throws -> KeySet {
        try Sodium.initialise()
        return try KeySet(
            root: try .random(count: 32), keyring: try .random(sealLimit: 1 << 20, recordSuite: suite, now: 1), aesHardware: aesHardware)
    }

    static func open(_ record: [UInt8], _ table: Table, _ key: [UInt8], _ keys: KeySet) throws(StoreError) -> [UInt8] {
        let result: Result<[UInt8], StoreError> = record.withUnsafeBytes { record in
            key.withUnsafeBytes { key in
                do throws(StoreError) { return .success(try Record.open(record, table: table, key: key, keys: keys)) } catch { return .failure(error) }
            }
        }
        return try result.get()
    }

    static var suites: [CofferStore.Suite] { CofferStore.Suite.machineHasAES ? [.xchacha20poly1305, .aes256gcm] : [.xchacha20poly1305] }
    static let key = [UInt8](0..<24)

    @Test("sealed and opened, of every length", arguments: suites)
    func roundTrip(suite: CofferStore.Suite) throws {
        let keys = try Self.keys(suite)
        for length in Array(0...64) + [1_000, 65_536, 1_048_576 + 900] {
            let plaintext = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let record = Record.seal(plaintext, table: .values, key: Self.key, with: keys.sealing)
            #expect(record.count == 5 + suite.nonceSize + length + 16)
            #expect(try Self.open(record, .values, Self.key, keys) == plaintext)
        }
    }

    @Test("every flipped bit fails", arguments: suites)
    func flips(suite: CofferStore.Suite) throws {
        let keys = try Self.keys(suite)
        for length in [0, 1, 37, 200] {
            let record = Record.seal([UInt8](repeating: 0x5A, count: length), table: .values, key: Self.key, with: keys.sealing)
            for bit in 0..<(record.count * 8) {
                var wrong = record
                wrong[bit / 8] ^= 1 << UInt8(bit % 8)
                let expected: StoreError.Code = bit < 8 ? .unknownFormat : bit < 40 ? .unknownKey : .damaged
                #expect(code { _ = try Self.open(wrong, .values, Self.key, keys) } == expected)
            }
        }
    }

    @Test("every truncation and extension fails", arguments: suites)
    func lengths(suite: CofferStore.Suite) throws {
        let keys = try Self.keys(suite)
        let record = Record.seal([UInt8](repeating: 1, count: 100), table: .values, key: Self.key, with: keys.sealing)
        for count in 0..<record.count { #expect(code { _ = try Self.open(Array(record[..<count]), .values, Self.key, keys) } == .damaged) }
        for extra in 1...40 {
            #expect(code { _ = try Self.open(record + [UInt8](repeating: 0, count: extra), .values, Self.key, keys) } == .damaged)
        }
    }

    @Test("a record opens only with its table, its key and its key id", arguments: suites)
    func relocation(suite: CofferStore.Suite) throws {
        let keys = try Self.keys(suite)
        let places = (0..<25).flatMap { name in
            [Table.values, .secrets, .namePages, .head].map { (table: $0, key: [UInt8](repeating: UInt8(name), count: name)) }
        }
        let records = places.map { Record.seal([1, 2, 3], table: $0.table, key: $0.key, with: keys.sealing) }
        for (index, record) in records.enumerated() {
            for (other, place) in places.enumerated() {
                let found = code { _ = try Self.open(record, place.table, place.key, keys) }
                #expect(found == (index == other ? nil : .damaged))
            }
        }
        // LMDB keys and records of a damaged file may have any length.
        #expect(code { _ = try Self.open(records[0], .values, [UInt8](repeating: 0, count: 511), keys) } == .damaged)
    }

    @Test("another key id of the same keyring does not open it, an unknown one is named")
    func keyIDs() throws {
        var keyring = try Keyring.random(sealLimit: 1 << 20, recordSuite: .xchacha20poly1305, now: 1)
        let root = try GuardedBytes.random(count: 32)
        let before = try KeySet(root: root, keyring: keyring, aesHardware: false)
        let record = Record.seal([1], table: .values, key: Self.key, with: before.sealing)
        try keyring.advanceRecordKey(suite: .xchacha20poly1305, sealLimit: 1 << 20, now: 2)
        let after = try KeySet(root: root, keyring: keyring, aesHardware: false)
        #expect(after.sealing.id == 7)
        #expect(try Self.open(record, .values, Self.key, after) == [1])
        var wrong = record
        wrong[4] = 7
        #expect(code { _ = try Self.open(wrong, .values, Self.key, after) } == .damaged)
        // The id of a key of another purpose.
        wrong[4] = 2
        #expect(code { _ = try Self.open(wrong, .values, Self.key, after) } == .unknownKey)
        let fresh = Record.seal([1], table: .values, key: Self.key, with: after.sealing)
        #expect(code { _ = try Self.open(fresh, .values, Self.key, before) } == .unknownKey)
    }

    @Test("AES records open without AES instructions, and their flips fail there too")
    func withoutHardware() throws {
        guard CofferStore.Suite.machineHasAES else { return }
        let keyring = try Keyring.random(sealLimit: 1 << 20, recordSuite: .aes256gcm, now: 1)
        let root = try GuardedBytes.random(count: 32)
        let hardware = try KeySet(root: root, keyring: keyring, aesHardware: true)
        let software = try KeySet(root: root, keyring: keyring, aesHardware: false)
        #expect(!software.sealing.cipher.canSeal)
        for length in [0, 1, 15, 16, 17, 1_000, 70_000] {
            let plaintext = [UInt8](repeating: UInt8(truncatingIfNeeded: length), count: length)
            let record = Record.seal(plaintext, table: .values, key: Self.key, with: hardware.sealing)
            #expect(try Self.open(record, .values, Self.key, software) == plaintext)
            var wrong = record
            wrong[record.count / 2] ^= 1
            #expect(code { _ = try Self.open(wrong, .values, Self.key, software) } == .damaged)
        }
    }

    @Test("no nonce comes twice in 100,000 seals", arguments: suites)
    func nonces(suite: CofferStore.Suite) throws {
        let keys = try Self.keys(suite)
        var seen: Set<[UInt8]> = []
        for _ in 0..<100_000 {
            let record = Record.seal([1], table: .values, key: Self.key, with: keys.sealing)
            seen.insert(Array(record[5..<(5 + suite.nonceSize)]))
        }
        #expect(seen.count == 100_000)
    }

    @Test("an unknown purpose, suite, state or format in the keyring is named")
    func keyringCodes() throws {
        let keyring = try Keyring.random(sealLimit: 5, recordSuite: .xchacha20poly1305, now: 1)
        let bytes = try keyring.encoded().copy
        func decode(_ offset: Int, _ value: UInt8) -> StoreError.Code? {
            var wrong = bytes
            wrong[offset] = value
            return code { _ = try wrong.withUnsafeBytes { try Keyring(decoding: $0) } }
        }
        #expect(decode(0, 3) == .unknownFormat)
        #expect(decode(3 + 4, 7) == .unknownFormat)
        #expect(decode(3 + 5, 9) == .unknownSuite)
        #expect(decode(3 + 6, 5) == .unknownFormat)
        #expect(decode(2, 7) == .damaged)
        #expect(decode(2, 5) == .damaged)
        let again = try bytes.withUnsafeBytes { try Keyring(decoding: $0) }
        #expect(try again.encoded().copy == bytes)
    }
}
