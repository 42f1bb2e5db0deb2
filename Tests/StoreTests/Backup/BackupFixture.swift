@testable import CofferStore

/// Generates bytes that fit a layout.
struct LayoutBytes {
    var generator = SeededGenerator(seed: 1)
    let hashKeys: [UInt32]

    mutating func make(_ layout: Layout) -> [UInt8] {
        var bytes = layout.prefix
        for field in layout.fields { value(field.type, layout.isLittleEndian, &bytes) }
        return bytes
    }

    mutating func number(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &generator) }

    private func put(_ value: some FixedWidthInteger, _ little: Bool, _ bytes: inout [UInt8]) {
        withUnsafeBytes(of: little ? value.littleEndian : value.bigEndian) { bytes += $0 }
    }

    /// The bytes that lie at the edges as often as any.
    private mutating func integer<T: FixedWidthInteger & UnsignedInteger>(_ type: T.Type) -> T {
        switch number(4) {
        case 0: 0
        case 1: T.max
        case 2: T(truncatingIfNeeded: (1 as UInt64) << 53 &- UInt64(number(3)))
        default: T.random(in: 0...T.max, using: &generator)
        }
    }

    private mutating func text() -> [UInt8] {
        let pieces = ["a", "/", "\"", "\\", "\n", "\t", "\u{1}", "\u{1f}", "\u{7f}", "é", "测", "😀", " ", "\r", "\u{8}", "\u{c}", "\u{0}"]
        return (0..<number(6)).flatMap { _ in Array(pieces[number(pieces.count)].utf8) }
    }

    private mutating func raw() -> [UInt8] { number(2) == 0 ? text() : (0..<number(9)).map { _ in UInt8(number(256)) } }

    private mutating func put(_ value: [UInt8], _ length: LayoutLength, _ little: Bool, _ bytes: inout [UInt8]) {
        switch length {
        case .u16: put(UInt16(value.count), little, &bytes)
        case .u32: put(UInt32(value.count), little, &bytes)
        case .fixed(let count): return bytes += (value + [UInt8](repeating: 0xA5, count: count)).prefix(count)
        case .rest: break
        }
        bytes += value
    }

    private mutating func value(_ type: LayoutType, _ little: Bool, _ bytes: inout [UInt8]) {
        switch type {
        case .bool: bytes.append(UInt8(number(2)))
        case .u8: put(integer(UInt8.self), little, &bytes)
        case .u16: put(integer(UInt16.self), little, &bytes)
        case .u32: put(integer(UInt32.self), little, &bytes)
        case .u64, .i64: put(integer(UInt64.self), little, &bytes)
        case .hashKey: put(hashKeys[number(hashKeys.count)], little, &bytes)
        case .word(let words): bytes.append(words[number(words.count)].code)
        case .text(let length): put(text(), length, little, &bytes)
        case .bytes(let length), .binary(let length): put(raw(), length, little, &bytes)
        case .list(let length, let element):
            let count = number(4)
            put([], length, little, &bytes)
            // The count stands where the length of nothing was put.
            let size = if case .u16 = length { 2 } else { 4 }
            let place = bytes.count - size
            var patch: [UInt8] = []
            if size == 2 { put(UInt16(count), little, &patch) } else { put(UInt32(count), little, &patch) }
            bytes.replaceSubrange(place..., with: patch)
            for _ in 0..<count { value(element, little, &bytes) }
        case .map:
            let keys = Set((0..<number(4)).map { _ in text() })
            put(UInt16(keys.count), little, &bytes)
            for key in keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
                put(key, .u16, little, &bytes)
                put(text(), .u16, little, &bytes)
            }
        case .optional(let type):
            let isThere = number(2) == 1
            bytes.append(isThere ? 1 : 0)
            if isThere { value(type, little, &bytes) }
        case .record(let fields): for field in fields { value(field.type, little, &bytes) }
        case .cases(let cases):
            let chosen = cases[number(cases.count)]
            bytes.append(chosen.code)
            if !chosen.isEmpty { value(chosen.field.type, little, &bytes) }
        case .embedded(let length, let layout): put(number(2) == 0 ? make(layout) : raw(), length, little, &bytes)
        }
    }
}

