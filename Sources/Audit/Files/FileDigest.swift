import CSodium
import CofferStore
import Glibc

/// What lies in a file from an offset on, told by 32 bytes.
enum FileDigest {
    private static let size = 32
    private static let pieceSize = 64 << 10

    /// - Throws: `system` where it cannot be read.
    static func of(_ path: String, from start: Int, to end: Int = .max) throws(StoreError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw StoreError(.system, "cannot open \(path): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        // The state's own alignment (libsodium's documentation, "Generic hashing").
        let memory = UnsafeMutableRawPointer.allocate(byteCount: crypto_generichash_statebytes(), alignment: 64)
        defer { memory.deallocate() }
        let state = OpaquePointer(memory)
        _ = crypto_generichash_init(state, nil, 0, size)
        var piece = [UInt8](repeating: 0, count: pieceSize)
        var offset = start
        while offset < end {
            let count = pread(descriptor, &piece, min(piece.count, end - offset), off_t(offset))
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw StoreError(.system, "cannot read \(path): \(String(cString: strerror(errno)))") }
            guard count > 0 else { break }
            _ = crypto_generichash_update(state, piece, UInt64(count))
            offset += count
        }
        return [UInt8](unsafeUninitializedCapacity: size) { output, count in
            if let base = output.baseAddress { _ = crypto_generichash_final(state, base, size) }
            count = size
        }
    }
}
