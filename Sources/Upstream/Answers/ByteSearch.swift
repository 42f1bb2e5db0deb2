import Glibc

enum ByteSearch {
    static func contains(_ text: UnsafeRawBufferPointer, _ part: [UInt8]) -> Bool {
        guard let first = part.first else { return true }
        var rest = text[...]
        while let start = rest.firstIndex(of: first) {
            if text.count - start < part.count { return false }
            if text[start..<(start + part.count)].elementsEqual(part) { return true }
            rest = text[(start + 1)...]
        }
        return false
    }

    /// Marks all that text and value have in common over at least `length` bytes; `length` is 8 or more. In linear time: a
    /// token may have 64 KiB.
    static func mark(_ value: UnsafeRawBufferPointer, _ length: Int, in text: [UInt8], _ marks: inout [Bool]) {
        guard length >= 8, text.count >= length, value.count >= length else { return }
        text.withUnsafeBytes { text in
            var places: [UInt64: [Int]] = [:]
            for start in 0...(text.count - length) {
                places[text.loadUnaligned(fromByteOffset: start, as: UInt64.self), default: []].append(start)
            }
            for offset in 0...(value.count - length) {
                let key = value.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                for start in places[key] ?? [] where text[start..<(start + length)].elementsEqual(value[offset..<(offset + length)]) {
                    for index in start..<(start + length) { marks[index] = true }
                }
            }
        }
    }
}