/// The same numbers in each run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// A backup's text and what was said of it.
struct Exported {
    var bytes: [UInt8] = []
    var summary: BackupSummary
    var pieces = 0

    init(_ store: Store, daemon: String = "0.1.0") throws {
        var bytes: [UInt8] = []
        var pieces = 0
        summary = try store.exportBackup(daemon: daemon, progress: { _, _ in }, to: { (piece) throws(StoreError) in
            bytes += piece
            pieces += 1
        })
        self.bytes = bytes
        self.pieces = pieces
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }
    var lines: [String] { text.split(separator: "\n").map(String.init) }
}

/// Reads a whole backup in pieces of `size` bytes.
func items(_ bytes: [UInt8], size: Int = .max) throws(StoreError) -> (items: [BackupItem], summary: BackupSummary) {
    let reader = BackupLineReader()
    var result: [BackupItem] = []
    try bytes.withBytes { (bytes) throws(StoreError) in
        var rest = bytes
        while !rest.isEmpty {
            let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(size))
            try reader.update(piece) { (item) throws(StoreError) in result.append(item) }
            rest = UnsafeRawBufferPointer(rebasing: rest[piece.count...])
        }
    }
    return (result, try reader.finish())
}

func verify(_ bytes: [UInt8]) throws(StoreError) -> BackupSummary {
    var verifier = BackupVerifier()
    try bytes.withBytes { (bytes) throws(StoreError) in try verifier.update(bytes) }
    return try verifier.finish()
}

/// The message of the refusal; "" where there is none.
func refusal(_ text: String) -> String {
    do throws(StoreError) {
        _ = try verify(Array(text.utf8))
        return ""
    } catch {
        return error.description
    }
}

func written(_ items: [BackupItem]) throws(LineFault) -> [UInt8] {
    let output = LineBuffer()
    var writer = BackupLineWriter(output: output)
    for item in items {
        if case .key(let key) = item { writer.keyNumbers[key.number] = key.number }
        try writer.write(item)
        output.append("\n")
    }
    return Array(output.bytes)
}

extension Store {
    /// Some of everything that the store itself has rules for.
    func fillForBackup() throws {
        for index in 0..<5 { try set("app/\(index)", "value \(index)\n\"quoted\\\"") }
        try run(.put(NewVersion(
            name: name("bin/ary"), value: SecretBuffer([0, 255, 1]), expires: 1_800_000_000_000, contentType: "application/octet-stream",
            settings: SettingsChange(metadata: [("owner", "team"), ("Größe", "\u{1}")], tags: ["blue"], keepLast: 3, deleteAfter: 86_400_000))))
        try run(.put(NewVersion(name: name("empty"), value: SecretBuffer([]))))
        try set("app/0", "second")
        try set("app/1", "second")
        try run(.activate(name("app/1"), version: 1, expected: .any))
        try run(.delete(name("app/1"), version: 2, expected: .any))
        try run(.delete(name("app/2"), version: 0, expected: .any))
        try run(.destroy(name("app/3"), version: 0, expected: .any))
        try set("app/4", "third")
        try run(.destroy(name("app/4"), version: 1, expected: .any))
        try set("other/tenant", "x", tenant: 7)
        try run(.putDocument(.sequences, document("user"), SecretBuffer([1] + UInt64.max.bigEndianBytes), expected: .any))
        try run(.putDocument(.doors, document("newapi/price"), SecretBuffer([1] + UInt64(5).bigEndianBytes + Array("7.3".utf8)), expected: .any))
        let line = LayoutBytes(hashKeys: [1]).withoutChange(.requestLine)
        for step: BudgetStep in [
            .make("k/1", 1_000), .make("u/1", 500), .make("k/2", -5, unlimited: true), .reserve("k/1", "r-1", 10, wallet: "u/1"),
            .reserve("k/1", "r-2", 20), .reserve("k/1", "r-3", 30),
        ] { try run(.budget(step)) }
        try run(.budget(.settle(budget: document("k/1"), requestID: document("r-2"), amount: 15, line: line)))
        try run(.budget(.settle(budget: document("k/1"), requestID: document("r-3"), amount: 30, line: [9, 9])))
    }
}

extension LayoutBytes {
    func withoutChange(_ layout: Layout) -> [UInt8] {
        var copy = self
        return copy.make(layout)
    }
}
