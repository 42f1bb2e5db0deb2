import CSodium
import Glibc

/// Why a line is refused: never with anything of its content.
struct LineFault: Error, Equatable {
    /// Empty: the line as a whole.
    var field: String
    var reason: String
    var code = StoreError.Code.damaged
}

/// Reads one line of a backup from front to back. As the writer has one way to write each thing, the reader takes only that.
struct LineParser {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    /// What is being read, for the error.
    private(set) var field = ""

    /// - Parameter bytes: a line without its end; valid UTF-8.
    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    func fault(_ reason: String) -> LineFault { LineFault(field: field, reason: reason) }

    // MARK: Punctuation and names

    /// Takes `text` where it is what follows.
    @inline(__always)
    mutating func takes(_ text: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count - position >= text.count, let base = bytes.baseAddress, let other = text.baseAddress,
            memcmp(base + position, other, text.count) == 0
        else { return false }
        position += text.count
        return true
    }

    @inline(__always)
    mutating func takes(_ text: StaticString) -> Bool {
        takes(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    @inline(__always)
    mutating func takes(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    /// - Parameters:
    ///   - text: with its punctuation, as the writer writes it.
    ///   - name: of the field that it begins.
    mutating func expect(_ text: StaticString, _ name: String) throws(LineFault) {
        field = name
        guard takes(text) else { throw fault("is not where it belongs") }
    }

    mutating func expect(_ text: [UInt8], _ name: String) throws(LineFault) {
        field = name
        guard text.withUnsafeBytes({ takes($0) }) else { throw fault("is not where it belongs") }
    }

    mutating func expect(_ byte: UInt8) throws(LineFault) {
        guard takes(byte) else { throw fault("is not followed by what belongs there") }
    }

    /// For an error about what has no fixed name.
    mutating func enter(_ name: String) { field = name }

    func finish() throws(LineFault) {
        guard position == bytes.count else { throw LineFault(field: "", reason: "something stands behind its end") }
    }

    // MARK: Numbers

    mutating func bool() throws(LineFault) -> Bool {
        if takes("true") { return true }
        if takes("false") { return false }
        throw fault("is neither true nor false")
    }

    mutating func u64() throws(LineFault) -> UInt64 {
        let isQuoted = takes(UInt8(ascii: "\""))
        let value = try digits()
        guard isQuoted == (value > LineBuffer.largestNumber) else { throw fault("is a number where it must be text, or the reverse") }
        if isQuoted { try expect(UInt8(ascii: "\"")) }
        return value
    }

    mutating func i64() throws(LineFault) -> Int64 {
        let isQuoted = takes(UInt8(ascii: "\""))
        let isNegative = takes(UInt8(ascii: "-"))
        let magnitude = try digits()
        guard isQuoted == (magnitude > LineBuffer.largestNumber) else { throw fault("is a number where it must be text, or the reverse") }
        if isQuoted { try expect(UInt8(ascii: "\"")) }
        if isNegative {
            // There is one zero.
            guard magnitude > 0, magnitude <= Int64.min.magnitude else { throw fault("is out of range") }
            return Int64(truncatingIfNeeded: 0 &- magnitude)
        }
        guard let value = Int64(exactly: magnitude) else { throw fault("is out of range") }
        return value
    }

    mutating func integer<T: FixedWidthInteger & UnsignedInteger>(_ type: T.Type) throws(LineFault) -> T {
        guard let value = T(exactly: try u64()) else { throw fault("is out of range") }
        return value
    }

    private mutating func digits() throws(LineFault) -> UInt64 {
        let start = position
        var value: UInt64 = 0
        while position < bytes.count, case let digit = bytes[position] &- UInt8(ascii: "0"), digit < 10 {
            let (product, over) = value.multipliedReportingOverflow(by: 10)
            let (sum, again) = product.addingReportingOverflow(UInt64(digit))
            guard !over, !again else { throw fault("is out of range") }
            value = sum
            position += 1
        }
        guard position > start else { throw fault("is not a whole number") }
        guard position - start == 1 || bytes[start] != UInt8(ascii: "0") else { throw fault("begins with a zero") }
        return value
    }

    // MARK: Text

    /// A string as it stands in the line, escapes included.
    struct Text {
        var raw: UnsafeRawBufferPointer
        /// Bytes that it stands for.
        var count: Int

        /// - Parameter output: has room for ``count`` bytes.
        func copy(to output: UnsafeMutableRawPointer) {
            guard let base = raw.baseAddress, count > 0 else { return }
            if count == raw.count { return output.copyMemory(from: base, byteCount: count) }
            var (from, to) = (0, 0)
            while from < raw.count, to < count {
                var byte = raw[from]
                from += 1
                if byte == UInt8(ascii: "\\") {
                    let letter = raw[from]
                    if let plain = JSONText.byte(for: letter) {
                        byte = plain
                        from += 1
                    } else {
                        byte = (JSONText.hexValue(raw[from + 3]) ?? 0) << 4 | (JSONText.hexValue(raw[from + 4]) ?? 0)
                        from += 5
                    }
                }
                output.storeBytes(of: byte, toByteOffset: to, as: UInt8.self)
                to += 1
            }
        }

        /// For what is no secret.
        var array: [UInt8] {
            [UInt8](unsafeUninitializedCapacity: max(count, 1)) { output, initialized in
                if let base = output.baseAddress { copy(to: base) }
                initialized = count
            }
        }

        var secret: SecretBuffer { SecretBuffer(count: count) { if let base = $0.baseAddress { copy(to: base) } } }
    }

    mutating func text() throws(LineFault) -> Text {
        guard takes(UInt8(ascii: "\"")) else { throw fault("is not text") }
        let start = position
        var saved = 0
        while true {
            position = JSONText.endOfPlain(bytes, from: position)
            guard position < bytes.count else { throw fault("does not end") }
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                defer { position += 1 }
                return Text(raw: UnsafeRawBufferPointer(rebasing: bytes[start..<position]), count: position - start - saved)
            } else if byte == UInt8(ascii: "\\") {
                saved += try escape() - 1
            } else {
                throw fault("has a control character that is not escaped")
            }
        }
    }

    /// - Returns: the bytes that the escape takes.
    private mutating func escape() throws(LineFault) -> Int {
        let rest = bytes.count - position
        guard rest >= 2 else { throw fault("does not end") }
        if JSONText.byte(for: bytes[position + 1]) != nil {
            position += 2
            return 2
        }
        let zero = UInt8(ascii: "0")
        guard rest >= 6, bytes[position + 1] == UInt8(ascii: "u"), bytes[position + 2] == zero, bytes[position + 3] == zero,
            let high = JSONText.hexValue(bytes[position + 4]), let low = JSONText.hexValue(bytes[position + 5]),
            high < 2, JSONText.letter(for: high << 4 | low) == nil
        else { throw fault("has an escape that is not needed") }
        position += 6
        return 6
    }

    /// Base64 of at most `limit` bytes.
    mutating func base64(limit: Int = BackupLineReader.largestLine) throws(LineFault) -> SecretBuffer {
        let text = try text()
        // libsodium takes some bytes beyond ASCII for letters.
        guard text.count == text.raw.count, text.count % 4 == 0, text.count / 4 * 3 <= limit + 2, text.raw.allSatisfy({ $0 < 0x80 }) else {
            throw fault("is not base64")
        }
        var isValid = false
        let padding = text.raw.suffix(2).count { $0 == UInt8(ascii: "=") }
        let size = text.count / 4 * 3 - padding
        let decoded = SecretBuffer(count: max(size, 0)) { output in isValid = Self.decode(text.raw, to: output) }
        guard isValid, decoded.count <= limit else { throw fault("is not base64") }
        return decoded
    }

    /// - Returns: whether the letters stand for exactly as many bytes as `output` has.
    private static func decode(_ letters: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer) -> Bool {
        // The last ones, which may be padded, are left to libsodium.
        let groups = max(letters.count - 1, 0) / 8
        for group in 0..<groups {
            let word = UInt64(bigEndian: letters.loadUnaligned(fromByteOffset: group * 8, as: UInt64.self))
            guard let bytes = Base64Words.bytes(word), output.count >= group * 6 + 6 else { return false }
            output.storeBytes(of: UInt32(truncatingIfNeeded: bytes >> 16).bigEndian, toByteOffset: group * 6, as: UInt32.self)
            output.storeBytes(of: UInt16(truncatingIfNeeded: bytes).bigEndian, toByteOffset: group * 6 + 4, as: UInt16.self)
        }
        let rest = UnsafeRawBufferPointer(rebasing: letters[(groups * 8)...])
        let room = UnsafeMutableRawBufferPointer(rebasing: output[min(groups * 6, output.count)...])
        var length = 0
        let status = sodium_base642bin(
            room.octets, room.count, UnsafeRawPointer(rest.octets).assumingMemoryBound(to: CChar.self), rest.count, nil, &length, nil,
            Int32(sodium_base64_VARIANT_ORIGINAL))
        return status == 0 && length == room.count
    }

    /// Lower-case hex of exactly so many bytes.
    mutating func hex(_ count: Int) throws(LineFault) -> [UInt8] {
        let text = try text()
        guard text.count == count * 2, text.raw.count == text.count else { throw fault("does not have \(count * 2) hex digits") }
        var result: [UInt8] = []
        for index in stride(from: 0, to: text.count, by: 2) {
            guard let high = JSONText.hexValue(text.raw[index]), let low = JSONText.hexValue(text.raw[index + 1]) else {
                throw fault("is not hex")
            }
            result.append(high << 4 | low)
        }
        return result
    }
}
