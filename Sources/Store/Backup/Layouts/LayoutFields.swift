/// Finds fields in stored bytes by their layout, without making anything of the others.
struct LayoutFields {
    private var reader: FieldReader
    private let bytes: UnsafeRawBufferPointer

    /// - Returns: the bytes of the top-level fields of these names, without the length in front of them.
    /// - Throws: `damaged` where the bytes do not fit the layout.
    static func find(_ names: Set<String>, in bytes: UnsafeRawBufferPointer, _ layout: Layout) throws(StoreError) -> [String: [UInt8]] {
        var walk = LayoutFields(bytes)
        guard try walk.reader.raw(layout.prefix.count) == layout.prefix else {
            throw StoreError(.unknownFormat, "a document has a format that this version does not know")
        }
        var found: [String: [UInt8]] = [:]
        for field in layout.fields where found.count < names.count {
            let value = try walk.value(field.type)
            if names.contains(field.name) { found[field.name] = Array(value) }
        }
        return found
    }

    private init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        reader = FieldReader(bytes, "a document")
    }

    /// Goes past a value; what it gives back is of use for numbers and text.
    private mutating func value(_ type: LayoutType) throws(StoreError) -> UnsafeRawBufferPointer {
        let start = reader.position
        switch type {
        case .bool, .u8, .word: return try reader.slice(1)
        case .u16: return try reader.slice(2)
        case .u32, .hashKey: return try reader.slice(4)
        case .u64, .i64: return try reader.slice(8)
        case .text(let length), .bytes(let length), .binary(let length), .embedded(let length, _):
            return try reader.slice(try count(length))
        case .list(let length, let element): for _ in 0..<(try count(length)) { _ = try value(element) }
        case .map(let length): for _ in 0..<(try count(length)) * 2 { _ = try value(.string) }
        case .optional(let type): if try reader.bool() { _ = try value(type) }
        case .record(let fields): for field in fields { _ = try value(field.type) }
        case .cases(let cases):
            let code = try reader.u8()
            guard let one = cases.first(where: { $0.code == code }) else { throw StoreError(.damaged, "a document has fields that do not fit") }
            if !one.isEmpty { _ = try value(one.field.type) }
        }
        return UnsafeRawBufferPointer(rebasing: bytes[start..<reader.position])
    }

    private mutating func count(_ length: LayoutLength) throws(StoreError) -> Int {
        switch length {
        case .u16: Int(try reader.u16())
        case .u32: Int(try reader.u32())
        case .fixed(let count): count
        case .rest: reader.remaining
        }
    }
}
