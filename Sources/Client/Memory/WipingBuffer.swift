/// A queue of bytes that may hold secrets: appended at the end, consumed at the front, wiped behind itself.
///
/// What is consumed is overwritten at once, what is left when the buffer goes too. A buffer that grows copies into
/// new memory and wipes the old. Not safe for concurrent use: its owner has the lock.
final class WipingBuffer {
    /// Memory above this is given back when the buffer runs empty.
    static let keptCapacity = 256 * 1_024

    private var block = SecretMemory.Block.empty
    private var start = 0
    private var end = 0

    init() {}
    deinit { SecretMemory.free(block) }

    var count: Int { end - start }
    var isEmpty: Bool { start == end }
    var capacity: Int { block.bytes.count }

    /// The bytes in the queue. Valid until the next change.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: block.bytes[start..<end]) }

    /// Appends a copy.
    func append(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count > 0 else { return }
        reserve(bytes.count)
        UnsafeMutableRawBufferPointer(rebasing: block.bytes[end..<(end + bytes.count)]).copyMemory(from: bytes)
        end += bytes.count
    }

    func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { append($0) }
    }

    /// Room for at least `count` bytes behind the last one, for a system call to write into.
    /// ``commit(_:)`` then tells how many it wrote.
    func space(_ count: Int) -> UnsafeMutableRawBufferPointer {
        reserve(count)
        return UnsafeMutableRawBufferPointer(rebasing: block.bytes[end...])
    }

    func commit(_ count: Int) {
        end += min(max(0, count), block.bytes.count - end)
    }

    /// Drops and wipes the first `count` bytes.
    func consume(_ count: Int) {
        let count = min(max(0, count), self.count)
        SecretMemory.wipe(UnsafeMutableRawBufferPointer(rebasing: block.bytes[start..<(start + count)]))
        start += count
        guard start == end else { return }
        start = 0
        end = 0
        if capacity > Self.keptCapacity {
            SecretMemory.free(block)
            block = .empty
        }
    }

    private func reserve(_ more: Int) {
        guard block.bytes.count - end < more else { return }
        let held = count
        if start > 0, start >= held, block.bytes.count - held >= more {
            // The front half is free: move down instead of growing, then wipe what was moved away from.
            block.bytes.copyMemory(from: bytes)
            SecretMemory.wipe(UnsafeMutableRawBufferPointer(rebasing: block.bytes[held..<end]))
        } else {
            let grown = SecretMemory.allocate(max(2_048, held + more, held + held / 2))
            grown.bytes.copyMemory(from: bytes)
            SecretMemory.free(block)
            block = grown
        }
        start = 0
        end = held
    }
}
