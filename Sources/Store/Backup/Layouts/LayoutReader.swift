/// Makes stored bytes of the JSON that ``LayoutWriter`` wrote.
struct LayoutReader {
    private let output: LineBuffer
    private let isLittleEndian: Bool
    /// What stands for the file's hash keys in the bytes.
    private let keyIDs: [UInt32: UInt32]

    /// Reads the fields without the braces around them.
    static func read(
        _ parser: inout LineParser, _ layout: Layout, to output: LineBuffer, keyIDs: [UInt32: UInt32] = [:]
    ) throws(LineFault) {
        output.append(layout.prefix)
        let reader = LayoutReader(output: output, isLittleEndian: layout.isLittleEndian, keyIDs: keyIDs)
        try reader.fields(layout.fields, &parser)
    }

    private func fields(_ fields: [LayoutField], _ parser: inout LineParser) throws(LineFault) {
        var isFirst = true
        for field in fields {
            parser.enter(field.name)
            guard isFirst || parser.takes(UInt8(ascii: ",")) else { throw parser.fault("is not where it belongs") }
            isFirst = false
            try value(field, &parser)
        }
    }

    private func value(_ field: LayoutField, _ parser: inout LineParser) throws(LineFault) {
        switch field.type {
        case .bytes(let length):
            if field.label64.withUnsafeBytes({ parser.takes($0) }) {
                let bytes = try parser.base64()
                defer { withExtendedLifetime(bytes) {} }
                guard !JSONText.isText(bytes.bytes) else { throw parser.fault("is base64 where it must be text") }
                try put(bytes.bytes, length, parser)
            } else {
                try parser.expect(field.label, field.name)
                let start = try begin(length)
                let text = try parser.text()
                text.copy(to: output.extend(text.count))
                guard JSONText.isText(output.bytes(from: output.count - text.count)) else { throw parser.fault("is text where it must be base64") }
                try end(length, start, text.count, parser)
            }
        case .embedded(let length, let layout): try embedded(field, length, layout, &parser)
        default:
            try parser.expect(field.label, field.name)
            try value(field.type, &parser)
        }
    }

    private func value(_ type: LayoutType, _ parser: inout LineParser) throws(LineFault) {
        switch type {
        case .bool: put(UInt8(try parser.bool() ? 1 : 0))
        case .u8: put(try parser.integer(UInt8.self))
        case .u16: put(try parser.integer(UInt16.self))
        case .u32: put(try parser.integer(UInt32.self))
        case .u64: put(try parser.u64())
        case .i64: put(UInt64(bitPattern: try parser.i64()))
        case .hashKey:
            guard let id = keyIDs[try parser.integer(UInt32.self)] else { throw parser.fault("names a key that did not come before") }
            put(id)
        case .word(let words):
            let text = try parser.text()
            guard text.raw.count == text.count, let word = words.first(where: { text.raw.elementsEqual($0.word.utf8) }) else {
                throw parser.fault("is a word that this version does not know")
            }
            put(word.code)
        case .text(let length):
            let start = try begin(length)
            let text = try parser.text()
            text.copy(to: output.extend(text.count))
            try end(length, start, text.count, parser)
        case .binary(let length):
            let bytes = try parser.base64()
            defer { withExtendedLifetime(bytes) {} }
            try put(bytes.bytes, length, parser)
        case .list(let length, let element):
            try parser.expect(UInt8(ascii: "["))
            let start = try begin(length)
            var count = 0
            while !parser.takes(UInt8(ascii: "]")) {
                if count > 0 { try parser.expect(UInt8(ascii: ",")) }
                try value(element, &parser)
                count += 1
            }
            try end(length, start, count, parser)
        case .map(let length): try map(length, &parser)
        case .optional(let type):
            if parser.takes("null") { return put(UInt8(0)) }
            put(UInt8(1))
            try value(type, &parser)
        case .record(let fields):
            try parser.expect(UInt8(ascii: "{"))
            try self.fields(fields, &parser)
            try parser.expect(UInt8(ascii: "}"))
        case .cases(let cases): try chosen(cases, &parser)
        case .bytes, .embedded: throw parser.fault("stands where it has no name")
        }
    }

