import CSodium

/// Plaintext on its way through a backup: grows, keeps its memory for the next line, and wipes what it leaves behind.
final class LineBuffer {
    private var base: UnsafeMutableRawPointer
    private var capacity: Int
    private(set) var count = 0

    init(capacity: Int = 4_096) {
        self.capacity = max(capacity, 64)
        base = .allocate(byteCount: self.capacity, alignment: 16)
    }

    deinit {
        sodium_memzero(base, count)
        base.deallocate()
    }

    /// Valid until the next change.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    /// Valid until the next change.
    func bytes(from start: Int) -> UnsafeRawBufferPointer {
        let start = min(start, count)
        return UnsafeRawBufferPointer(start: base + start, count: count - start)
    }

    func removeAll() { cut(to: 0) }

    /// Wipes what lies behind the first `length` bytes.
    func cut(to length: Int) {
        guard length < count else { return }
        sodium_memzero(base + length, count - length)
        count = length
    }

    /// Each has then what the other one had.
    func exchange(with other: LineBuffer) {
        swap(&base, &other.base)
        swap(&capacity, &other.capacity)
        swap(&count, &other.count)
    }

    /// Room for `more` bytes, to be written by the caller; they count at once.
    @inline(__always)
    func extend(_ more: Int) -> UnsafeMutableRawPointer {
        if capacity - count < more { grow(more) }
        defer { count += more }
        return base + count
    }

    private func grow(_ more: Int) {
        let larger = max(capacity * 2, count + more)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
        memory.copyMemory(from: base, byteCount: count)
        sodium_memzero(base, count)
        base.deallocate()
        base = memory
        capacity = larger
    }

    @inline(__always)
    func append(_ byte: UInt8) { extend(1).storeBytes(of: byte, as: UInt8.self) }

    @inline(__always)
    func append(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
        extend(bytes.count).copyMemory(from: start, byteCount: bytes.count)
    }

    @inline(__always)
    func append(_ text: StaticString) {
        extend(text.utf8CodeUnitCount).copyMemory(from: text.utf8Start, byteCount: text.utf8CodeUnitCount)
    }

    func append(_ bytes: [UInt8]) { bytes.withUnsafeBytes { append($0) } }

    /// As it stands in a document.
    @inline(__always)
    func append(integer value: some FixedWidthInteger, littleEndian: Bool) {
        withUnsafeBytes(of: littleEndian ? value.littleEndian : value.bigEndian) { append($0) }
    }

    /// Writes over what is there already; for counts that are known only behind what they count.
    func overwrite(at offset: Int, with bytes: UnsafeRawBufferPointer) {
        guard offset >= 0, offset + bytes.count <= count, let start = bytes.baseAddress else { return }
        (base + offset).copyMemory(from: start, byteCount: bytes.count)
    }
}
