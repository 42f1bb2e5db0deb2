import CSodium

/// A key of the keyring (formats.md 1).
final class RecordKey: @unchecked Sendable {
    let id: UInt32
    let cipher: Cipher

    init(id: UInt32, cipher: Cipher) {
        self.id = id
        self.cipher = cipher
    }
}

/// What a key is for.
enum KeyPurpose: UInt8, Sendable, CaseIterable {
    case records = 1
    case names = 2
    case apiKeyHash = 3
    case sessionSigning = 4
    case audit = 5
    case clientCache = 6
}

enum KeyState: UInt8, Sendable {
    case sealing = 1
    case openingOnly = 2
    /// Opening only, and on its way out: what it sealed is sealed anew, then it is dropped. With this in the keyring a run that was
    /// interrupted goes on by itself.
    case leaving = 3
    /// The same, held by a person.
    case held = 4
}

/// One entry of the keyring. Its numbers change, its key does not.
struct KeyringEntry: Sendable {
    var id: UInt32
    var purpose: KeyPurpose
    var suite: Suite
    var state: KeyState
    /// Seals that were reserved so far: at least as many as were made.
    var sealCount: UInt64
    var limit: UInt64
    var key: GuardedBytes
    /// Unix milliseconds; 0: not known (a keyring of format 1, which is dated when it is written next).
    var created: UInt64 = 0

    /// How many seals are reserved at a time (formats.md 10).
    var reservationStep: UInt64 { max(limit / 1_024, 1) }
}

/// The independent random keys of a store, as the root key seals them in the header.
struct Keyring: Sendable {
    var entries: [KeyringEntry]

    /// Format 2 has the moment at which a key was drawn, so that keys can go by their age. Format 1 is still read.
    private static let format: UInt8 = 2
    private static let undatedFormat: UInt8 = 1
    private static let entrySize = 4 + 1 + 1 + 1 + 8 + 8 + 8 + 32

    /// A new store's keys.
    /// - Parameter now: Unix milliseconds.
    static func random(sealLimit: UInt64, recordSuite: Suite, now: UInt64) throws(StoreError) -> Keyring {
        var entries: [KeyringEntry] = []
        for (index, purpose) in KeyPurpose.allCases.enumerated() {
            entries.append(KeyringEntry(
                id: UInt32(index + 1), purpose: purpose, suite: purpose == .records ? recordSuite : .xchacha20poly1305,
                state: .sealing, sealCount: 0, limit: sealLimit, key: try .random(count: 32), created: now))
        }
        return Keyring(entries: entries)
    }

    func entry(_ purpose: KeyPurpose) throws(StoreError) -> KeyringEntry {
        guard let entry = entries.first(where: { $0.purpose == purpose && $0.state == .sealing }) else {
            throw StoreError(.damaged, "the keyring has no key for \(purpose)")
        }
        return entry
    }

    /// Retires the sealing key for records and adds a new one.
    /// - Parameter retired: what becomes of the one that sealed.
    mutating func advanceRecordKey(suite: Suite, sealLimit: UInt64, now: UInt64, retired: KeyState = .openingOnly) throws(StoreError) {
        setRecordKeys(.sealing, to: retired)
        let id = (entries.map(\.id).max() ?? 0) + 1
        entries.append(KeyringEntry(
            id: id, purpose: .records, suite: suite, state: .sealing, sealCount: 0, limit: sealLimit, key: try .random(count: 32),
            created: now))
    }

    var recordKeys: [KeyringEntry] { entries.filter { $0.purpose == .records } }

    /// Record keys that are on their way out.
    var leaving: Set<UInt32> { Set(recordKeys.filter { $0.state == .leaving }.map(\.id)) }

    mutating func setRecordKeys(_ from: KeyState, to state: KeyState) {
        for index in entries.indices where entries[index].purpose == .records && entries[index].state == from { entries[index].state = state }
    }

    /// Gives the keys of an older keyring a date: that of the first writing that could note one.
    mutating func dateUndated(now: UInt64) {
        for index in entries.indices where entries[index].created == 0 { entries[index].created = now }
    }

    /// The keyring in the clear, in guarded memory.
    func encoded() throws(StoreError) -> GuardedBytes {
        try GuardedBytes(count: 1 + 2 + entries.count * Self.entrySize) { output in
            var offset = 0
            func put<T: FixedWidthInteger>(_ value: T) {
                output.storeBytes(of: value.bigEndian, toByteOffset: offset, as: T.self)
                offset += MemoryLayout<T>.size
            }
            put(Self.format)
            put(UInt16(truncatingIfNeeded: entries.count))
            for entry in entries {
                put(entry.id)
                put(entry.purpose.rawValue)
                put(entry.suite.rawValue)
                put(entry.state.rawValue)
                put(entry.sealCount)
                put(entry.limit)
                put(entry.created)
                UnsafeMutableRawBufferPointer(rebasing: output[offset..<(offset + 32)]).copyMemory(from: entry.key.bytes)
                offset += 32
            }
        }
    }

    init(entries: [KeyringEntry]) { self.entries = entries }

    init(decoding bytes: UnsafeRawBufferPointer) throws(StoreError) {
        var reader = FieldReader(bytes, "the keyring")
        let format = try reader.u8()
        guard format == Self.format || format == Self.undatedFormat else { throw StoreError(.unknownFormat, "the keyring has format \(format)") }
        entries = []
        for _ in 0..<(try reader.u16()) {
            let id = try reader.u32()
            let purpose = try reader.u8()
            let suite = try reader.u8()
            let state = try reader.u8()
            let sealCount = try reader.u64()
            let limit = try reader.u64()
            let created = format == Self.undatedFormat ? 0 : try reader.u64()
            let key = try GuardedBytes(copying: try reader.slice(32))
            guard let purpose = KeyPurpose(rawValue: purpose) else {
                throw StoreError(.unknownFormat, "key \(id) has purpose \(purpose), which this version does not know")
            }
            guard let suite = Suite(rawValue: suite) else {
                throw StoreError(.unknownSuite, "key \(id) has suite \(suite), which this version does not know")
            }
            guard let state = KeyState(rawValue: state) else {
                throw StoreError(.unknownFormat, "key \(id) has state \(state), which this version does not know")
            }
            entries.append(KeyringEntry(
                id: id, purpose: purpose, suite: suite, state: state, sealCount: sealCount, limit: limit, key: key,
                created: created))
        }
        try reader.finish()
    }
}