    private func chosen(_ cases: [LayoutCase], _ parser: inout LineParser) throws(LineFault) {
        try parser.expect(UInt8(ascii: "{"))
        for one in cases {
            if one.isEmpty {
                guard one.field.label.withUnsafeBytes({ parser.takes($0) }) else { continue }
                guard parser.takes("true") else { throw parser.fault("is not true") }
                put(one.code)
                return try parser.expect(UInt8(ascii: "}"))
            }
            var ahead = parser
            guard one.field.label.withUnsafeBytes({ ahead.takes($0) }) else { continue }
            put(one.code)
            try value(one.field, &parser)
            return try parser.expect(UInt8(ascii: "}"))
        }
        throw parser.fault("is a case that this version does not know")
    }

    private func map(_ length: LayoutLength, _ parser: inout LineParser) throws(LineFault) {
        try parser.expect(UInt8(ascii: "{"))
        let start = try begin(length)
        var keys: Set<[UInt8]> = []
        while !parser.takes(UInt8(ascii: "}")) {
            if !keys.isEmpty { try parser.expect(UInt8(ascii: ",")) }
            let key = try parser.text()
            guard keys.insert(key.array).inserted else { throw parser.fault("has a key twice") }
            try put(key, parser)
            try parser.expect(UInt8(ascii: ":"))
            try put(try parser.text(), parser)
        }
        try end(length, start, keys.count, parser)
    }

    private func put(_ text: LineParser.Text, _ parser: LineParser) throws(LineFault) {
        let start = try begin(.u16)
        text.copy(to: output.extend(text.count))
        try end(.u16, start, text.count, parser)
    }

    /// What fits the layout must be written by it: there is one way to write each thing.
    private func embedded(
        _ field: LayoutField, _ length: LayoutLength, _ layout: Layout, _ parser: inout LineParser
    ) throws(LineFault) {
        if field.label64.withUnsafeBytes({ parser.takes($0) }) {
            let bytes = try parser.base64()
            defer { withExtendedLifetime(bytes) {} }
            let trial = LineBuffer()
            let fits = (try? LayoutWriter.write(bytes.bytes, layout, to: trial)) != nil
            guard !fits else { throw parser.fault("is base64 where it must be fields") }
            return try put(bytes.bytes, length, parser)
        }
        try parser.expect(field.label, field.name)
        try parser.expect(UInt8(ascii: "{"))
        let start = try begin(length)
        let from = output.count
        try Self.read(&parser, layout, to: output, keyIDs: keyIDs)
        try parser.expect(UInt8(ascii: "}"))
        try end(length, start, output.count - from, parser)
    }

    // MARK: Bytes

    private func put(_ value: some FixedWidthInteger) { output.append(integer: value, littleEndian: isLittleEndian) }

    private func put(_ bytes: UnsafeRawBufferPointer, _ length: LayoutLength, _ parser: LineParser) throws(LineFault) {
        let start = try begin(length)
        output.append(bytes)
        try end(length, start, bytes.count, parser)
    }

    /// Leaves room for a length or count that is not known yet.
    private func begin(_ length: LayoutLength) throws(LineFault) -> Int {
        let start = output.count
        switch length {
        case .u16: put(UInt16(0))
        case .u32: put(UInt32(0))
        case .fixed, .rest: break
        }
        return start
    }

    private func end(_ length: LayoutLength, _ start: Int, _ count: Int, _ parser: LineParser) throws(LineFault) {
        func patch(_ value: some FixedWidthInteger) {
            withUnsafeBytes(of: isLittleEndian ? value.littleEndian : value.bigEndian) { output.overwrite(at: start, with: $0) }
        }
        switch length {
        case .u16:
            guard let count = UInt16(exactly: count) else { throw parser.fault("is too long") }
            patch(count)
        case .u32:
            guard let count = UInt32(exactly: count) else { throw parser.fault("is too long") }
            patch(count)
        case .fixed(let expected): guard count == expected else { throw parser.fault("does not have \(expected) bytes") }
        case .rest: break
        }
    }
}
