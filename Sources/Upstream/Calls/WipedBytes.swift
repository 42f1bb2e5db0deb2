import CofferStore
import Glibc

/// Bytes that grow, of secrets under construction or on arrival: wiped when they move and when they go.
final class WipedBytes {
    private var storage: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(capacity: Int = 256) {
        storage = .allocate(byteCount: max(capacity, 16), alignment: 16)
    }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: storage[..<count]) }

    func append(_ byte: UInt8) {
        reserve(1)
        storage[count] = byte
        count += 1
    }

    func append(_ more: UnsafeRawBufferPointer) {
        reserve(more.count)
        UnsafeMutableRawBufferPointer(rebasing: storage[count..<(count + more.count)]).copyMemory(from: more)
        count += more.count
    }

    func append(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    func append(_ bytes: some Collection<UInt8>) {
        for byte in bytes { append(byte) }
    }

    func sealed() -> SecretBuffer { SecretBuffer(copying: bytes) }

    private func reserve(_ more: Int) {
        guard storage.count - count < more else { return }
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: max(storage.count * 2, count + more), alignment: 16)
        larger.copyMemory(from: bytes)
        release()
        storage = larger
    }

    private func release() {
        if let start = storage.baseAddress { explicit_bzero(start, storage.count) }
        storage.deallocate()
    }

    deinit { release() }
}
