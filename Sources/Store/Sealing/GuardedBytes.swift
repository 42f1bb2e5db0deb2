import CSodium
import Glibc

/// Key material: in libsodium's guarded heap (guard pages on both sides, a canary, kept out of core dumps), locked into memory
/// where the kernel allows it, read-only once filled, wiped when released.
///
/// Sendable because nobody can write after `init`.
final class GuardedBytes: @unchecked Sendable {
    private let pointer: UnsafeMutableRawPointer
    let count: Int
    /// Whether the kernel keeps these pages out of swap. `sodium_malloc` hides a failed lock, so it is asked for again here.
    let isLocked: Bool

    /// Allocates `count` bytes and lets `fill` write them.
    /// - Throws: `system` when guarded memory cannot be had.
    init(count: Int, fill: (UnsafeMutableRawBufferPointer) -> Void) throws(StoreError) {
        try Sodium.initialise()
        guard let pointer = sodium_malloc(count) else {
            throw StoreError(.system, "no guarded memory for a key: \(String(cString: strerror(errno)))")
        }
        self.pointer = pointer
        self.count = count
        isLocked = sodium_mlock(pointer, count) == 0
        fill(UnsafeMutableRawBufferPointer(start: pointer, count: count))
        sodium_mprotect_readonly(pointer)
    }

    convenience init(copying bytes: UnsafeRawBufferPointer) throws(StoreError) {
        try self.init(count: bytes.count) { $0.copyMemory(from: bytes) }
    }

    static func random(count: Int) throws(StoreError) -> GuardedBytes {
        try GuardedBytes(count: count) { output in
            if let base = output.baseAddress { randombytes_buf(base, output.count) }
        }
    }

    /// The bytes; the pointer must not outlive this object. Never of an object that has no name: `make().bytes` points nowhere.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: pointer, count: count) }

    var base: UnsafePointer<UInt8> { UnsafePointer(pointer.assumingMemoryBound(to: UInt8.self)) }

    /// Compares in constant time (the lengths are not secret).
    func isEqual(to other: GuardedBytes) -> Bool {
        guard count == other.count else { return false }
        return withExtendedLifetime((self, other)) { sodium_memcmp(pointer, other.pointer, count) == 0 }
    }

    deinit {
        // sodium_free makes the pages writable, wipes and unlocks them.
        sodium_free(pointer)
    }
}

/// libsodium, started once for the process.
enum Sodium {
    private static let started: StoreError? = {
        guard sodium_init() >= 0 else { return StoreError(.system, "libsodium cannot start") }
        // A random source that repeats itself would repeat nonces: two draws that are equal, or constant, end here.
        var first = [UInt8](repeating: 0, count: 32)
        var second = [UInt8](repeating: 0, count: 32)
        randombytes_buf(&first, 32)
        randombytes_buf(&second, 32)
        guard first != second, Set(first).count > 1, Set(second).count > 1 else {
            return StoreError(.system, "the random source returns constants")
        }
        return nil
    }()

    static func initialise() throws(StoreError) {
        if let error = started { throw error }
    }
}
