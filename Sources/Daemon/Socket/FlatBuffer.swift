import CSodium

/// Bytes on their way in or out: one flat piece of memory that is read at the front and written at the back.
///
/// Whatever leaves it is wiped: values pass through here in the clear. It grows when it must and is kept then; a buffer that grew large
/// gives its memory back when it is empty. Used by one thread.
final class FlatBuffer {
    private(set) var base: UnsafeMutableRawPointer
    private(set) var capacity: Int
    private(set) var start = 0
    private(set) var end = 0
    /// Up to here bytes were written at some time since the last wipe, behind `end` too.
    private var touched = 0

    /// What each one has from the beginning.
    static let usualCapacity = 16 << 10
    /// More than this is given back when it is empty.
    private let keptCapacity: Int

    init(kept: Int = 256 << 10) {
        keptCapacity = kept
        capacity = Self.usualCapacity
        base = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit {
        sodium_memzero(base, min(touched, capacity))
        base.deallocate()
    }

    var count: Int { end - start }
    var readable: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base + start, count: end - start) }

    /// Room for at least `count` bytes behind the end; write there, then ``commit(_:)``.
    @inline(__always)
    func reserve(_ count: Int, isExact: Bool = false) -> UnsafeMutableRawBufferPointer {
        if capacity - end < count { makeRoom(count, isExact) }
        return UnsafeMutableRawBufferPointer(start: base + end, count: capacity - end)
    }

    private func makeRoom(_ wanted: Int, _ isExact: Bool) {
        let held = count
        if capacity - held >= wanted && start > 0 {
            base.copyMemory(from: base + start, byteCount: held)
            sodium_memzero(base + held, max(touched, end) - held)
            touched = held
        } else {
            var larger = capacity * 2
            // A frame whose length is known needs no more than that; output grows piece by piece.
            if isExact && held + wanted > larger { larger = held + wanted }
            while larger - held < wanted { larger *= 2 }
            let fresh = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
            fresh.copyMemory(from: base + start, byteCount: held)
            sodium_memzero(base, max(touched, end))
            base.deallocate()
            base = fresh
            capacity = larger
            touched = held
        }
        start = 0
        end = held
    }

    /// `count` bytes were written behind the end; `scribbled` more behind them are of no use but may be secret.
    @inline(__always)
    func commit(_ count: Int, scribbled: Int = 0) {
        end += count
        if end + scribbled > touched { touched = end + scribbled }
    }

    func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress else { return }
        reserve(bytes.count).baseAddress?.copyMemory(from: source, byteCount: bytes.count)
        commit(bytes.count)
    }

    func append(_ bytes: [UInt8]) { bytes.withUnsafeBytes { append($0) } }

    /// The first `count` bytes are done with. When nothing is left all is wiped and begins anew.
    @inline(__always)
    func consume(_ count: Int) {
        start += count
        if start == end { empty() }
    }

    private func empty() {
        sodium_memzero(base, touched)
        start = 0
        end = 0
        touched = 0
        if capacity > keptCapacity {
            base.deallocate()
            capacity = Self.usualCapacity
            base = .allocate(byteCount: capacity, alignment: 16)
        }
    }
}
