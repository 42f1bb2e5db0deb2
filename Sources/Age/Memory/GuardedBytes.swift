import CSodium
import Glibc

/// Key material: in libsodium's guarded heap (guard pages on both sides, locked where the kernel allows it, kept out of core
/// dumps), read-only once filled, wiped when released.
///
/// Sendable because nobody can write after `init`.
final class GuardedBytes: @unchecked Sendable {
    private let pointer: UnsafeMutableRawPointer
    let count: Int

    /// Allocates `count` bytes and lets `fill` write them.
    /// - Throws: `system` where guarded memory cannot be had.
    init(count: Int, fill: (UnsafeMutableRawBufferPointer) -> Void) throws(AgeError) {
        try Sodium.initialise()
        guard let pointer = sodium_malloc(count) else {
            throw AgeError(.system, "no guarded memory for a key: \(String(cString: strerror(errno)))")
        }
        self.pointer = pointer
        self.count = count
        fill(UnsafeMutableRawBufferPointer(start: pointer, count: count))
        sodium_mprotect_readonly(pointer)
    }

    static func random(count: Int) throws(AgeError) -> GuardedBytes {
        try GuardedBytes(count: count) { if let base = $0.baseAddress { randombytes_buf(base, $0.count) } }
    }

    /// The bytes; the pointer must not outlive this object.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: pointer, count: count) }

    var octets: UnsafePointer<UInt8> { UnsafePointer(pointer.assumingMemoryBound(to: UInt8.self)) }

    deinit { sodium_free(pointer) }
}

enum Sodium {
    private static let started = sodium_init() >= 0

    static func initialise() throws(AgeError) {
        guard started else { throw AgeError(.system, "libsodium cannot start") }
    }

    static func random(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { output, initialized in
            guard let base = output.baseAddress else { return }
            randombytes_buf(base, count)
            initialized = count
        }
    }
}
