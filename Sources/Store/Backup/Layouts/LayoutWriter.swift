/// Writes stored bytes as JSON by their layout.
struct LayoutWriter {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    private let isLittleEndian: Bool
    private let output: LineBuffer
    /// The numbers that hash keys have in the file, by id.
    private let keyNumbers: [UInt32: UInt32]
    private var field = ""

    private init(_ bytes: UnsafeRawBufferPointer, isLittleEndian: Bool, to output: LineBuffer, keyNumbers: [UInt32: UInt32]) {
        self.bytes = bytes
        self.isLittleEndian = isLittleEndian
        self.output = output
        self.keyNumbers = keyNumbers
    }

    /// Writes the fields without the braces around them.
    static func write(
        _ bytes: UnsafeRawBufferPointer, _ layout: Layout, to output: LineBuffer, keyNumbers: [UInt32: UInt32] = [:]
    ) throws(LineFault) {
        guard bytes.starts(with: layout.prefix) else {
            throw LineFault(field: "", reason: "has a format that this version does not know", code: .unknownFormat)
        }
        let body = UnsafeRawBufferPointer(rebasing: bytes[layout.prefix.count...])
        var writer = LayoutWriter(body, isLittleEndian: layout.isLittleEndian, to: output, keyNumbers: keyNumbers)
        try writer.fields(layout.fields)
        guard writer.position == body.count else { throw LineFault(field: "", reason: "has bytes behind its last field") }
    }

    private func fault(_ reason: String) -> LineFault { LineFault(field: field, reason: reason) }

    private mutating func fields(_ fields: [LayoutField]) throws(LineFault) {
        var isFirst = true
        for field in fields {
            if !isFirst { output.append(UInt8(ascii: ",")) }
            isFirst = false
            self.field = field.name
            try value(field)
        }
    }

    /// The label and the value.
    private mutating func value(_ field: LayoutField) throws(LineFault) {
        switch field.type {
        case .bytes(let length):
            let slice = try slice(length)
            let isText = JSONText.isText(slice)
            output.append(isText ? field.label : field.label64)
            if isText { output.write(text: slice) } else { output.write(base64: slice) }
        case .embedded(let length, let layout):
            let slice = try slice(length)
            let start = output.count
            output.append(field.label)
            output.append(UInt8(ascii: "{"))
            do throws(LineFault) {
                try Self.write(slice, layout, to: output, keyNumbers: keyNumbers)
                output.append(UInt8(ascii: "}"))
            } catch {
                output.cut(to: start)
                output.append(field.label64)
                output.write(base64: slice)
            }
        default:
            output.append(field.label)
            try value(field.type)
        }
    }

    private mutating func value(_ type: LayoutType) throws(LineFault) {
        switch type {
        case .bool: output.write(try flag())
        case .u8: output.write(UInt64(try integer(UInt8.self)))
        case .u16: output.write(UInt64(try integer(UInt16.self)))
        case .u32: output.write(UInt64(try integer(UInt32.self)))
        case .u64: output.write(try integer(UInt64.self))
        case .i64: output.write(Int64(bitPattern: try integer(UInt64.self)))
        case .hashKey:
            guard let number = keyNumbers[try integer(UInt32.self)] else { throw fault("names a key that the keyring does not have") }
            output.write(UInt64(number))
        case .word(let words):
            let code = try integer(UInt8.self)
            guard let word = words.first(where: { $0.code == code }) else { throw fault("has a code without a meaning") }
            output.write(text: word.word)
        case .text(let length):
            let slice = try slice(length)
            guard JSONText.isUTF8(slice) else { throw fault("is not UTF-8") }
            output.write(text: slice)
        case .binary(let length): output.write(base64: try slice(length))
        case .list(let length, let element):
            output.append(UInt8(ascii: "["))
            for index in 0..<(try count(length)) {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                try value(element)
            }
            output.append(UInt8(ascii: "]"))
        case .map(let length): try map(length)
        case .optional(let type): if try flag() { try value(type) } else { output.append("null") }
        case .record(let fields):
            output.append(UInt8(ascii: "{"))
            try self.fields(fields)
            output.append(UInt8(ascii: "}"))
        case .cases(let cases):
            let code = try integer(UInt8.self)
            guard let chosen = cases.first(where: { $0.code == code }) else { throw fault("has a code without a meaning") }
            output.append(UInt8(ascii: "{"))
            if chosen.isEmpty {
                output.append(chosen.field.label)
                output.write(true)
            } else {
                try value(chosen.field)
            }
            output.append(UInt8(ascii: "}"))
        case .bytes, .embedded: throw fault("stands where it has no name")
        }
    }

    private mutating func map(_ length: LayoutLength) throws(LineFault) {
        output.append(UInt8(ascii: "{"))
        var keys: Set<[UInt8]> = []
        for index in 0..<(try count(length)) {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            let key = try slice(.u16)
            let text = try slice(.u16)
            guard JSONText.isUTF8(key), JSONText.isUTF8(text) else { throw fault("is not UTF-8") }
            guard keys.insert(Array(key)).inserted else { throw fault("has a key twice") }
            output.write(text: key)
            output.append(UInt8(ascii: ":"))
            output.write(text: text)
        }
        output.append(UInt8(ascii: "}"))
    }

    // MARK: Bytes

    private mutating func integer<T: FixedWidthInteger>(_ type: T.Type) throws(LineFault) -> T {
        guard bytes.count - position >= MemoryLayout<T>.size else { throw fault("is cut off") }
        defer { position += MemoryLayout<T>.size }
        let value = bytes.loadUnaligned(fromByteOffset: position, as: T.self)
        return isLittleEndian ? T(littleEndian: value) : T(bigEndian: value)
    }

    private mutating func flag() throws(LineFault) -> Bool {
        switch try integer(UInt8.self) {
        case 0: return false
        case 1: return true
        default: throw fault("is neither true nor false")
        }
    }

    private mutating func count(_ length: LayoutLength) throws(LineFault) -> Int {
        let count = switch length {
        case .u16: Int(try integer(UInt16.self))
        case .u32: Int(try integer(UInt32.self))
        case .fixed(let count): count
        case .rest: bytes.count - position
        }
        // No element is shorter than a byte.
        guard count <= bytes.count - position else { throw fault("is cut off") }
        return count
    }

    private mutating func slice(_ length: LayoutLength) throws(LineFault) -> UnsafeRawBufferPointer {
        let count = try count(length)
        defer { position += count }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<(position + count)])
    }
}
